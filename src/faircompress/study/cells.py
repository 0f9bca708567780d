"""What one run of a study is worth: rates of both models, by group and by cell.

A *group* is one value of a group column; a *cell* is one class of one group, such as blond with
short hair. A cell's rate is the share decided rightly: of the positives the true positive rate.
Decisions are the most probable class, so no threshold is chosen on anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faircompress.data.predictions import Predictions, check_pair

ALL = "all"
RIGHT, AUROC = "right", "auroc"


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that are looked at together.

    Args:
        name: Such as ``hair=short`` or ``blond, hair=short``.
        rows: Their positions.
        question: Class that is told from the rest, for AUROC; None: no AUROC.
        is_cell: A class of a group, not a group.
    """

    name: str
    rows: np.ndarray
    question: int | None
    is_cell: bool


def parts(said: Predictions) -> list[Part]:
    """Return all rows, every group, and every cell of class and group."""
    binary = len(said.classes) == 2
    everyone = np.arange(len(said.ids))
    found = [Part(ALL, everyone, 1 if binary else None, False)]
    for column, values in said.groups.items():
        if column == "label":
            found += [Part(f"label={n}", everyone, k, False) for k, n in enumerate(said.classes)]
            continue
        for value in np.unique(values):
            rows = np.flatnonzero(values == value)
            found.append(Part(f"{column}={value}", rows, 1 if binary else None, False))
    return found + list(_cells(said))


def _cells(said: Predictions) -> Iterator[Part]:
    columns = [column for column in said.groups if column != "label"]
    for k, name in enumerate(said.classes):
        if not columns or "label" in said.groups:
            yield Part(name, np.flatnonzero(said.labels == k), None, True)
        for column in columns:
            values = said.groups[column]
            for value in np.unique(values):
                rows = np.flatnonzero((said.labels == k) & (values == value))
                yield Part(f"{name}, {column}={value}", rows, None, True)


def rates(dense: Predictions, pruned: Predictions) -> pd.DataFrame:
    """Return both models' weighted rates, one line a part and metric; undefined ones are left out.

    Returns:
        Columns ``part``, ``is_cell``, ``metric``, ``rows``, ``dense``, ``pruned``, ``change``.

    Raises:
        ValueError: If the two do not speak of the same rows.
    """
    check_pair(dense, pruned)
    lines = []
    for part in parts(dense):
        for metric in (RIGHT, AUROC):
            found = [rate(said, part, metric) for said in (dense, pruned)]
            if None not in found:
                lines.append((part.name, part.is_cell, metric, len(part.rows), *found))
    table = pd.DataFrame(lines, columns=["part", "is_cell", "metric", "rows", "dense", "pruned"])
    return table.assign(change=table["pruned"] - table["dense"])


def rate(said: Predictions, part: Part, metric: str) -> float | None:
    """Return one rate of one model; None where it is undefined."""
    ones = np.ones((1, len(part.rows)))
    found = weighted_right if metric == RIGHT else weighted_auroc
    value = found(said, part, ones)
    return None if value is None or np.isnan(value[0]) else float(value[0])


def weighted_right(said: Predictions, part: Part, times: np.ndarray) -> np.ndarray | None:
    """Return the share decided rightly, if rows counted ``times``, ``(draws, rows)``."""
    if not len(part.rows):
        return None
    right = said.probabilities[part.rows].argmax(1) == said.labels[part.rows]
    weights = said.weights[part.rows]
    with np.errstate(invalid="ignore"):
        return (times @ (weights * right)) / (times @ weights)


def weighted_auroc(said: Predictions, part: Part, times: np.ndarray) -> np.ndarray | None:
    """Return the area under the ROC curve, if rows counted ``times``, ``(draws, rows)``."""
    if part.question is None:
        return None
    above = said.labels[part.rows] == part.question
    if above.all() or not above.any():
        return None
    scores = said.probabilities[part.rows, part.question]
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    weights = (times * said.weights[part.rows])[:, order]
    ours = np.add.reduceat(weights * above[order], starts, axis=1)
    theirs = np.add.reduceat(weights * ~above[order], starts, axis=1)
    below = np.cumsum(theirs, axis=1) - theirs
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ours * (below + theirs / 2)).sum(1) / (ours.sum(1) * theirs.sum(1))


def rarest(counts: pd.Series, said: Predictions) -> str:
    """Return the cell with the fewest train rows, of those the test split has.

    Args:
        counts: Train rows by cell name; a cell that train lacks has none.
        said: Of the test split; of equally rare cells the one with the fewest rows here.
    """
    here = [part for part in parts(said) if part.is_cell and len(part.rows)]
    return min(here, key=lambda part: (counts.get(part.name, 0), len(part.rows))).name


def cell_counts(rows: pd.DataFrame, classes: Sequence[str], groups: Sequence[str]) -> pd.Series:
    """Return how many rows of a table each cell has, by the names that ``parts`` gives."""
    names = pd.Series(np.asarray(classes, object)[rows["label"]], rows.index)
    columns = [column for column in groups if column != "label"]
    found = [names] if not columns or "label" in groups else []
    found += [names + f", {column}=" + rows[column].astype(str) for column in columns]
    return pd.concat(found).value_counts()


def excess_harm(table: pd.DataFrame) -> pd.Series:
    """Return psi of each group: its fall in accuracy, less the fall of all rows.

    Source:
        Hashemizadeh et al., Balancing Act: Constraining Disparate Impact in Sparse Models,
        ICLR 2024. For groups of the column ``label`` the accuracy is the class's own.
    """
    right = table[table["metric"] == RIGHT].set_index("part")
    pooled = right.loc[ALL, "change"]
    labels = [name for name in right.index if str(name).startswith("label=")]
    own = right[~right["is_cell"]].drop(index=[ALL, *labels])["change"]
    classes = [name.removeprefix("label=") for name in labels]
    return pd.concat([own, right["change"].reindex(classes)]).rsub(0) + pooled
