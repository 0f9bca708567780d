"""Whom the data hold, now and when they were last found fit."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from faircompress.support.number_text import points, share

TOLD, MOST = 0.01, 20  # a change of a share that is told; lines
Json = dict[str, Any]


def composition(rows: pd.DataFrame, cells: pd.DataFrame, sha256: str) -> Json:
    """Return what the next data set is compared with: each subgroup's share of its split.

    Args:
        rows: One line a picture.
        cells: As ``Frames.cells``.
        sha256: Of the data set.
    """
    totals = rows["split"].value_counts()
    shares = {
        f"{cell.split}, {_name(cell)}": cell.count / int(totals[cell.split])
        for cell in cells.itertuples(index=False, name="Cell")
        if totals.get(cell.split, 0)
    }
    return {"sha256": sha256, "rows": len(rows), "shares": shares}


def drift(before: Mapping[str, Any], now: Mapping[str, Any]) -> Json:
    """Return whose shares changed by more than 0.01, largest change first; {} of the same data."""
    if not before or before["sha256"] == now["sha256"]:
        return {}
    names = dict.fromkeys([*now["shares"], *before["shares"]])
    pairs = [(n, before["shares"].get(n, 0.0), now["shares"].get(n, 0.0)) for n in names]
    moved = sorted((p for p in pairs if abs(p[2] - p[1]) > TOLD), key=lambda p: -abs(p[2] - p[1]))
    counts = f"{before['rows']:,} pictures then, {now['rows']:,} now"
    return {
        "sentence": f"Against the data that were last found fit ({counts}): "
        + (
            f"{len(moved)} of {len(names)} shares changed by more than {points(TOLD).strip('+')}."
            if moved
            else f"no subgroup's share changed by more than {points(TOLD).strip('+')}."
        ),
        "columns": ["Subgroup", "Share then", "Share now", "Change"],
        "rows": [[n, share(a), share(b), points(b - a)] for n, a, b in moved[:MOST]],
        "left": max(len(moved) - MOST, 0),
    }


def _name(cell: Any) -> str:
    return str(cell.word) if cell.group == "label" else f"{cell.word}, {cell.group}={cell.value}"
