"""`faircompress run`: the flow, and what came of it in a few lines."""

import importlib
import os
import sys
import threading

from faircompress.exit_codes import BY_VERDICT, ERROR
from flows.workspace import Workspace


def run_and_tell(workspace: Workspace) -> int:
    """Run the chain; return the exit code: 0 pass, 1 fail, 2 inconclusive, 3 error."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    threading.Thread(target=_warm_up, daemon=True).start()
    from prefect.exceptions import PrefectException

    from flows.compress import GateFailed, Undecided, compress
    from flows.setup import set_up
    from flows.stage_tasks import DvcBusy, StageFailed

    set_up(workspace.project)
    try:
        compress(workspace.project, workspace.overrides, workspace.folder.name)
    except (GateFailed, Undecided):
        pass
    except (StageFailed, DvcBusy, PrefectException) as error:
        print(f"\n{error}", file=sys.stderr)
        return ERROR
    return tell(workspace)


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
