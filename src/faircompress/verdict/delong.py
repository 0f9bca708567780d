"""The standard error of a change of AUROC, after DeLong, for people with several rows.

Source:
    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988); for clusters Obuchowski, Nonparametric
    analysis of clustered ROC curve data, Biometrics 53 (1997). Departure: rows may have weights.
"""

import math

import numpy as np

from faircompress.metrics import Ranking


def standard_error(
    dense: Ranking, pruned: Ranking, who: np.ndarray, weights: np.ndarray
) -> float | None:
    """Return the standard error of pruned minus dense AUROC; None: fewer than 2 on a side.

    Args:
        dense: The dense file's scores.
        pruned: The pruned file's, of the same rows.
        who: Identity of each row, integers.
        weights: Of each row.
    """
    above = dense.above
    people = [np.count_nonzero(np.bincount(who[side])) for side in (above, ~above)]
    if min(people) < 2:
        return None
    pull = placements(pruned, weights) - placements(dense, weights)
    sums, corrections = [], []
    for side, count in zip((above, ~above), people, strict=True):
        share = weights * side / weights[side].sum()
        off = share * (pull - (share * pull).sum())
        sums.append(np.bincount(who, off))
        corrections.append(count / (count - 1))
    everyone = np.count_nonzero(np.bincount(who))
    both = 2 * everyone / (everyone - 1) * (sums[0] @ sums[1])
    own = sum(factor * (x @ x) for factor, x in zip(corrections, sums, strict=True))
    return math.sqrt(max(float(own + both), 0.0))


def placements(measure: Ranking, weights: np.ndarray) -> np.ndarray:
    """Return how often a row wins against all rows of the other class, by weight, ``(rows,)``.

    A positive wins by scoring higher, a negative by scoring lower; ties count one half.
    """
    above = measure.above
    _, place = np.unique(measure.scores, return_inverse=True)
    ours, theirs = np.bincount(place, weights * above), np.bincount(place, weights * ~above)
    below = (np.cumsum(theirs) - theirs / 2) / theirs.sum()
    higher = 1 - (np.cumsum(ours) - ours / 2) / ours.sum()
    return np.where(above, below[place], higher[place])
