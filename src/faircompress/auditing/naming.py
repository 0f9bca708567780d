"""Names of an audited table that are damaged, almost equal, or words for unknown."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data.negative_words import negative_first
from faircompress.data.predictions import Predictions
from faircompress.data.unknown_codes import sentence as unknown_codes_sentence
from faircompress.data.unknown_codes import unknown_codes
from faircompress.data.words import DATE, damaged, listed, near, proposed_bins, rounded, unknown

MEND = "Mend the table where it was made: write ranges and codes as text."
MANY, FEW = 24, 20  # groups of a column, and rows of each, beyond and below which it is told
LEAVE_OUT = "If so, leave such rows out for both models, or call them otherwise."
LOST = "The digits are gone. Write ids as text where the table was made."


def refuse_damaged(table: Table, option: str, column: str, texts: np.ndarray) -> None:
    """Refuse a column of which names were damaged: rows would be in groups that nobody meant.

    Args:
        table: Of the rows.
        option: By which the column was named.
        column: Its name.
        texts: Its fields as text, ``(rows,)``.

    Raises:
        ValueError: Naming the first.
    """
    found = damaged(np.unique(texts).tolist())
    bad = np.isin(texts, list(found))
    if bad.any():
        table.refuse(spelt(option), column, bad, found[str(texts[bad.argmax()])], MEND)


def clusters(table: Table, column: str) -> np.ndarray:
    """Return a column that says which cluster a row is in, ``(rows,)``.

    Raises:
        ValueError: If a field is empty, or lost digits by which clusters differ.
    """
    texts = table.texts(spelt("cluster"), column)
    refuse_rounded(table, "cluster", column, texts)
    return texts


def refuse_rounded(table: Table, option: str, column: str, texts: np.ndarray) -> None:
    """Refuse ids that a spreadsheet rounded: different ones became equal."""
    bad = np.isin(texts, rounded(np.unique(texts).tolist()))
    fault = "looks like a long number that a spreadsheet rounded"
    table.refuse(spelt(option), column, bad, fault, LOST)


def doubtful_names(rows: Predictions) -> list[str]:
    """Say which groups and classes are almost one, which are words for unknown, which is positive.

    The positive is told where it is the one of two classes whose name says no.
    """
    columns = {"label": list(rows.classes)} | {
        name: np.unique(column).tolist() for name, column in rows.groups.items() if name != "label"
    }
    notes = _no_as_positive([name.rpartition("=")[2] for name in rows.classes])
    for column, names in columns.items():
        if alike := near(names):
            notes.append(
                f"Names in {column} are almost equal: {listed(alike)}. If they mean the same, give "
                "them one name: apart, each has fewer rows, and harm to it is harder to see."
            )
        if strange := unknown(names):
            texts = ", ".join(map(repr, strange))
            notes.append(
                f"{texts} in {column} is a word for unknown, and is evaluated like any other. "
                "Leave such rows out for both models, or call them otherwise."
            )
        if codes := unknown_codes(name.rpartition("=")[2] for name in names):
            notes.append(unknown_codes_sentence(column, codes, LEAVE_OUT))
        if bands := proposed_bins(pd.Series(rows.groups.get(column, []), dtype=object)):
            notes.append(
                f"{column} has {len(names)} numbers as groups, each with few rows. If it measures, "
                f"write bands in their place, such as {bands}."
            )
        elif column != "label" and len(names) > MANY and len(rows.labels) < FEW * len(names):
            dates = all(DATE.fullmatch(name.strip()) for name in names)
            cure = "Write years or seasons" if dates else "Write fewer, larger groups"
            notes.append(
                f"{column} has {len(names)} {'dates' if dates else 'words'} as groups, each with "
                f"few rows. {cure} in their place."
            )
    cluster_names = [] if rows.identities is None else np.unique(rows.identities).tolist()
    if alike := near(cluster_names):
        notes.append(
            f"Names of clusters are almost equal: {listed(alike)}. If they are one, write them "
            "alike: apart, they count as evidence of their own, and bounds are too narrow."
        )
    for name in unknown(cluster_names):
        notes.append(
            f"Cluster {name!r} is a word for unknown, and its rows count as one cluster. Give "
            "each of them an id of its own, if they are not."
        )
    return notes


def _no_as_positive(classes: Sequence[str]) -> list[str]:
    ordered = negative_first(classes) if len(classes) == 2 else None
    if ordered is None or ordered == tuple(classes):
        return []
    no, yes = ordered
    return [
        f"The positive class is {no!r}, the second of two: positives, and the rates of them, are "
        f"rows of {no!r}. If {yes!r} is meant, it must be the second ({spelt('classes')} in an "
        "audit)."
    ]
