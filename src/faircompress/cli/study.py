"""`faircompress study`: the flow, and where to look."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faircompress.support.exit_codes import ERROR, PASS

if TYPE_CHECKING:
    from flows.study import Runner


def study_and_report(project: Path, file: Path, runner: "Runner", workers: int | None) -> int:
    """Run a study; return the exit code: 0 done, 3 some or all of it failed."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    from flows.study import RunsFailed, run_study

    try:
        page = run_study(project, file, runner, workers)
    except RunsFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return ERROR
    print(f"\nreport    {page}\ntables    {page.parent}/*.csv\nhistory   faircompress ui")
    return PASS
