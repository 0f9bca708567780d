"""Size, speed and harm on one axis: what a file gives and what it takes, as plain values.

Costs are shares of the baseline file's. Harm is a share of what a rule allows, in the group nearest
to its limit. On both, less is better, and at 1 nothing is gained or all that is allowed is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faircompress.config.rules import BASELINE
from faircompress.evaluation.results import CheckResult, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.forest import figure_of
from faircompress.report.plots import GOES_ON, Json, Scale, capital, lines, ticks, urgency

MOST = 2.0  # the axis ends here; what lies beyond is cut


def tradeoff(verdict: Verdict, sizes: Mapping[str, int], latency: Mapping[str, Any]) -> Json | None:
    """Return the figure of what was saved beside the harm done; None where costs are not known.

    Args:
        verdict: The verdict.
        sizes: Bytes of the files ``dense`` and ``pruned``, or nothing.
        latency: As ``export/latency.json``, or nothing.
    """
    name = verdict.captions.baseline
    saved = list(spent(sizes, latency.get("times", ()), name))
    if not saved:
        return None
    rows = [*saved, *(_harm(rule) for rule in verdict.tested)]
    table = [[row["name"], row["of"], *_numbers(row)] for row in rows]
    return {**figure(rows, axis(rows)), "table": table}


def axis(rows: Sequence[Json]) -> Scale:
    """Return an axis from 0 that holds 1 and all bounds, as far as it reaches."""
    return Scale(0, 1.06 * min(MOST, max([1.0, *(row["high"] for row in rows)])))


def figure(rows: Sequence[Json], scale: Scale) -> Json:
    """Return shares as bars, with the line at 1 where nothing is gained."""
    return {
        "one": scale(1),
        "ticks": ticks(scale, signs=False),
        "bars": [_bar(row, scale) for row in rows],
    }


def spent(
    sizes: Mapping[str, int], times: Sequence[Mapping[str, Any]], baseline: str
) -> Iterator[Json]:
    """Yield what a file costs as shares of the baseline's: its size, and its time by batch.

    Args:
        sizes: Bytes of the files ``dense`` and ``pruned``, or nothing.
        times: As ``times`` in ``export/latency.json``.
        baseline: What the baseline is called.
    """
    of = f"of the {baseline} file's"
    if sizes:
        share = sizes["pruned"] / sizes["dense"]
        yield _cost("ONNX file", of, share, share)
    for time in times:
        name = f"Latency, batch {time['batch']}"
        yield _cost(name, of, 1 / time["speedup"], 1 / time["low"])


def _cost(name: str, of: str, share: float, high: float) -> Json:
    return {"name": name, "of": of, "at": share, "high": high, "kind": "cost"}


def _harm(rule: RuleResult) -> Json:
    """Return the harm in the worst group, and its bound, in limits."""
    worst = min(rule.checks, key=urgency(rule))
    row = {"name": f"{capital(rule.title)}, {figure_of(rule)}", "kind": worst.outcome}
    against = "" if rule.against == BASELINE else f", from the {rule.against.replace('_', ' ')}"
    found = {"of": f"of the limit, in {worst.place}{against}"}
    if worst.estimate is None or worst.lower is None:
        return {**row, **found, "at": None, "high": 0.0}
    ends = [used(worst, end) for end in (worst.estimate, worst.lower, worst.upper)]
    return {**row, **found, "at": ends[0], "high": max(ends)}


def used(check: CheckResult, number: float | None) -> float:
    """Return which share of a limit a value uses, >= 0; None has no end.

    Of a minimum for what should be high, the shortfall from 1 is what is limited; of a ratio, how
    far it is from 1.
    """
    if number is None:
        return MOST
    low, high = check.limit_lower, check.limit_upper
    if low is not None and low > 0:
        above = (number - 1) / (high - 1) if high is not None else 0.0
        return float(max((1 - number) / (1 - low), above))
    return float(max(0.0, *(number / line for line in lines(check))))


def _bar(row: Json, scale: Scale) -> Json:
    at = None if row["at"] is None else scale(row["at"])
    number, most = _numbers(row)
    found = number if row["at"] in (None, row["high"]) else f"{number} (at most {most})"
    kept = {key: row[key] for key in ("name", "of", "kind")}
    cut = scale.outside(row["high"])
    title = f"{row['name']}: {found} {row['of']}{f'. {GOES_ON}' if cut else ''}"
    ends = {"at": at, "high": scale(row["high"]), "cut": cut}
    return {**kept, **ends, "found": found, "title": title}


def _numbers(row: Json) -> list[str]:
    if row["at"] is None:
        return ["undefined", "undefined"]
    return [f"{row['at']:.2f}", f"{row['high']:.2f}"]
