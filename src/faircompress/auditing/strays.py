"""Labels of a table that are stray: a few beside two classes."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from faircompress.auditing.number_cells import as_numbers
from faircompress.auditing.rows import naturally
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data.words import unknown

RARE = 0.05  # share of rows up to which values beside two classes are taken for strays


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
