"""What a model said about a split: the value the chain hands to its judge. No torch in sight."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Predictions:
    """One exported file's word on every row of one split.

    Args:
        ids: Unique row ids, ``(rows,)``, str.
        labels: True classes, ``(rows,)``, integers in ``[0, classes)``.
        probabilities: ``(rows, classes)``; each row sums to 1.
        groups: Group column -> group of each row, ``(rows,)``, str. The column named ``label``,
            if any, holds class names and is judged one-vs-rest.
        identities: Whose picture a row is, ``(rows,)``, str; None: rows are independent.
        weights: What a row counts in rates, ``(rows,)``, > 0.
        classes: Names of the classes.
        model: sha256 of the file that predicted.
        data: sha256 of the data set.
    """

    ids: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    groups: dict[str, np.ndarray]
    identities: np.ndarray | None
    weights: np.ndarray
    classes: tuple[str, ...]
    model: str
    data: str


def save(predictions: Predictions, path: Path) -> None:
    """Write predictions as Parquet, whole or not at all."""
    raise NotImplementedError


def load(path: Path) -> Predictions:
    """Read predictions; refuse NaN, probabilities outside 0-1, duplicate or missing ids."""
    raise NotImplementedError
