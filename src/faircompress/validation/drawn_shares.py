"""Which share of the rows must be larger, where a drawn split has too few of a subgroup."""

import math
from collections.abc import Mapping

import pandas as pd

ROOM = 1.5  # times what is needed on average, since rows fall into splits by chance
STEP = 0.05


def larger_shares(cells: pd.DataFrame, least: int, drawn_by: Mapping[str, str]) -> str:
    """Say which keys to raise, and to about what; empty: a larger share gives no cell enough.

    Args:
        cells: As ``Frames.expected``.
        least: Rows that each needs.
        drawn_by: As of ``RawData``.
    """
    among = cells[cells["split"].isin(["train", *drawn_by])]
    pools = among.groupby(["group", "value", "label"])["count"].transform("sum")
    for_all = pools >= least * (1 + len(drawn_by))
    found = []
    for split, key in drawn_by.items():
        short = (among["split"] == split) & (among["count"] < least) & for_all
        if short.any():
            share = STEP * math.ceil(ROOM * least / pools[short].min() / STEP)
            found.append(f"{key} (to about {share:.2g})" if share * len(drawn_by) <= 0.5 else key)
    drawn = " and ".join(key.rpartition(".")[2] for key in drawn_by.values())
    verb = "are" if len(drawn_by) > 1 else "is"
    return f"; {drawn} {verb} drawn: raise {' and '.join(found)}" if found else ""
