"""Whether two of a baseline's classes changed places, where both still stand out from the rest.

Of ages in order, a class whose column is its neighbour's still ranks above most others, so that its
AUROC against the rest stays above chance. Between the two it is surely below.
"""

from collections.abc import Iterator

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.statistics.paired_proportions import share_upper
from faircompress.support.errors import InputError

CLEARLY = 0.4  # AUROC between two classes above which a model is merely bad at them


def refuse_exchanged(comparison: PairedComparison, *, alpha: float) -> None:
    """Refuse a baseline that reliably takes one class for another, and gains by their exchange.

    Rows of both classes are drawn in pairs, of each cluster one, so that pairs are independent.

    Args:
        comparison: The models.
        alpha: Chance of error over all pairs of classes.

    Raises:
        ValueError: Naming both classes.
    """
    classes = len(comparison.classes)
    for one, other in _suspects(comparison):
        won, pairs = _won(comparison, one, other)
        if not pairs or won > CLEARLY * pairs:
            continue
        most = share_upper(won, pairs, alpha / (classes * (classes - 1) / 2))
        if most < 0.5:
            names = comparison.classes[one], comparison.classes[other]
            raise InputError(
                f"the baseline takes {names[0]!r} and {names[1]!r} for each other: between them "
                f"its AUROC is {won / pairs:.3f} on {pairs:,} pairs of rows, surely below "
                f"{most:.3f}, chance being 0.5. Did their columns or names change places? Correct "
                "the columns or the order of classes."
            )


def _suspects(comparison: PairedComparison) -> Iterator[tuple[int, int]]:
    """Give the pairs of classes whose rows would be given more of their class by an exchange."""
    labels, p = comparison.baseline.labels, comparison.baseline.probabilities
    classes, first, counts = np.unique(np.sort(labels), return_index=True, return_counts=True)
    mean = np.zeros((p.shape[1],) * 2)
    sums = np.add.reduceat(p[np.argsort(labels)], first, axis=0, dtype=float)
    mean[classes] = sums / counts[:, None]
    own = np.diag(mean)
    gain = mean + mean.T - own[:, None] - own[None, :]
    there = np.isin(np.arange(len(mean)), classes)
    yield from zip(*np.nonzero(np.triu(gain > 0, 1) & np.outer(there, there)), strict=True)


def _won(comparison: PairedComparison, one: int, other: int) -> tuple[float, int]:
    """Return how many pairs rank rightly, a tie being half, and how many there are."""
    rng = np.random.default_rng(comparison.seed)
    scores = []
    for label in (one, other):
        rows = rng.permutation(np.flatnonzero(comparison.baseline.labels == label))
        rows = rows[np.unique(comparison.cluster[rows], return_index=True)[1]]
        p = comparison.baseline.probabilities[rng.permutation(rows)][:, [one, other]].astype(float)
        both = p.sum(axis=1)
        scores.append(np.divide(p[:, 0], both, out=np.full(len(p), 0.5), where=both > 0))
    pairs = min(map(len, scores))
    ahead = scores[0][:pairs] - scores[1][:pairs]
    return float((ahead > 0).sum() + (ahead == 0).sum() / 2), pairs
