"""The standard error of a change of AUROC, after DeLong, for clusters with several rows.

Source:
    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988); for clusters Obuchowski, Nonparametric
    analysis of clustered ROC curve data, Biometrics 53 (1997). Departures: rows may have
    weights; what a person pulls is added up, over a mean's classes too, before it is squared, so
    of clusters on both sides each side's correction counts by its root.
"""

import math
from collections.abc import Sequence

import numpy as np

from faircompress.statistics.clusters import count_clusters
from faircompress.statistics.metrics import Ranking


def standard_error(
    baseline: Ranking, candidate: Ranking, cluster: np.ndarray, weights: np.ndarray
) -> float | None:
    """Return the standard error of candidate minus baseline AUROC; see ``error_of_mean``."""
    return error_of_mean([(baseline, candidate)], cluster, weights)


def error_of_mean(
    pairs: Sequence[tuple[Ranking, Ranking]], cluster: np.ndarray, weights: np.ndarray
) -> float | None:
    """Return the standard error of the mean change of AUROC over questions to the same rows.

    Args:
        pairs: The baseline and the candidate file's scores, for each question.
        cluster: Identity of each row, integers.
        weights: Of each row.

    Returns:
        None where fewer than 2 clusters are on a side of a question.
    """
    total = np.zeros(int(cluster.max()) + 1)
    for baseline, candidate in pairs:
        pull = placements(candidate, weights) - placements(baseline, weights)
        for side in (baseline.above, ~baseline.above):
            clusters = count_clusters(cluster[side])
            if clusters < 2:
                return None
            share = weights * side / weights[side].sum()
            pulled = np.bincount(cluster, share * (pull - (share * pull).sum()))
            total += math.sqrt(clusters / (clusters - 1)) * pulled
    return math.sqrt(float(total @ total)) / len(pairs)


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
