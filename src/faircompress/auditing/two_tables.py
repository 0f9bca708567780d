"""Two tables of the same rows, one of each model: joined by ids, and compared in what both say."""

import numpy as np
import pandas as pd

from faircompress.auditing.rows import Asked
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.auditing.truths import as_one
from faircompress.data.alike_ids import alike_ids
from faircompress.data.words import near
from faircompress.support.errors import InputError

ROUNDING = 1e-6  # of a weight, that another tool may write with fewer digits
SHOWN = 3  # names that two files write otherwise


def aligned(first: Table, last: Table, asked: Asked) -> Table:
    """Return the rows of the second table in the order of the first.

    Args:
        first: Of the baseline; what is known of the rows is read from it.
        last: Of the candidate.
        asked: Which columns hold what.

    Raises:
        ValueError: If the tables differ in rows, or in what both say of them; names the cause
            where ids or words are merely written otherwise.
    """
    if asked.identifier is None:
        raise InputError(
            f"{first.name} and {last.name} are two tables; name the column by which their rows "
            f"belong together, such as {spelt('id')} image."
        )
    if set(first.ids) != set(last.ids) and (how := alike_ids(first.ids, last.ids)):
        raise InputError(
            f"{spelt('id')}: ids of {first.name} and {last.name} {how}. If they are of the same "
            "rows, write them alike in both files."
        )
    last = last.in_order_of(first)
    named = [("label", asked.label), ("cluster", asked.cluster)]
    for option, column in [*named, *(("group", group) for group in asked.groups)]:
        if column is not None and column in last.cells.columns:
            _compare_texts(first, last, spelt(option), column)
    if asked.weight is not None and asked.weight in last.cells.columns:
        one, other = (t.numbers(spelt("weight"), str(asked.weight)) for t in (first, last))
        unequal = ~np.isclose(one, other, rtol=ROUNDING, atol=0)
        _refuse(first, last, spelt("weight"), str(asked.weight), unequal, "")
    return last


def _compare_texts(first: Table, last: Table, option: str, column: str) -> None:
    both = np.concatenate([table.texts(option, column) for table in (first, last)])
    one, other = np.split(as_one(both) if option == spelt("label") else both, 2)
    _refuse(first, last, option, column, one != other, _otherwise(one, other, first, last))


def _refuse(
    first: Table, last: Table, option: str, column: str, unequal: np.ndarray, otherwise: str
) -> None:
    cure = otherwise or "Both files must be of one test set."
    last.refuse(option, column, unequal, f"differs from {first.name}", cure)


def _otherwise(one: np.ndarray, other: np.ndarray, first: Table, last: Table) -> str:
    """Say how two files call the same things otherwise; empty: they say other things.

    Args:
        one: Words of the first file, ``(rows,)``.
        other: Of the other, likewise.
        first: The file of the first.
        last: That of the other.
    """
    pairs = pd.DataFrame({"one": one, "other": other}).drop_duplicates()
    unlike = pairs[pairs.one != pairs.other]
    one_to_one = pairs.one.is_unique and pairs.other.is_unique
    if not one_to_one and not all(near(pair) for pair in unlike.itertuples(index=False)):
        return ""
    some = unlike.sort_values("one").head(SHOWN).itertuples(index=False)
    listed = ", ".join(f"{mine!r} is {theirs!r} there" for mine, theirs in some)
    called = f"{last.name} calls the same otherwise in all rows: {listed}. "
    if one_to_one and set(pairs.one) == set(pairs.other):
        return (
            f"{called}Are the codes of one file turned round? Its scores may then be of another "
            "class. Write both alike."
        )
    return (
        f"{called}Write both alike, or leave the column out of {last.name}: it is read from "
        f"{first.name}."
    )
