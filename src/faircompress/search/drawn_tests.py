"""Test sets as they may come out, drawn from what two files say of validation rows.

Of the real test split only the counts are used: how many rows of each label and groups, of which
weight and whose. Each row is given the answers of a validation row of its cell, smoothed, so that
flips occur that a few validation rows happen not to show. People are drawn again first, so that
draws differ also by what validation rows cannot tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faircompress.data.predictions import Predictions
from faircompress.evaluation.operating_point import log_odds

FEWEST = 20  # validation rows of a cell; with fewer, its answers are drawn from a wider one
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Answers:
    """What the files say of validation rows: the dense one first, then each pruned one.

    Args:
        files: Predictions, all of the same rows.
    """

    files: Sequence[Predictions]

    @property
    def logits(self) -> NDArray[np.float64]:
        """Return log odds of class 1 by row and file, ``(rows, files)``."""
        return np.stack([log_odds(one.probabilities) for one in self.files], 1)


def counted(test: Predictions) -> Predictions:
    """Return the test split's counts alone: in an order that no picture and no name decides."""
    keys = [*test.groups.values(), test.weights.astype(str), test.labels.astype(str)]
    order = np.lexsort(keys)
    return replace(
        test,
        ids=np.array([f"row {at}" for at in range(len(order))]),
        labels=test.labels[order],
        probabilities=test.probabilities[order],
        groups={name: column[order] for name, column in test.groups.items()},
        identities=None if test.identities is None else test.identities[order],
        weights=test.weights[order],
    )


def drawn(
    answers: Answers, test: Predictions, *, draws: int, seed: int
) -> Iterator[list[Predictions]]:
    """Yield test sets: what each file may say of rows of the test split's counts.

    Args:
        answers: On validation rows.
        test: Counts of the test split; see ``counted``. Its probabilities are not read.
        draws: How many.
        seed: Of the draws.
    """
    validation = answers.files[0]
    sources = _sources(validation, test)
    people = validation.ids if validation.identities is None else validation.identities
    _, person = np.unique(people, return_inverse=True)
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        again = rng.integers(0, person.max() + 1, person.max() + 1)
        times = np.bincount(again, minlength=person.max() + 1)
        yield _one(answers, test, sources, times[person], rng)


def _one(
    answers: Answers,
    test: Predictions,
    sources: Sequence[tuple[Rows, Rows]],
    times: NDArray[np.intp],
    rng: np.random.Generator,
) -> list[Predictions]:
    """Return one test set."""
    first = answers.files[0]
    several = len(first.classes) > 2
    logits = None if several else answers.logits
    shape = (len(answers.files), len(test.ids), len(first.classes))
    found = np.empty(shape, np.float64)
    for rows, of_cell in sources:
        often = np.repeat(of_cell, times[of_cell])
        pool = often if len(often) else of_cell
        taken = pool[rng.integers(0, len(pool), len(rows))]
        if logits is None:  # the answers of rows as they are: of several classes there is no line
            for at, file in enumerate(answers.files):
                found[at, rows] = file.probabilities[taken]
        else:
            found[:, rows, 1] = _smoothed(logits[pool], logits[taken], rng).T
    if logits is not None:
        likely = 1 / (1 + np.exp(-np.clip(found[..., 1], -60, 60)))
        found = np.stack([1 - likely, likely], -1)
    return [
        replace(test, probabilities=one, classes=file.classes, model=file.model, data=file.data)
        for one, file in zip(found, answers.files, strict=True)
    ]


def _smoothed(
    pool: NDArray[np.float64], taken: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return rows moved by a normal kernel (Scott's width), of the pool's mean and covariance."""
    mean = pool.mean(0)
    width = float(len(np.unique(pool[:, 0]))) ** (-1 / 6)
    spread = np.cov(pool, rowvar=False) + 1e-9 * np.eye(pool.shape[1])
    noise = rng.multivariate_normal(np.zeros(len(mean)), spread, len(taken), method="eigh")
    moved: NDArray[np.float64] = mean + (taken - mean + width * noise) / np.sqrt(1 + width**2)
    return moved


def _sources(validation: Predictions, test: Predictions) -> list[tuple[Rows, Rows]]:
    """Return, by cell of the test split, its rows and the validation rows it is drawn from."""
    columns = [name for name in test.groups if name != "label"]
    here, there = (
        pd.DataFrame({"label": one.labels, **{name: one.groups[name] for name in columns}})
        for one in (validation, test)
    )
    cells = there.groupby(["label", *columns], sort=True).indices
    return [(rows, _wide_enough(here, columns, there.iloc[rows[0]])) for rows in cells.values()]


def _wide_enough(here: pd.DataFrame, columns: Sequence[str], cell: pd.Series) -> Rows:
    """Return validation rows of a cell; of the smallest cell around it, if those are too few."""
    right = {name: (here[name] == cell[name]).to_numpy() for name in ["label", *columns]}
    found = np.flatnonzero(right["label"])
    for size in range(len(columns), 0, -1):
        tried = [
            np.flatnonzero(np.logical_and.reduce([right[name] for name in ("label", *some)]))
            for some in combinations(columns, size)
        ]
        large = [rows for rows in tried if len(rows) >= FEWEST]
        if large:
            return min(large, key=len)
    return found
