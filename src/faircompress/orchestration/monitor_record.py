"""What a look at the champion leaves: a page, its numbers, and a run of MLflow for each version."""

from pathlib import Path

from faircompress.monitoring.page import page
from faircompress.monitoring.result import Watched, as_json, metrics
from faircompress.orchestration.watching import FOLDER, Watch
from faircompress.registry import mlflow_runs
from faircompress.support.files import write_json, write_text
from faircompress.support.servers import StoreFailed

TOLD = "moments"  # tag: how many of them MLflow knows


def keep(project: Path, watch: Watch, watched: Watched) -> Path:
    """Write page and numbers, and bring MLflow up to date; return the page.

    A store that does not answer is named on the terminal; the next look tells it everything.
    """
    found = project / FOLDER / "index.html"
    write_json(watch.folder / "watched.json", as_json(watched))
    write_text(watch.folder / "index.html", page(watched))
    write_text(found, page(watched))
    try:
        _tell_mlflow(watch, watched, found)
    except StoreFailed as error:
        print(f"MLflow was not told: {error}")
    return found


def _tell_mlflow(watch: Watch, watched: Watched, found: Path) -> None:
    store, experiment = watch.where.store, watch.where.model
    tags = {"stage": "monitor", "monitor.version": watched.version}
    run_id = mlflow_runs.find(store, experiment, tags)
    if run_id is None:
        run_id = mlflow_runs.begin(store, experiment, "monitor", tags)
    known = store.client.get_run(run_id).data.tags.get(TOLD, "0")
    events = [
        {"metrics": metrics(watched, moment), "step": moment}
        for moment in watched.labelled
        if moment > int(known)
    ]
    mlflow_runs.log_numbers(store, run_id, events)
    last = max(watched.labelled, default=0)
    rates = {
        f"{p.metric}/{p.group}": {"rate": p.rate, "lower": p.lower, "upper": p.upper}
        for p in watched.processes
        if p.rate is not None
    }
    mlflow_runs.log_numbers(store, run_id, [{"metrics": rates, "step": last}])
    mlflow_runs.log_files(store, run_id, [found], "monitor")
    mlflow_runs.log_tags(store, run_id, {TOLD: str(last), "sentence": watched.sentence})
    mlflow_runs.end(store, run_id, "FINISHED")
