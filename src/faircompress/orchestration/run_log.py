"""What a run's log says of an error. Prefect adds 70 lines of its own code below a sentence."""

import logging
import os

from faircompress.support.errors import FaircompressError

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine")
SAID_BEFORE = "exited with unexpected exception"  # the run's state is logged before it


def errors_in_words() -> None:
    """Log an error of ours by its words, a verdict that is no pass likewise; others as they are.

    With ``FAIRCOMPRESS_DEBUG=1`` in the environment the log stays as Prefect has it.
    """
    if os.environ.get("FAIRCOMPRESS_DEBUG"):
        return
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_in_words)  # the same one is added once


def _in_words(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, FaircompressError):
        return True
    record.exc_info = record.exc_text = None
    return SAID_BEFORE not in record.getMessage()
