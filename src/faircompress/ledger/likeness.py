"""What two tables' histograms have in common beyond chance.

A bin holds t rows of both tables together, its stratum N of one and M of the other. Give the one's
rows the value sqrt(M/N), the other's -sqrt(N/M). Where rows are independent draws, the values in a
bin are independent given t and have one mean, so the product of two has an expectation of at least
0, whatever the two populations are. Minus the products, summed over the pairs of a bin, is on
average at most 0, with variance t(t - 1)/2 for one population; a row that stands in both tables
adds 1. Where N and M were fixed, as they are in parts of the ranks, values sum to 0 in a stratum,
which adds t(t - 1)/2(N + M - 1): that is taken off. A bin counts 2/t, so that full ones do not
drown the others.
"""

from dataclasses import dataclass

import numpy as np

from faircompress.ledger.histograms import DECIMALS, Histogram, stratum_of, view_of


@dataclass(frozen=True)
class Common:
    """What two tables have in common in one view.

    Args:
        view: Its number.
        rows: In common beyond chance, in rows that count 2/t.
        noise: Standard deviation that chance gives it.
        of: What it would be if all rows of the smaller table were in the other.
    """

    view: int
    rows: float
    noise: float
    of: float


def in_common(new: Histogram, old: Histogram) -> list[Common]:
    """Compare two tables in each view that both have."""
    bins = np.union1d(new[0], old[0])
    ours, theirs = (_filled(bins, *histogram) for histogram in (new, old))
    views = view_of(bins)
    both = np.intersect1d(view_of(new[0]), view_of(old[0]))
    return [
        _of_view(int(view), bins[at], ours[at], theirs[at])
        for view, at in ((view, views == view) for view in both)
    ]


def decimals(bins: np.ndarray) -> int:
    """Return how many decimals, of ``DECIMALS``, a table's scores have at most."""
    return DECIMALS[int(view_of(bins[:1])[0]) // 2]


def _of_view(view: int, bins: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> Common:
    stratum = np.unique(stratum_of(bins), return_inverse=True)[1].ravel()
    mine, yours = (np.bincount(stratum, counts)[stratum] for counts in (ours, theirs))
    together, least = ours + theirs, ours if ours.sum() <= theirs.sum() else theirs
    of = float((2 * least / np.maximum(together, 2)).sum())
    filled = (together > 1) & (mine > 0) & (yours > 0)
    n, m, t, value = (
        ours[filled],
        theirs[filled],
        together[filled],
        np.sqrt(yours[filled] / mine[filled]),
    )
    rows = (n * value**2 + m / value**2 - (n * value - m / value) ** 2) / 2
    rows -= t * (t - 1) / 2 / (mine[filled] + yours[filled] - 1)
    noise = np.sqrt((2 * (t - 1) / t).sum())
    return Common(view, float((2 / t * rows).sum()), float(noise), of)


def _filled(bins: np.ndarray, known: np.ndarray, counts: np.ndarray) -> np.ndarray:
    filled = np.zeros(len(bins))
    filled[np.searchsorted(bins, known)] = counts
    return filled
