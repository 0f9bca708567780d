"""From probabilities to decisions, and to the answers that metrics read."""

from dataclasses import dataclass

import numpy as np

from faircompress.data.predictions import Predictions
from faircompress.statistics.metrics import Answers
from faircompress.support.errors import InputError


@dataclass(frozen=True)
class Decided:
    """A model's probabilities and what it decides by them.

    Args:
        labels: True classes, ``(rows,)``.
        probabilities: ``(rows, classes)``.
        decisions: Class decided for, ``(rows,)``.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    decisions: np.ndarray


def decide(predictions: Predictions, threshold: float | None) -> Decided:
    """Decide: two classes by threshold on class 1, more by the most probable."""
    p = predictions.probabilities
    decisions = p.argmax(axis=1) if threshold is None else (p[:, 1] >= threshold).astype(int)
    return Decided(predictions.labels, p, decisions)


def answers(decided: Decided, rows: np.ndarray, question: int | None) -> Answers:
    """Put one yes-no question about some rows: "is it class c?"; None: "is it right?"."""
    labels, decisions = decided.labels[rows], decided.decisions[rows]
    if question is None:
        right = labels == decisions
        return Answers(np.ones_like(right), decided.probabilities[rows].max(axis=1), right, right)
    truth, positive = labels == question, decisions == question
    return Answers(truth, decided.probabilities[rows, question], positive, truth == positive)


def most_accurate_threshold(validation: Predictions) -> float:
    """Return the threshold that decides most validation rows rightly, by weight.

    Candidates lie midway between neighbouring probabilities. Of equally good ones the nearest to
    one half is taken. Never to be used on test rows.
    """
    if len(validation.classes) != 2:
        raise InputError(f"{len(validation.classes)} classes; a threshold needs two")
    p = validation.probabilities[:, 1].astype(float)
    order = np.argsort(p, kind="stable")
    p, signed = p[order], np.where(validation.labels == 1, -1.0, 1.0)[order]
    gain = np.concatenate([[0.0], np.cumsum(signed * validation.weights[order])])
    cuts = np.concatenate([[0.0], (p[1:] + p[:-1]) / 2, [1.0]])
    allowed = np.concatenate([[True], p[1:] > p[:-1], [True]])
    best = allowed & (gain >= gain[allowed].max() - 1e-9)
    chosen = float(cuts[best][np.abs(cuts[best] - 0.5).argmin()])
    return min(max(chosen, 1e-9), 1 - 1e-9)
