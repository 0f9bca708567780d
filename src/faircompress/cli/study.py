"""`faircompress study`: the flow, and where to look."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faircompress.support.exit_codes import ERROR, PASS

if TYPE_CHECKING:
    from flows.study import Runner


def study_and_report(
    project: Path,
    file: Path,
    runner: "Runner",
    workers: int | None,
    only: tuple[str, ...] = (),
    *,
    page_only: bool = False,
) -> int:
    """Run a study, or issue its page anew; return the exit code: 0 done, 3 some of it failed."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    from flows import study

    try:
        if page_only:
            page = study.page_only(project.resolve(), file.resolve(), only)
        else:
            page = study.run_study(project, file, runner, workers, only)
    except study.RunsFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return ERROR
    print(f"\nreport    {page}\ntables    {page.parent}/*.csv\nhistory   faircompress ui")
    return PASS
