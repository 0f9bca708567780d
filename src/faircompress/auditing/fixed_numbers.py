"""Rows whose numbers were fixed by design: as many of each class, or of each group, were taken."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from faircompress.auditing.spelling import spelt
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from faircompress.auditing.rows import Asked

LABEL = "label"  # what the label's column is called among columns of groups


def fixed(
    asked: "Asked", labels: np.ndarray, groups: Mapping[str, np.ndarray], people: np.ndarray | None
) -> tuple[str, ...]:
    """Return the columns whose numbers were fixed, as ``Predictions`` names them.

    Args:
        asked: Which columns hold what.
        labels: True class of each row.
        groups: Group of each row, by column.
        people: Cluster of each row; None: each is one of its own.

    Raises:
        InputError: If one is neither the label's nor of groups, or a cluster has rows of several
            values, so that clusters cannot have been taken by them.
    """
    known = (str(asked.label), *asked.groups)
    for column in asked.fixed_counts:
        if column not in (*known, LABEL):
            raise InputError(
                f"{spelt('fixed-counts')} names {column!r}; needed is the column of the label or "
                f"of a group: {', '.join(known)}. Name as a group what numbers were fixed of."
            )
        if people is None:
            continue
        values = labels if column in (asked.label, LABEL) else groups[column]
        several = pd.Series(values).groupby(people).nunique()
        if (several > 1).any():
            raise InputError(
                f"{spelt('fixed-counts')} names {column!r}, but cluster {several.idxmax()!r} has "
                "rows of several of its values, so clusters were not taken by it. Leave it out."
            )
    return tuple(LABEL if column == asked.label else column for column in asked.fixed_counts)
