"""Faults of a table that look like others: a stray label, ids that are written otherwise."""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from faircompress.auditing.rows import naturally
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table, as_numbers
from faircompress.data.words import unknown

RARE = 0.05  # share of rows up to which values beside two classes are taken for strays
SUFFIX = re.compile(r"(?<=[^/.])(?:\.[A-Za-z][A-Za-z0-9]{0,4}){1,2}$")  # .png, .nii.gz
ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
WAYS = {
    "capitals": str.lower,
    "zeros in front of numbers": lambda text: ZEROS.sub("", text),
    "the suffix": lambda text: SUFFIX.sub("", text),
    "the folder": lambda text: text.rsplit("/", 1)[-1],
}


def refuse_stray_labels(
    table: Table, label: str, truth: np.ndarray, column: str, models: Sequence[Iterable[str]] = ()
) -> None:
    """Refuse a few labels beside two classes where a model knows two alone.

    It gives one probability a row, or decided classes; of the latter, labels that no model decides
    for are refused where they are words for unknown.

    Args:
        table: Of the rows.
        label: Its column of true classes.
        truth: That column as text, ``(rows,)``.
        column: Of the baseline.
        models: What each model says, as text, ``(rows,)``: what it decides for is a class.

    Raises:
        ValueError: Naming the value, how often it stands, and its first row.
    """
    counts = pd.Series(truth).value_counts()
    one, other = sorted(map(str, counts.index[:2]), key=naturally)
    stray = ~np.isin(truth, [one, other])
    if column not in table.cells.columns or not 0 < stray.mean() <= RARE:
        return
    answers = set().union(*(set(map(str, cells)) for cells in models))
    if set(map(str, counts.index[2:])) & answers:
        return
    every = ",".join(sorted(map(str, counts.index), key=naturally))
    cure = (
        "Correct the label, or leave the row out for both models; if it is a class, say so: "
        f"{spelt('classes')} {every}."
    )
    if set(table.texts(spelt("baseline"), column)[~stray]) <= {one, other}:
        strange = np.isin(truth, unknown(counts.index[2:]))
        fault = "is a word for unknown beside two classes"
        table.refuse(spelt("label"), label, strange, fault, cure)
        return
    scores = as_numbers(table.cells[column][~stray])
    if ((scores >= 0) & (scores <= 1)).all():
        cure = (
            f"Column {column!r} holds one probability a row, so two classes are needed. Correct "
            "the label, or leave the row out for both models. If it is a class, name one column of "
            f"probabilities a class, such as '{column}_*'."
        )
        table.refuse(spelt("label"), label, stray, f"holds neither {one!r} nor {other!r}", cure)


def alike_ids(ids: np.ndarray, others: np.ndarray) -> str:
    """Say how two tables' ids differ in writing alone; empty: they differ in more.

    Args:
        ids: Of one table, each once.
        others: Of the other, each once.
    """
    one, other = ids.astype(str).tolist(), others.astype(str).tolist()
    fewest = min(len(one), len(other))
    all_ways = set(_written(one, WAYS)), set(_written(other, WAYS))
    if not (all_ways[0] <= all_ways[1] or all_ways[1] <= all_ways[0]):
        return ""
    if len(set(one) & set(other)) == fewest:
        return ""  # one table has all rows of the other
    for names in (names for n in range(1, 5) for names in combinations(WAYS, n)):
        mine, theirs = _written(one, names), _written(other, names)
        both = set(mine) & set(theirs)
        apart = len(set(mine)) == len(mine) and len(set(theirs)) == len(theirs)
        if apart and len(both) == fewest:
            place = dict(zip(theirs, other, strict=True))
            pairs = ((text, place[key]) for text, key in zip(one, mine, strict=True) if key in both)
            first, second = next((text, match) for text, match in pairs if text != match)
            return (
                f"differ only in {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}, "
                f"such as {first!r} and {second!r}"
            )
    return ""


def _written(ids: Iterable[str], names: Iterable[str]) -> list[str]:
    for name in names:
        ids = list(map(WAYS[name], ids))
    return list(ids)
