"""Groups of rows, their intersections, and pairs of groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from faircompress.config.bounds import JOIN
from faircompress.data.predictions import Predictions
from faircompress.support.errors import InputError

POOLED = "all"


@dataclass(frozen=True, eq=False)
class Group:
    """Some rows of the test set, under a name.

    Args:
        key: Such as ``hair=short`` or ``hair=short & skin=dark``.
        column: Group column, such as ``hair`` or ``hair & skin``; ``all`` for all rows.
        rows: Their positions.
        question: The class judged against the rest, for groups of the column ``label``.
        where: Column -> value of its rows; ``label`` is no column here.
        members: Of a group that sparse ones were merged into, the ``where`` of each.
        member: And of each row, which of them it is of, ``(rows,)``; None: nothing was merged.
    """

    key: str
    column: str
    rows: np.ndarray
    question: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    members: tuple[Mapping[str, str], ...] = ()
    member: np.ndarray | None = None


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
            found += _split((column,), [values])
    if intersections:
        columns = [column for column in predictions.groups if column != "label"]
        for one, other in combinations(columns, 2):
            found += _split((one, other), [predictions.groups[name] for name in (one, other)])
    return found


def without_rows(
    groups: list[Group],
    expected: Sequence[Group],
    is_absent: Callable[[Mapping[str, str]], bool] = lambda where: False,
) -> list[str]:
    """Return the names of the groups and intersections that no row is in, and nobody declared so.

    Args:
        groups: As ``groups_of`` returns them; where columns are not crossed, no intersection is
            missed.
        expected: Groups of other rows of the same data, such as those of validation.
        is_absent: Tells of column -> value whether such rows are declared to be absent.
    """
    columns = {group.column for group in groups}
    crossed = [
        Group(f"{a.key}{JOIN}{b.key}", "", a.rows, where={**a.where, **b.where})
        for a, b in combinations(groups, 2)
        if f"{a.column}{JOIN}{b.column}" in columns
    ]
    there = {group.key for group in groups}
    lacking = [g for g in (*expected, *crossed) if g.key not in there and not is_absent(g.where)]
    return list(dict.fromkeys(group.key for group in lacking))


def of_columns(columns: list[str] | None, groups: list[Group]) -> list[Group]:
    """Return the groups of some columns and of their intersections; None: all."""
    if columns is None:
        return groups
    return [g for g in groups if set(g.column.split(JOIN)) <= set(columns)]


def pairs(groups: list[Group]) -> list[tuple[Group, Group]]:
    """Return every pair of groups of the same column."""
    return [(a, b) for a, b in combinations(groups, 2) if a.column == b.column]


def _split(columns: Sequence[str], values: Sequence[np.ndarray]) -> list[Group]:
    """Return the groups of rows with equal values in all columns, in the order of values."""
    names = [np.unique(column) for column in values]
    sizes = tuple(map(len, names))
    places = [np.searchsorted(*of) for of in zip(names, values, strict=True)]
    of = np.ravel_multi_index(places, sizes)
    order = np.argsort(of, kind="stable")
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(of[order])) + 1):
        at_values = np.unravel_index(of[rows[0]], sizes)
        where = {c: str(names[at][at_values[at]]) for at, c in enumerate(columns)}
        key = JOIN.join(f"{column}={value}" for column, value in where.items())
        found.append(Group(key, JOIN.join(columns), rows, where=where))
    return found


def refuse_equal_names(groups: Sequence[Group]) -> None:
    """Refuse groups under whose name the evidence of another would be taken for theirs.

    Raises:
        ValueError: Naming it.
    """
    names = [group.key for group in groups]
    names += [f"{group.key} alone" for group in groups if group.question is not None]
    names += [f"not {group.key}" for group in groups]
    again = next((name for name in names if names.count(name) > 1), None)
    if again is not None:
        raise InputError(f"two groups are called {again!r}; rename a group or its column.")
