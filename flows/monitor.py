"""The champion on newly labelled rows: counted, held against its verdict, told; an alarm acts."""

import logging
from pathlib import Path

from prefect import flow, get_run_logger

from faircompress.monitoring.result import Watched
from faircompress.orchestration.after_alarm import Retrain, follow_up, raise_alarm, start_retraining
from faircompress.orchestration.monitor_record import keep
from faircompress.orchestration.run_log import errors_in_words
from faircompress.orchestration.watched import result
from faircompress.orchestration.watching import count, watch_of


@flow(name="monitor", flow_run_name="{project}", validate_parameters=False)
def monitor(project: Path = Path()) -> Watched:
    """Count new rows, say whether a group is served worse than at the verdict, act if so.

    Args:
        project: Folder with ``params.yaml``; its section ``monitor`` says where new rows are.

    Raises:
        NotWatched: If there is nothing to watch.
        InputError: If the table of new rows cannot be read.
    """
    errors_in_words()
    return look(project.resolve(), start_retraining)


def look(project: Path, retrain: Retrain) -> Watched:
    """Do it; an alarm ends with ``retrain``, which starts a retraining and says so."""
    watch = watch_of(project)
    watched = result(watch, count(watch))
    raise_alarm(watched, watch.folder)
    page = keep(project, watch, watched)
    log = get_run_logger()
    log.log(logging.WARNING if watched.alarms else logging.INFO, watched.sentence)
    for words in follow_up(project, watch.where, retrain):
        log.warning(words)
    log.info("The page: %s", page)
    return watched


if __name__ == "__main__":
    monitor()
