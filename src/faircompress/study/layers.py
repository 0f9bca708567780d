"""Who is decided rightly, at three thresholds: one half, the dense model's selection rate, its FPR.

Harm at one half may be a moved threshold; what is left at the dense model's selection rate is not.
What is left where each group keeps its own false positive rate is lost ranking within the group.
``docs/statistics.md``, 16.5, tells the three apart for one file; here they are taken for each run
of a study. Thresholds are chosen on validation rows, for each run anew, but for the last: the false
positive rate in each group is that of the test rows.
"""

from dataclasses import dataclass

import numpy as np

from faircompress.data.predictions import Predictions
from faircompress.evaluation.harm_layers import chance_selected
from faircompress.evaluation.operating_point import (
    HALF,
    OperatingPoint,
    choose,
    split_validation,
)
from faircompress.study.cells import Part

POSITIVE = 1


@dataclass(frozen=True, eq=False)
class Told:
    """What a model said of the rows that choose and of the rows that test.

    Args:
        validation: Predictions there.
        test: Predictions there.
    """

    validation: Predictions
    test: Predictions

    @property
    def binary(self) -> bool:
        """Tell whether one threshold parts the classes."""
        return len(self.test.classes) == 2


def as_often(asked: Told, model: Told) -> OperatingPoint:
    """Return the threshold at which ``model`` says yes as often as ``asked`` does at one half."""
    said = asked.validation
    _, decide = split_validation(said.ids, said.identities)
    return choose(
        "baseline",
        baseline=said.probabilities[decide],
        candidate=model.validation.probabilities[decide],
        labels=said.labels[decide],
        weights=said.weights[decide],
    )


def right_at_half(model: Told) -> np.ndarray:
    """Return which test rows are decided rightly as training left it, 0 or 1."""
    return (model.test.probabilities.argmax(1) == model.test.labels).astype(float)


def right_at_rate(asked: Told, model: Told) -> np.ndarray:
    """Return which test rows ``model`` decides rightly where it says yes as often as ``asked``.

    Several classes have no such threshold: the most probable one is taken.
    """
    if not model.binary:
        return right_at_half(model)
    selected = as_often(asked, model).selects(model.test.probabilities)
    return (selected == (model.test.labels == POSITIVE)).astype(float)


def found_at_own_rate(dense: Told, model: Told, part: Part, group: np.ndarray) -> np.ndarray | None:
    """Return the chance that each row of a positive cell is found at its group's dense FPR.

    Args:
        dense: By whose false positive rate in the group the threshold is set.
        model: Whose rows are decided.
        part: The cell; all its rows are positive.
        group: Test rows of the cell's group.

    Returns:
        ``(rows of the part,)``; None for several classes, other cells, groups without negatives.
    """
    labels = model.test.labels
    others = group[labels[group] != POSITIVE]
    if not model.binary or not len(others) or (labels[part.rows] != POSITIVE).any():
        return None
    weights = model.test.weights[others]
    share = np.average(dense.test.probabilities[others, POSITIVE] >= HALF, weights=weights)
    scores = model.test.probabilities[:, POSITIVE].astype(float)
    return chance_selected(scores[part.rows], scores[others], weights, float(share))


def group_of(cell: Part, groups: dict[str, Part]) -> Part | None:
    """Return the group that a cell is a class of: ``hair=short`` of ``blond, hair=short``."""
    return groups.get(cell.name.rpartition(", ")[2])


def against_everybody(said: Predictions, group: Part) -> Part:
    """Return a group's positives and everybody's negatives: their AUROC is the cross-group one."""
    positives = group.rows[said.labels[group.rows] == POSITIVE]
    rows = np.concatenate([positives, np.flatnonzero(said.labels != POSITIVE)])
    return Part(f"{group.name} against everybody", rows, POSITIVE, False)
