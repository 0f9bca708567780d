"""Rates of all models side by side, and numbers that no rule tests, as plain values."""

from collections.abc import Sequence

from faircompress.config.rules import REFERENCES
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.results import GroupResult, MetricResult
from faircompress.report.plots import (
    CROSSCHECKS,
    Json,
    Scale,
    capital,
    fitted,
    interval_texts,
    size,
    ticks,
    units_text,
)
from faircompress.support.number_text import ARROW, DOT, percent, signed, unsigned

LEAST_SPAN = 0.1  # of an axis
BETTER = {
    "higher": "Higher is better.",
    "lower": "Lower is better.",
    "neither": "Neither direction is better: what counts is that it stays.",
}
TWICE = {"brier": "Brier score", "calibration_error": "Calibration error"}  # of both models
ONCE = {"decision_flips": "Decisions flipped", "psi": "Excess fall of accuracy (psi)"}


def rates(groups: Sequence[GroupResult], metric: str, captions: Captions) -> Json:
    """Return the figure of one metric: both models' rate of every group."""
    found = [(group, group.metrics[metric]) for group in groups]
    others = references(groups)
    values = [number for _, of in found for number in _numbers(of, others) if number is not None]
    scale, first = _rate_scale(values), found[0][1]
    drawn = [name for name in CROSSCHECKS if any(getattr(of, name) for _, of in found)]
    names = [captions.baseline, captions.candidate, *map(captions.model, others)]
    bounds = ("Lower", "Upper") if first.confidence else ()
    sure = f" Bounds at {percent(first.confidence)} on either side." if first.confidence else ""
    return {
        "heading": capital(first.title),
        "note": f"{BETTER[first.better]}{sure}",
        "ticks": ticks(scale, signs=False),
        "bars": [_dumbbell(group, of, scale, others, captions) for group, of in found],
        "columns": ["Group", *map(capital, names), "Change", *bounds, capital(captions.rows),
                    "Units", *(CROSSCHECKS[n] for n in drawn), "Bound"],
        "table": [_row(group, of, others, drawn) for group, of in found],
    }  # fmt: skip


def references(groups: Sequence[GroupResult]) -> list[str]:
    """Return the approved models whose rates are known."""
    known = next(iter(groups[0].metrics.values())).references
    return [name for name in REFERENCES if name in known]


def reported(groups: Sequence[GroupResult]) -> Json | None:
    """Return the table of numbers that no rule can test; None where there are none."""
    found = {group.group: group.reported for group in groups}
    known = {name for of in found.values() for name in of}
    twice, once = ([name for name in of if name in known] for of in (TWICE, ONCE))
    if not known:
        return None
    return {
        "columns": ["Group", *(TWICE[n] for n in twice), *(ONCE[n] for n in once)],
        "rows": [
            [key, *(_both(of.get(n)) for n in twice), *(_one(of.get(n), n) for n in once)]
            for key, of in found.items()
        ],
    }


def _numbers(found: MetricResult, others: Sequence[str]) -> list[float | None]:
    return [found.baseline, found.candidate, *(found.references.get(name) for name in others)]


def _both(pair: Json | None) -> str:
    if pair is None:
        return "undefined"
    before, after = unsigned(pair["baseline"]), unsigned(pair["candidate"])
    return f"{before} {ARROW} {after} ({signed(pair['change'])})"


def _one(number: float | None, name: str) -> str:
    return signed(number) if name == "psi" and number is not None else _rate(number)


def _rate_scale(values: Sequence[float]) -> Scale:
    """Return an axis for rates, never so narrow that it blows up a trifle."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    spare = max(LEAST_SPAN - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    shift = max(-low, 0.0) - max(high - 1, 0.0)
    return fitted([low + shift, high + shift], [], most=1.0)


def _dumbbell(
    group: GroupResult,
    found: MetricResult,
    scale: Scale,
    others: Sequence[str],
    captions: Captions,
) -> Json:
    bar = {
        "name": group.group, "size": size(found, captions.rows), "others": [], "beside": "",
    }  # fmt: skip
    if found.baseline is None or found.candidate is None or found.change is None:
        nothing = {"baseline": None, "candidate": None, "found": "undefined"}
        return {**bar, "title": found.undefined, **nothing}
    before, after = unsigned(found.baseline), unsigned(found.candidate)
    change = signed(found.change)
    if found.lower is not None and found.upper is not None:
        change = f"{change} [{signed(found.lower)}, {signed(found.upper)}]"
    beside = ", ".join(f"{captions.model(n)} {_rate(found.references.get(n))}" for n in others)
    title = (
        f"{group.group}: {captions.baseline} {before}, {captions.candidate} {after}, "
        f"change {change}"
    )
    places = [(n, found.references.get(n)) for n in others]
    return {
        **bar,
        "title": f"{title}; {beside}" if beside else title,
        "baseline": scale(found.baseline),
        "candidate": scale(found.candidate),
        "others": [(n, scale(number)) for n, number in places if number is not None],
        "found": f"{before} {ARROW} {after} {DOT} {change}",
        "beside": capital(beside),
    }


def _row(
    group: GroupResult, found: MetricResult, others: Sequence[str], drawn: Sequence[str]
) -> list[str]:
    counts = [f"{found.n:,}", units_text(found)]
    checks = interval_texts({name: getattr(found, name) for name in drawn}, drawn)
    rates = [_rate(number) for number in _numbers(found, others)]
    changes = [found.change, *([found.lower, found.upper] if found.confidence else [])]
    shown = ["undefined" if x is None else signed(x) for x in changes]
    left = f"; without {', '.join(found.left_out)}" if found.left_out else ""
    method = f"{found.undefined or found.method or 'none'}{left}"
    return [group.group, *rates, *shown, *counts, *checks, method]


def _rate(number: float | None) -> str:
    return "undefined" if number is None else unsigned(number)
