"""Groups of rows, their intersections, and pairs of groups."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from faircompress.predictions import Predictions

POOLED = "all"
JOIN = " & "


@dataclass(frozen=True, eq=False)
class Group:
    """Some rows of the test set, under a name.

    Args:
        key: Such as ``hair=short`` or ``hair=short & skin=dark``.
        column: Group column, such as ``hair`` or ``hair & skin``; ``all`` for all rows.
        rows: Their positions.
        question: The class judged against the rest, for groups of the column ``label``.
    """

    key: str
    column: str
    rows: np.ndarray
    question: int | None = None


def groups_of(predictions: Predictions, *, intersections: bool) -> list[Group]:
    """Return the groups of every column, and of every pair of columns if asked for.

    Groups of the column ``label`` hold all rows, since a class is judged against the rest; the
    column has no intersections.
    """
    found = []
    for column, values in predictions.groups.items():
        if column == "label":
            everyone = np.arange(len(values))
            names = enumerate(predictions.classes)
            found += [Group(f"label={name}", column, everyone, k) for k, name in names]
        else:
            found += _split(column, values, np.arange(len(values)))
    if intersections:
        columns = [column for column in predictions.groups if column != "label"]
        for one, other in combinations(columns, 2):
            cells = np.char.add(
                np.char.add(predictions.groups[one].astype(str), f"{JOIN}{other}="),
                predictions.groups[other].astype(str),
            )
            cells = np.char.add(f"{one}=", cells)
            found += _split(f"{one}{JOIN}{other}", cells, np.arange(len(cells)), prefix="")
    return found


def without_rows(groups: list[Group]) -> list[str]:
    """Return the names of the intersections that no row is in.

    They are no groups, since some are of values that never meet: whoever knows that one must be
    there says so in ``gate.expect``.

    Args:
        groups: As ``groups_of`` returns them; where columns are not crossed, nothing is missed.
    """
    names, columns = {group.key for group in groups}, {group.column for group in groups}
    crossed = [
        f"{a.key}{JOIN}{b.key}"
        for a, b in combinations(groups, 2)
        if f"{a.column}{JOIN}{b.column}" in columns
    ]
    return [name for name in crossed if name not in names]


def bound_by(columns: list[str] | None, groups: list[Group]) -> list[Group]:
    """Return the groups that a rule binds: those of its columns and of their intersections."""
    if columns is None:
        return groups
    return [g for g in groups if set(g.column.split(JOIN)) <= set(columns)]


def pairs(groups: list[Group]) -> list[tuple[Group, Group]]:
    """Return every pair of groups of the same column."""
    return [(a, b) for a, b in combinations(groups, 2) if a.column == b.column]


def _split(
    column: str, values: np.ndarray, rows: np.ndarray, prefix: str | None = None
) -> list[Group]:
    prefix = f"{column}=" if prefix is None else prefix
    names, where = np.unique(values, return_inverse=True)
    return [Group(f"{prefix}{name}", column, rows[where == k]) for k, name in enumerate(names)]
