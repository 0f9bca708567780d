"""Size, speed and harm on one axis: what a file gives and what it takes, as plain values.

Costs are shares of the dense file's. Harm is a share of what a rule allows, in the group nearest
to its limit. On both, less is better, and at 1 nothing is gained or all that is allowed is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faircompress.verdict.judge import Verdict
from faircompress.verdict.plots import (
    Json,
    Scale,
    capital,
    group_name,
    lines,
    ticks,
    two_sided,
    urgency,
)

MOST = 2.0  # the axis ends here; what lies beyond is cut


def tradeoff(verdict: Verdict, sizes: Mapping[str, int], latency: Mapping[str, Any]) -> Json | None:
    """Return the figure of what was saved beside the harm done; None where costs are not known.

    Args:
        verdict: The verdict.
        sizes: Bytes of the files ``dense`` and ``pruned``, or nothing.
        latency: As ``export/latency.json``, or nothing.
    """
    saved = list(spent(sizes, latency.get("times", ())))
    if not saved:
        return None
    rows = [*saved, *(_harm(rule) for rule in verdict.rules)]
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


def spent(sizes: Mapping[str, int], times: Sequence[Mapping[str, Any]]) -> Iterator[Json]:
    """Yield what a file costs as shares of the dense one's: its size, and its time by batch.

    Args:
        sizes: Bytes of the files ``dense`` and ``pruned``, or nothing.
        times: As ``times`` in ``export/latency.json``.
    """
    if sizes:
        share = sizes["pruned"] / sizes["dense"]
        yield _cost("ONNX file", share, share)
    for time in times:
        yield _cost(f"Latency, batch {time['batch']}", 1 / time["speedup"], 1 / time["low"])


def _cost(name: str, share: float, high: float) -> Json:
    return {"name": name, "of": "of the dense file's", "at": share, "high": high, "word": "cost"}


def _harm(rule: Json) -> Json:
    """Return the harm in the group nearest to its limit, and its bound, in limits."""
    worst = min(rule["findings"], key=urgency(rule))
    row = {"name": f"{capital(rule['title'])}, {rule['binds']}", "word": worst["verdict"]}
    found = {"of": f"of the limit, in {group_name(worst)}"}
    if worst["estimate"] is None:
        return {**row, **found, "at": None, "high": 0.0}
    ends = [used(rule, worst[key]) for key in ("estimate", "lower", "upper")]
    return {**row, **found, "at": ends[0], "high": max(ends)}


def used(rule: Json, number: float) -> float:
    """Return which share of a limit a change or a rate uses, >= 0.

    Of a floor for what should be high, the shortfall from 1 is what is limited.
    """
    limit, line = rule["limit"], lines(rule)[0]
    if two_sided(rule):
        return float(abs(number) / limit)
    if rule["binds"] == "floor" and rule["better"] == "higher":
        return float((1 - number) / (1 - limit))
    return float(max(number / line, 0.0))


def _bar(row: Json, scale: Scale) -> Json:
    at = None if row["at"] is None else scale(row["at"])
    number, most = _numbers(row)
    found = number if row["at"] in (None, row["high"]) else f"{number} (at most {most})"
    kept = {key: row[key] for key in ("name", "of", "word")}
    title = f"{row['name']}: {found} {row['of']}"
    return {**kept, "at": at, "high": scale(row["high"]), "found": found, "title": title}


def _numbers(row: Json) -> list[str]:
    if row["at"] is None:
        return ["undefined", "undefined"]
    return [f"{row['at']:.2f}", f"{row['high']:.2f}"]
