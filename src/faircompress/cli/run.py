"""`faircompress run`: the flow, and what came of it in a few lines."""

import importlib
import logging
import os
import sys
import threading
import time

from faircompress.cli.ending import tell
from faircompress.orchestration.workspace import Workspace
from faircompress.support.exit_codes import ERROR
from faircompress.support.interrupts import INTERRUPTS
from faircompress.support.servers import StoreFailed, require_mlflow

PATIENCE = 15.0  # seconds in which Prefect's server may take note of the end
TELLING, CODES = threading.Lock(), dict[Workspace, int]()


def run_and_report(workspace: Workspace, reviewer: str = "", reason: str = "") -> int:
    """Run the chain; return the exit code: 0 pass, 1 fail, 2 inconclusive, 3 error.

    Args:
        workspace: Where.
        reviewer: Who agreed to limits that changed after a look at the test set.
        reason: Why they changed.
    """
    try:
        require_mlflow(os.environ.get("MLFLOW_TRACKING_URI", ""))
    except StoreFailed as error:  # at once: the rest takes seconds to load
        return _failed(str(error), workspace)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    threading.Thread(target=_warm_up, daemon=True).start()
    logging.raiseExceptions = False  # Prefect's, that its server went away
    from httpx import HTTPError
    from prefect.exceptions import PrefectException

    from faircompress.orchestration.servers import NoServer, raise_unless_prefect_answers
    from faircompress.orchestration.setup import set_up
    from flows.compress import ENDING, compress

    try:
        raise_unless_prefect_answers(named=False)
    except NoServer as error:
        return _failed(str(error), workspace)
    set_up(workspace.project)
    threading.Thread(target=_leave_late, args=(workspace,), daemon=True).start()
    try:
        name = workspace.folder.name
        compress(workspace.project, workspace.overrides, name, reviewer, reason)
    except (PrefectException, HTTPError, RuntimeError) as error:
        if not ENDING.over.is_set():
            words = "Prefect's server does not answer as it should; what was computed is kept"
            return _failed(f"{words}: {error}", workspace)
        if type(error) is not type(ENDING.error):
            print(f"Prefect's server was not told of the end: {error}", file=sys.stderr)
    return _told(workspace)


def _told(workspace: Workspace) -> int:
    """Say how the chain ended, once; return the exit code."""
    with TELLING:
        if workspace not in CODES:
            CODES[workspace] = _report_end(workspace)
        return CODES[workspace]


def _report_end(workspace: Workspace) -> int:
    from flows.compress import ENDING, GateFailed, NotRecorded, Undecided

    error = ENDING.error
    if error is None or isinstance(error, GateFailed | Undecided):
        return tell(workspace)
    if isinstance(error, StoreFailed | NotRecorded):
        return _failed(str(error), workspace)
    if isinstance(error, RuntimeError | OSError | ValueError):
        return _failed(str(error))
    raise error


def _leave_late(workspace: Workspace) -> None:
    """End the process if Prefect's server does not take note that the chain has ended."""
    from flows.compress import ENDING

    ENDING.over.wait()
    time.sleep(PATIENCE)
    late = workspace not in CODES
    code = _told(workspace)
    if late:
        print("Prefect's server does not answer: it was not told of the end.", file=sys.stderr)
    INTERRUPTS.leave(code)


def _failed(words: str, workspace: Workspace | None = None) -> int:
    """Say what was in the way, and the verdict on what lies there, if there is one."""
    from faircompress.orchestration.stage_tasks import up_to_date
    from flows.compress import CHAIN

    if workspace and "gate" in up_to_date(workspace.folder, CHAIN):
        tell(workspace)
    print(f"\n{words}", file=sys.stderr)
    return ERROR


def _warm_up() -> None:
    """Import what takes seconds while the Prefect server starts."""
    importlib.import_module("faircompress.registry.mlflow_runs")
