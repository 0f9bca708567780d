"""Numbers that every verdict reports and no rule can gate, for want of a bound or of a direction.

Brier score and calibration error judge probabilities, and a file that is well calibrated in a
group can still be wrong there. A flipped decision may be for the better. psi has a bound, but
under its own name as a rule: accuracy binds excess.

Source:
    Calibration error: Guo et al., On calibration of modern neural networks, ICML 2017; 15 bins of
    equal width. psi: Hashemizadeh et al., Balancing act, ICLR 2024.
"""

from typing import Any

import numpy as np

from faircompress.verdict.groups import Group
from faircompress.verdict.hearing import Hearing
from faircompress.verdict.rates import Decided, answers

BINS = 15


def reported(hearing: Hearing, group: Group) -> dict[str, Any]:
    """Return a group's numbers as plain values, pruned minus dense where there are two."""
    files = {"dense": hearing.dense, "pruned": hearing.pruned}
    rows, weights = group.rows, hearing.weights[group.rows]
    found = {}
    for name, number in (("brier", brier), ("calibration_error", calibration_error)):
        pair = {side: number(file, rows, group.question, weights) for side, file in files.items()}
        found[name] = {**pair, "change": pair["pruned"] - pair["dense"]}
    flips = hearing.dense.decisions[rows] != hearing.pruned.decisions[rows]
    return {
        **found,
        "decision_flips": float(np.average(flips, weights=weights)),
        "psi": psi(hearing, group),
    }


def brier(said: Decided, rows: np.ndarray, question: int | None, weights: np.ndarray) -> float:
    """Return half the squared distance of probabilities from the truth, on average, 0-1."""
    if question is not None:
        one = answers(said, rows, question)
        return float(np.average((one.score - one.truth) ** 2, weights=weights))
    truth = np.eye(said.probabilities.shape[1])[said.labels[rows]]
    distance = ((said.probabilities[rows] - truth) ** 2).sum(axis=1) / 2
    return float(np.average(distance, weights=weights))


def calibration_error(
    said: Decided, rows: np.ndarray, question: int | None, weights: np.ndarray
) -> float:
    """Return how far probabilities are from how often they hold, on average over bins, 0-1.

    Two classes, or one against the rest: of the positive class; more classes: of the likeliest.
    """
    if question is None and said.probabilities.shape[1] == 2:
        question = 1
    if question is None:
        p = said.probabilities[rows]
        held, score = p.argmax(axis=1) == said.labels[rows], p.max(axis=1)
    else:
        one = answers(said, rows, question)
        held, score = one.truth, one.score
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights * (held - score), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def psi(hearing: Hearing, group: Group) -> float | None:
    """Return a group's fall of accuracy beyond everyone's; None where it has no picture."""
    own = hearing.alone(group).rows
    return _fall(hearing, own) - _fall(hearing, hearing.everyone().rows) if len(own) else None


def _fall(hearing: Hearing, rows: np.ndarray) -> float:
    labels, weights = hearing.dense.labels[rows], hearing.weights[rows]
    right = [m.decisions[rows] == labels for m in (hearing.dense, hearing.pruned)]
    return float(np.average(right[0].astype(float) - right[1], weights=weights))
