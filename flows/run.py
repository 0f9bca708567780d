"""`faircompress run`: the flow, and what came of it in a few lines."""

import importlib
import logging
import os
import sys
import threading

from faircompress.exit_codes import BY_VERDICT, ERROR
from faircompress.servers import StoreFailed, insist_on_mlflow
from flows.workspace import Workspace


def run_and_tell(workspace: Workspace) -> int:
    """Run the chain; return the exit code: 0 pass, 1 fail, 2 inconclusive, 3 error."""
    try:
        insist_on_mlflow(os.environ.get("MLFLOW_TRACKING_URI", ""))
    except StoreFailed as error:  # at once: the rest takes seconds to load
        return _failed(str(error), workspace)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    threading.Thread(target=_warm_up, daemon=True).start()
    logging.raiseExceptions = False  # Prefect's, that its server went away
    from httpx import HTTPError
    from prefect.exceptions import PrefectException

    from flows.compress import GateFailed, NotRecorded, Undecided, compress
    from flows.servers import NoServer, insist_on_prefect
    from flows.setup import set_up
    from flows.stage_tasks import DvcBusy, StageFailed

    try:
        insist_on_prefect(named=False)
        set_up(workspace.project)
        compress(workspace.project, workspace.overrides, workspace.folder.name)
    except (GateFailed, Undecided):
        pass
    except (StageFailed, DvcBusy) as error:
        return _failed(str(error))
    except (NoServer, StoreFailed, NotRecorded) as error:
        return _failed(str(error), workspace)
    except (PrefectException, HTTPError, RuntimeError) as error:
        if type(error) is RuntimeError and "reach API" not in str(error):
            raise
        words = "Prefect's server stopped answering as it should; what was computed is kept"
        return _failed(f"{words}: {error}", workspace)
    return tell(workspace)


def _failed(words: str, workspace: Workspace | None = None) -> int:
    """Say what was in the way, and the verdict on what lies there, if there is one."""
    from flows.compress import CHAIN
    from flows.stage_tasks import up_to_date

    if workspace and "gate" in up_to_date(workspace.folder, CHAIN):
        tell(workspace)
    print(f"\n{words}", file=sys.stderr)
    return ERROR


def tell(workspace: Workspace) -> int:
    """Say what came out and what to open next."""
    from faircompress.files import read_json
    from faircompress.lines import one_line
    from faircompress.precisions import exported
    from faircompress.verdict.judge import Verdict

    verdict = Verdict.from_json(read_json(workspace.artifacts / "gate" / "verdict.json"))
    word, _, rest = one_line(verdict.sentence).partition(": ")
    print(f"\n{word.upper()}: {rest}")
    for reason in verdict.reasons[:5]:
        print(f"  - {one_line(reason)}")
    numbers, files = read_json(workspace.artifacts / "gate.json"), exported(workspace.artifacts)
    words = [f"{name} {numbers['precisions'].get(name, 'not judged')}" for name in files]
    print(
        f"\nreport    {workspace.artifacts / 'gate' / 'report.html'}"
        f"\nmodel     {files[numbers['judged']]}"
        f"\njudged    {', '.join(words)}"
        "\nhistory   make ui"
    )
    return BY_VERDICT[verdict.verdict]


def _warm_up() -> None:
    """Import what takes seconds while the Prefect server starts."""
    importlib.import_module("faircompress.tracking")
