"""Dense and pruned rates side by side, and numbers that no rule judges, as plain values."""

from collections.abc import Sequence

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
COLUMNS = ("Group", "Dense", "Pruned", "Change", "Lower", "Upper", *SIZES)
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
    values = [m[side] for _, m in told for side in ("dense", "pruned") if m[side] is not None]
    scale, first = _rate_scale(values), told[0][1]
    drawn = [name for name in CROSSCHECKS if any(found.get(name) for _, found in told)]
    sure = f"Bounds at {percent(first['confidence'])} on either side."
    return {
        "heading": capital(first["title"]),
        "note": f"{BETTER[first['better']]} {sure}",
        "ticks": ticks(scale, signs=False),
        "bars": [_dumbbell(group, found, scale) for group, found in told],
        "columns": [*COLUMNS, *(CROSSCHECKS[name] for name in drawn), "Bound"],
        "table": [_row(group, found, drawn) for group, found in told],
    }


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
    if number is None:
        return "undefined"
    return signed(number) if name == "psi" else plain(number)


def _rate_scale(values: Sequence[float]) -> Scale:
    """Return an axis for rates, never so narrow that it blows up a trifle."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    spare = max(LEAST_SPAN - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    shift = max(-low, 0.0) - max(high - 1, 0.0)
    return fitted([low + shift, high + shift], [], most=1.0)


def _dumbbell(group: Json, found: Json, scale: Scale) -> Json:
    bar = {"name": group["group"], "size": size(found)}
    if found["dense"] is None:
        why = found["undefined"]
        return {**bar, "title": why, "dense": None, "pruned": None, "found": "undefined"}
    dense, pruned = plain(found["dense"]), plain(found["pruned"])
    change = f"{signed(found['change'])} [{signed(found['lower'])}, {signed(found['upper'])}]"
    return {
        **bar,
        "title": f"{group['group']}: dense {dense}, pruned {pruned}, change {change}",
        "dense": scale(found["dense"]),
        "pruned": scale(found["pruned"]),
        "found": f"{dense} {ARROW} {pruned} {DOT} {change}",
    }


def _row(group: Json, found: Json, drawn: Sequence[str]) -> list[str]:
    counts, checks = [f"{found['rows']:,}", f"{found['units']:,.1f}"], cells(found, drawn)
    if found["dense"] is None:
        return [group["group"], *["undefined"] * 5, *counts, *checks, found["undefined"]]
    numbers = [plain(found[k]) for k in ("dense", "pruned")]
    numbers += [signed(found[k]) for k in ("change", "lower", "upper")]
    left = f"; without {', '.join(found['left_out'])}" if found["left_out"] else ""
    return [group["group"], *numbers, *counts, *checks, f"{found['method']}{left}"]
