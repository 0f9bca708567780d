"""``faircompress history``: verdicts, limits, size, speed and champion over time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faircompress.cli.versions import Project
from faircompress.support.lines import one_line

if TYPE_CHECKING:
    from faircompress.report.history_rows import Evaluated

STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
HEAD = (
    "evaluated, UTC",
    "version",
    "of",
    "file",
    "verdict",
    "limit",
    "size",
    "ms",
    "decided",
    "worst",
)
Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write it as one page.", show_default=False),
]


def history(html: Page = None, project: Project = Path()) -> None:
    """Show what was evaluated when, its worst group, size, speed, champions.

    ``limit`` is the share of its limit that the worst check uses: above 100 % it is broken.
    """
    from faircompress.orchestration.history import history as history_of

    found = history_of(project)
    if html:
        from faircompress.report.history_page import history_page
        from faircompress.support.files import write_text

        write_text(html, history_page(found.name, found.evaluated))
        typer.echo(str(html.resolve()))
        return
    _print(list(map(_cells, found.evaluated)), [one.verdict for one in found.evaluated])


def _cells(one: "Evaluated") -> tuple[str, ...]:
    from faircompress.orchestration.stage_words import kilobytes, milliseconds

    decided = [one.decisions[-1]] if one.decisions else []
    return (
        f"{one.time[:10]} {one.time[11:16]}",
        one.version or "-",
        one_line(one.workspace, 32),
        one.precision,
        one.verdict.upper(),
        f"{100 * one.limit_used:.0f} %" if one.limit_used is not None else "-",
        kilobytes(one.bytes) if one.bytes else "-",
        milliseconds(one.milliseconds) if one.milliseconds else "-",
        one_line("; ".join([*(["CHAMPION"] if one.is_champion else []), *decided]), 60) or "-",
        one_line(one.worst) or "-",
    )


def _print(rows: list[tuple[str, ...]], verdicts: list[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    sides = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    console.print(Text(_line(HEAD, sides), "bold"))
    for row, verdict in zip(rows, verdicts, strict=True):
        line = Text(_line(row, sides))
        start = sum(sides[:4]) + 2 * 4
        line.stylize(STYLES.get(verdict, ""), start, start + len(row[4]))
        console.print(line)


def _line(cells: tuple[str, ...], sides: list[int]) -> str:
    return "  ".join(_padded(cells, sides)).rstrip()


def _padded(cells: tuple[str, ...], sides: list[int]) -> Iterator[str]:
    for cell, side in zip(cells, sides, strict=True):
        yield cell.ljust(side)
