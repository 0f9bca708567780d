"""``faircompress compare``: what differs between two evaluated files."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faircompress.cli.status import JsonToo
from faircompress.cli.versions import Project
from faircompress.support.lines import one_line

if TYPE_CHECKING:
    from faircompress.evaluation.verdict_comparison import Difference, RateDifference
    from faircompress.orchestration.comparing import Comparison

LONGEST = 60  # characters of a value
MOST = 24  # rates and checks
What = "Number of a version, id of a run, 'project', a variant, or a path to verdict.json."


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help=What)],
    second: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    as_json: JsonToo = False,
    project: Project = Path(),
) -> None:
    """Show what differs between two: params, rules, rates by group, size, ms."""
    from faircompress.orchestration.comparing import compare as compare_both

    found = compare_both(project, first, second)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: "Comparison") -> Iterator[str]:
    for name, outcome, sentence in zip(found.names, found.outcomes, found.sentences, strict=True):
        yield f"{one_line(name)}: {outcome.upper()}, {one_line(sentence.partition(': ')[2])}"
    if not found.same_rows:
        yield "They were evaluated on different rows: rates differ by chance, too."
    yield from _section("params", found.params)
    yield from _section("rules", found.rules)
    yield from _section("costs", found.costs)
    yield from _section("checks that came out otherwise", list(map(_in_words, found.checks)))
    yield from _rates(found)


def _section(title: str, differences: "list[Difference]") -> Iterator[str]:
    yield ""
    if not differences:
        yield f"{title}: the same"
        return
    yield title
    side = max(len(one_line(one.what)) for one in differences[:MOST])
    for one in differences[:MOST]:
        both = f"{_text(one.first)} -> {_text(one.second)}"
        yield f"  {one_line(one.what):<{side}}  {both}"
    if len(differences) > MOST:
        yield f"  and {len(differences) - MOST} more (--json)"


def _rates(found: "Comparison") -> Iterator[str]:
    yield ""
    if not found.rates:
        yield "rates: the same"
        return
    yield "rates of the candidates, largest difference first"
    from faircompress.evaluation.captions import group_phrase
    from faircompress.report.wording import metric_in_words

    shown = [
        (one_line(metric_in_words(r.metric)), one_line(group_phrase(r.group)), _numbers(r))
        for r in found.rates[:MOST]
    ]
    metrics, groups = (max(len(line[k]) for line in shown) for k in (0, 1))
    for metric, group, numbers in shown:
        yield f"  {metric:<{metrics}}  {group:<{groups}}  {numbers}"
    if len(found.rates) > MOST:
        yield f"  and {len(found.rates) - MOST} more (--json)"


def _in_words(one: "Difference") -> "Difference":
    from faircompress.report.wording import check_in_words

    return replace(one, what=check_in_words(one.what))


def _numbers(rate: "RateDifference") -> str:
    """Write two rates and their difference: shares as percent and points, AUROC as a score."""
    from faircompress.report.wording import SCORES
    from faircompress.support.number_text import points, share, signed, unsigned

    write, change = (unsigned, signed) if rate.metric in SCORES else (share, points)
    return f"{write(rate.first)} -> {write(rate.second)}  ({change(rate.difference)})"


def _text(value: str | None) -> str:
    return "none" if value is None else one_line(value, LONGEST)
