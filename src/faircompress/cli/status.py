"""``faircompress status``: how a project stands, in a few lines."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faircompress.cli.versions import Project
from faircompress.support.lines import one_line

if TYPE_CHECKING:
    from faircompress.orchestration.pending import Pending
    from faircompress.orchestration.status import LastVerdict, Status

LONGEST = 240  # characters of a reason
JsonToo = Annotated[bool, typer.Option("--json", help="As JSON, for machines.")]


def status(as_json: JsonToo = False, project: Project = Path()) -> None:
    """Show what the next run would do, the last verdict, champion, variants.

    From the project's files alone: nothing is run, and no server is asked.
    """
    from faircompress.orchestration.status import status as status_of

    found = status_of(project)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    for word, words in _lines(found):
        typer.echo(f"{word:<11}{words}")


def _lines(found: "Status") -> Iterator[tuple[str, str]]:
    yield "project", f"{found.name} in {one_line(found.folder)}"
    yield from _verdict(found.verdict)
    if found.looks:
        looks = found.looks
        level = f"the next may use {looks.next_alpha:.3g} of alpha {looks.alpha:.3g} ({looks.way})"
        yield "looks", f"{looks.used} at the last run's test set; {level}"
    if found.champion:
        made = found.champion
        by = f"{made.act} by {one_line(made.reviewer)}, {_day(made.time)}, {found.signed}"
        yield "champion", f"version {made.version} of {made.model}, {by}"
    for one in found.unfinished:
        where = "at work" if found.running else "stopped; the next run goes on if nothing changed"
        yield "training", f"{one.stage}: epoch {one.epochs_done} of {one.epochs} done, {where}"
    yield from _next(found.pending)
    yield from _variants(found)


def _verdict(verdict: "LastVerdict | None") -> Iterator[tuple[str, str]]:
    if verdict is None:
        yield "verdict", "none yet"
        return
    speedup = f", speed-up {verdict.speedup:.3g}" if verdict.speedup else ""
    yield "verdict", f"{verdict.outcome.upper()}, {_minute(verdict.time)}{speedup}"
    yield "", one_line(verdict.sentence)
    if verdict.decides:
        yield "decides", one_line(verdict.decides, LONGEST)
    if len(verdict.precisions) > 1:
        yield (
            "files",
            ", ".join(f"{name} {outcome}" for name, outcome in verdict.precisions.items()),
        )


def _next(pending: "list[Pending] | None") -> Iterator[tuple[str, str]]:
    if pending is None:
        yield "next run", "waits: a run is at work here"
    elif not pending:
        yield "next run", "computes nothing, unless the raw data changed"
    elif all(one.reasons == pending[0].reasons and not one.after for one in pending):
        yield "next run", f"{', '.join(one.stage for one in pending)}: {pending[0].reasons[0]}"
    else:
        for number, one in enumerate(pending):
            after = [f"after {' and '.join(one.after)}"] if one.after else []
            words = one_line(f"{one.stage}: {'; '.join([*one.reasons, *after])}")
            yield "" if number else "next run", words


def _variants(found: "Status") -> Iterator[tuple[str, str]]:
    names = [one_line(one.name) for one in found.variants]
    side = max(map(len, names), default=0)
    for number, (name, one) in enumerate(zip(names, found.variants, strict=True)):
        words = "not evaluated"
        if one.verdict:
            speedup = f"{one.verdict.speedup:.3g}x" if one.verdict.speedup else ""
            words = f"{one.verdict.outcome:<12}  {speedup:>6}  {_minute(one.verdict.time)}"
        yield "" if number else "variants", f"{name:<{side}}  {words}"


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC"


def _day(time: str) -> str:
    """Return the day of a decision's time, ``20260131T120000.000000Z``."""
    return f"{time[:4]}-{time[4:6]}-{time[6:8]}"
