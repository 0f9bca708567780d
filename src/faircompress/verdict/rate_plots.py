"""Rates of all files side by side, and numbers that no rule judges, as plain values."""

from collections.abc import Sequence

from faircompress.verdict import RIVALS
from faircompress.verdict.plots import (
    ARROW,
    CROSSCHECKS,
    DOT,
    SIZES,
    Json,
    Scale,
    capital,
    cells,
    fitted,
    plain,
    signed,
    size,
    ticks,
)
from faircompress.verdict.words import percent

LEAST_SPAN = 0.1  # of an axis
CHANGES = ("Change", "Lower", "Upper", *SIZES)
BETTER = {
    "higher": "Higher is better.",
    "lower": "Lower is better.",
    "neither": "Neither direction is better: what counts is that it stays.",
}
TWICE = {"brier": "Brier score", "calibration_error": "Calibration error"}  # of both files
ONCE = {"decision_flips": "Decisions flipped", "psi": "Excess fall of accuracy (psi)"}


def rates(groups: Sequence[Json], metric: str) -> Json:
    """Return the figure of one metric: dense and pruned rate of every group."""
    told = [(group, group["metrics"][metric]) for group in groups]
    files = ["dense", "pruned", *rivals(groups)]
    values = [found[file] for _, found in told for file in files if found[file] is not None]
    scale, first = _rate_scale(values), told[0][1]
    drawn = [name for name in CROSSCHECKS if any(found.get(name) for _, found in told)]
    sure = f"Bounds at {percent(first['confidence'])} on either side."
    return {
        "heading": capital(first["title"]),
        "note": f"{BETTER[first['better']]} {sure}",
        "ticks": ticks(scale, signs=False),
        "bars": [_dumbbell(group, found, scale, files[2:]) for group, found in told],
        "columns": ["Group", *map(capital, files), *CHANGES, *(CROSSCHECKS[n] for n in drawn),
                    "Bound"],
        "table": [_row(group, found, files, drawn) for group, found in told],
    }  # fmt: skip


def rivals(groups: Sequence[Json]) -> list[str]:
    """Return the approved files whose rates are known."""
    known = next(iter(groups[0]["metrics"].values()))
    return [name for name in RIVALS if name in known]


def reported(groups: Sequence[Json]) -> Json | None:
    """Return the table of numbers that no rule can judge; None where there are none."""
    told = {group["group"]: group.get("reported", {}) for group in groups}
    known = {name for found in told.values() for name in found}
    twice, once = ([name for name in of if name in known] for of in (TWICE, ONCE))
    if not known:
        return None
    return {
        "columns": ["Group", *(TWICE[n] for n in twice), *(ONCE[n] for n in once)],
        "rows": [
            [key, *(_both(found.get(n)) for n in twice), *(_one(found.get(n), n) for n in once)]
            for key, found in told.items()
        ],
    }


def _both(pair: Json | None) -> str:
    if pair is None:
        return "undefined"
    return f"{plain(pair['dense'])} {ARROW} {plain(pair['pruned'])} ({signed(pair['change'])})"


def _one(number: float | None, name: str) -> str:
    return signed(number) if name == "psi" and number is not None else _rate(number)


def _rate_scale(values: Sequence[float]) -> Scale:
    """Return an axis for rates, never so narrow that it blows up a trifle."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    spare = max(LEAST_SPAN - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    shift = max(-low, 0.0) - max(high - 1, 0.0)
    return fitted([low + shift, high + shift], [], most=1.0)


def _dumbbell(group: Json, found: Json, scale: Scale, others: Sequence[str]) -> Json:
    bar = {"name": group["group"], "size": size(found), "others": [], "beside": ""}
    if found["dense"] is None:
        why = found["undefined"]
        return {**bar, "title": why, "dense": None, "pruned": None, "found": "undefined"}
    dense, pruned = plain(found["dense"]), plain(found["pruned"])
    change = f"{signed(found['change'])} [{signed(found['lower'])}, {signed(found['upper'])}]"
    beside = ", ".join(f"{name} {_rate(found[name])}" for name in others)
    title = f"{group['group']}: dense {dense}, pruned {pruned}, change {change}"
    return {
        **bar,
        "title": f"{title}; {beside}" if beside else title,
        "dense": scale(found["dense"]),
        "pruned": scale(found["pruned"]),
        "others": [(n, scale(found[n])) for n in others if found[n] is not None],
        "found": f"{dense} {ARROW} {pruned} {DOT} {change}",
        "beside": capital(beside),
    }


def _row(group: Json, found: Json, files: Sequence[str], drawn: Sequence[str]) -> list[str]:
    counts, checks = [f"{found['rows']:,}", f"{found['units']:,.1f}"], cells(found, drawn)
    rates = [_rate(found[file]) for file in files]
    if found["dense"] is None:
        return [group["group"], *rates, *["undefined"] * 3, *counts, *checks, found["undefined"]]
    changes = [signed(found[end]) for end in ("change", "lower", "upper")]
    left = f"; without {', '.join(found['left_out'])}" if found["left_out"] else ""
    return [group["group"], *rates, *changes, *counts, *checks, f"{found['method']}{left}"]


def _rate(number: float | None) -> str:
    return "undefined" if number is None else plain(number)
