"""Numbers that every verdict reports and no rule can gate, for want of a bound or of a direction.

Brier score and calibration error judge probabilities, and a model that is well calibrated in a
group can still be wrong there. A flipped decision may be for the better. psi has a bound, but
under its own name as a rule: rule excess_loss.

Source:
    Calibration error: Guo et al., On calibration of modern neural networks, ICML 2017; 15 bins of
    equal width. psi: Hashemizadeh et al., Balancing act, ICLR 2024.
"""

from typing import Any

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.decisions import Decided, answers
from faircompress.evaluation.groups import Group

BINS = 15


def reported(comparison: PairedComparison, group: Group) -> dict[str, Any]:
    """Return a group's numbers as plain values, candidate minus baseline where there are two."""
    models = (comparison.baseline, comparison.candidate)
    rows, weights = group.rows, comparison.weights[group.rows]
    found = {}
    for name, number in (("brier", brier), ("calibration_error", calibration_error)):
        ours, theirs = (number(model, rows, group.question, weights) for model in models)
        found[name] = {"baseline": ours, "candidate": theirs, "change": theirs - ours}
    flips = comparison.baseline.decisions[rows] != comparison.candidate.decisions[rows]
    return {
        **found,
        "decision_flips": float(np.average(flips, weights=weights)),
        "psi": psi(comparison, group),
    }


def brier(decided: Decided, rows: np.ndarray, question: int | None, weights: np.ndarray) -> float:
    """Return half the squared distance of probabilities from the truth, on average, 0-1."""
    if question is not None:
        one = answers(decided, rows, question)
        return float(np.average((one.score - one.truth) ** 2, weights=weights))
    truth = np.eye(decided.probabilities.shape[1])[decided.labels[rows]]
    distance = ((decided.probabilities[rows] - truth) ** 2).sum(axis=1) / 2
    return float(np.average(distance, weights=weights))


def calibration_error(
    decided: Decided, rows: np.ndarray, question: int | None, weights: np.ndarray
) -> float:
    """Return how far probabilities are from how often they hold, on average over bins, 0-1.

    Two classes, or one against the rest: of the positive class; more classes: of the likeliest.
    """
    if question is None and decided.probabilities.shape[1] == 2:
        question = 1
    if question is None:
        p = decided.probabilities[rows]
        held, score = p.argmax(axis=1) == decided.labels[rows], p.max(axis=1)
    else:
        one = answers(decided, rows, question)
        held, score = one.truth, one.score
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights * (held - score), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def psi(comparison: PairedComparison, group: Group) -> float | None:
    """Return a group's fall of accuracy beyond everyone's; None where it has no row."""
    own = comparison.alone(group).rows
    return (
        _fall(comparison, own) - _fall(comparison, comparison.everyone().rows) if len(own) else None
    )


def _fall(comparison: PairedComparison, rows: np.ndarray) -> float:
    labels, weights = comparison.baseline.labels[rows], comparison.weights[rows]
    right = [m.decisions[rows] == labels for m in (comparison.baseline, comparison.candidate)]
    return float(np.average(right[0].astype(float) - right[1], weights=weights))
