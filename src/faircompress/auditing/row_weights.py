"""What rows count: a weight, the most that one cluster may have of it, or each cluster once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data.caps import MaxWeight
from faircompress.data.counting import MOST, shares
from faircompress.data.declared_weights import declared
from faircompress.data.words import unknown
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from faircompress.auditing.rows import Asked


def weighed(
    table: Table, asked: Asked, people: np.ndarray | None, names: Mapping[str, str]
) -> tuple[np.ndarray, tuple[MaxWeight, ...]]:
    """Return what each row counts, ``(rows,)``, and what was declared of the most.

    Args:
        table: Of the rows.
        asked: Which columns hold what.
        people: Cluster of each row; None: not known.
        names: Class, as in the table -> as in the verdict.

    Raises:
        ValueError: If a weight is not above 0, or options contradict each other.
    """
    caps = _caps(asked, names)
    if _by_cluster(asked) and people is not None:
        _refuse_unknown(table, str(asked.cluster), people)
        return shares(people), caps or MOST
    weights = _weights(table, asked)
    if asked.weight is not None and people is None and not caps and (weights == 1).all():
        raise InputError(
            f"{spelt('weight')}: column {asked.weight!r} of {table.name} holds 1 in every row. "
            "That no heavier row was drawn does not say that there is none. If all weigh 1 in the "
            f"population, leave {spelt('weight')} out; else declare {spelt('max-weight')}, the "
            "most that one weighs there."
        )
    return weights, caps


def _refuse_unknown(table: Table, column: str, people: np.ndarray) -> None:
    """Refuse rows of nobody known, which would count once altogether, whatever harm is there."""
    names, sizes = np.unique(people, return_counts=True)
    several = set(names[sizes > 1].tolist()) & set(unknown(names.tolist()))
    table.refuse(
        spelt("cluster"), column, np.isin(people, list(several)),
        "holds a word for unknown, and each cluster is to count once",
        "All these rows would count as one. Give each an id of its own if they are different "
        "people, or leave them out for both models.",
    )  # fmt: skip


def _weights(table: Table, asked: Asked) -> np.ndarray:
    if asked.weight is None:
        return np.ones(len(table.ids))
    weights = table.numbers(spelt("weight"), asked.weight)
    table.refuse(
        spelt("weight"), asked.weight, weights <= 0, "is not above 0", "Leave such rows out."
    )
    return weights


def _by_cluster(asked: Asked) -> bool:
    """Tell whether each cluster counts once; refuse what contradicts it."""
    if asked.counts == "rows":
        return False
    key = spelt("counts")
    if asked.counts != "clusters":
        raise InputError(f"{key} is {asked.counts!r}; needed is rows or clusters.")
    if asked.cluster is None:
        raise InputError(f"{key} clusters needs {spelt('cluster')}, the column of whose row it is.")
    if asked.weight is not None:
        raise InputError(
            f"{key} clusters and {spelt('weight')} are given; each says what rows count. Keep one."
        )
    return True


def _caps(asked: Asked, names: Mapping[str, str]) -> tuple[MaxWeight, ...]:
    known = dict.fromkeys(("label", *asked.groups))
    caps = declared(asked.max_weight, known, key=spelt("max-weight"), label=str(asked.label))
    return tuple(replace(one, where=_in_names(one.where, names)) for one in caps)


def _in_names(where: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {
        column: names.get(value, value) if column == "label" else value
        for column, value in where.items()
    }
