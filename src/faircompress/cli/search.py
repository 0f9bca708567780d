"""`faircompress search`: how small and fast may it be without harming anyone?"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from faircompress.cli.versions import Project
from faircompress.support.exit_codes import INCONCLUSIVE, PASS


def search(
    by: Annotated[
        Literal["bytes", "ms"], typer.Option(help="What should be small: the file, or its latency.")
    ] = "bytes",
    chance: Annotated[
        float, typer.Option(min=0, max=1, help="Of a pass, that a file must be expected to have.")
    ] = 0.9,
    minutes: Annotated[
        float, typer.Option(min=0, help="After which no other candidate is begun.")
    ] = 15,
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line",
            metavar="'KEY=VALUE ...'",
            help="Another way to prune, beside that of params.yaml; may be repeated.",
        ),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(help="Of the files, in order; by default all that the gate can judge."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Candidates at a time; by default one a core.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the winner's params into params.yaml.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Find the smallest or fastest file that is expected to pass, without a look at the test set.

    Goes on where it was stopped. Exits with 0 if a file is expected to pass, 2 if none is, 3 error.
    """
    lines = ["", *(line or [])]
    found = searched(project, lines, by, chance, minutes, workers, precision)
    if apply and found["expected_to_pass"]:
        from faircompress.orchestration.search_winner import write_winner

        write_winner(project, found["overrides"])
        print(f"params.yaml now has {', '.join(found['overrides'])}", file=sys.stderr)
    sys.exit(PASS if found["expected_to_pass"] else INCONCLUSIVE)


def searched(
    project: Path,
    lines: Sequence[str],
    by: Literal["bytes", "ms"] = "bytes",
    chance: float = 0.9,
    minutes: float = 15,
    workers: int | None = None,
    precisions: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Search, tell what was found, and return it."""
    from faircompress.cli.chain import use_flows

    use_flows(project)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it below
    from faircompress.config.precisions import PRECISIONS
    from faircompress.support.files import read_json
    from flows.search import run_search

    page = run_search(
        project, lines, by=by, asked=chance, minutes=minutes, workers=workers,
        precisions=precisions or PRECISIONS,
    )  # fmt: skip
    found: dict[str, Any] = read_json(page.parent / "search.json")
    changes = " ".join(f"-S '{one}'" for one in found["overrides"])
    word = "expected to pass" if found["expected_to_pass"] else "none is expected to pass; the best"
    print(
        f"\n{word}: {found['precision']}, {found['bytes']:,} bytes, {found['ms']:.2f} ms (dense "
        f"{found['dense_bytes']:,} bytes, {found['dense_ms']:.2f} ms), chance "
        f"{found['shrunk']:.2f}\nfrontier  {page}\nnext      faircompress run {changes}"
    )
    for one in found["untried"]:
        print(f"not tried {one['name']}: {one['evidence']}; {one['command']}")
    return found
