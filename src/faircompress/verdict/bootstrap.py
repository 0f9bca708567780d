"""People drawn again, with all their rows and both files' answers: the paired cluster bootstrap.

A replicate draws as many people as there are, within strata: of a mean, those with a row that
counts; of AUROC, those with positive rows only, with negative rows only, and with both.
"""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from scipy.stats import poisson

from faircompress.metrics import Mean, Measure, Ranking
from faircompress.verdict.units import SEED

REPLICATES = 2000
AT_ONCE = 16  # replicates of a round, at least: a person's counts lie side by side in the cache
COUNTS = 1 << 17  # of a round, where people are few
FEW = 64  # kinds of people that are drawn by kind, not one by one


def changes(
    dense: Measure,
    pruned: Measure,
    who: np.ndarray,
    weights: np.ndarray,
    *,
    replicates: int = REPLICATES,
) -> np.ndarray | None:
    """Return pruned minus dense in each replicate, ``(replicates,)``.

    Args:
        dense: The dense file's values.
        pruned: The pruned file's, of the same rows.
        who: Identity of each row, integers.
        weights: Of each row.
        replicates: How often to draw.

    Returns:
        None if it is undefined in any replicate; no replicate is dropped.
    """
    rng = np.random.default_rng(SEED)
    with np.errstate(invalid="ignore", divide="ignore"):
        if isinstance(dense, Ranking) and isinstance(pruned, Ranking):
            found = _of_rankings((dense, pruned), who, weights, replicates, rng)
        elif isinstance(dense, Mean) and isinstance(pruned, Mean):
            found = _of_means((dense, pruned), who, weights, replicates, rng)
        else:
            raise TypeError(f"{type(dense).__name__} and {type(pruned).__name__} are no pair")
    return found if len(found) and np.isfinite(found).all() else None


def _of_means(
    pair: tuple[Mean, Mean],
    who: np.ndarray,
    weights: np.ndarray,
    replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw people by what they add to both rates, since people who add the same are alike."""
    rows = pair[0].over | pair[1].over
    if not rows.any():
        return np.empty(0)
    unit = np.unique(who[rows], return_inverse=True)[1]
    columns = [part for m in pair for part in (m.over * m.values, m.over)]
    added = np.stack([np.bincount(unit, (weights * c)[rows]) for c in columns], axis=1)
    kinds, sizes = np.unique(added, axis=0, return_counts=True)
    if len(kinds) <= FEW:
        sums = rng.multinomial(sizes.sum(), sizes / sizes.sum(), size=replicates) @ kinds
    else:
        sums = np.concatenate([t.T @ added for t in _times([len(added)], replicates, rng)])
    return sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]


def _of_rankings(
    pair: tuple[Ranking, Ranking],
    who: np.ndarray,
    weights: np.ndarray,
    replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    above = pair[0].above
    if above.all() or not above.any():
        return np.empty(0)
    unit, strata = _by_stratum(who, above)
    few, many = (above, ~above) if above.sum() <= (~above).sum() else (~above, above)
    sign = 1.0 if few is above else -1.0  # a row of `few` should have the higher score
    places = [_places(sign * ranking.scores, few, many) for ranking in pair]
    heavy = [None if (w == 1).all() else w[:, None] for w in (weights[few], weights[many])]
    found = []
    for times in _times(strata, replicates, rng):
        ours, theirs = times.take(unit[few], axis=0), times.take(unit[many], axis=0)
        ours, theirs = (
            k if w is None else k * w for k, w in zip((ours, theirs), heavy, strict=True)
        )
        dense, pruned = (_wins(ours, *place) for place in places)
        total = ours.sum(axis=0) * theirs.sum(axis=0)
        found.append(np.einsum("ij,ij->j", theirs, pruned - dense) / total)
    return np.concatenate(found)


def _places(
    scores: np.ndarray, few: np.ndarray, many: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the order of the fewer rows, best first, and how many of them beat each other row.

    Where rows tie, two counts: those that beat it, and those that do not lose against it.
    """
    order = np.argsort(-scores[few], kind="stable")
    best_first = -scores[few][order]
    counts = [np.searchsorted(best_first, -scores[many], side) for side in ("left", "right")]
    return order, counts[:1] if (counts[0] == counts[1]).all() else counts


def _wins(times: np.ndarray, order: np.ndarray, counts: list[np.ndarray]) -> np.ndarray:
    """Return how much weight beats each of the other rows, ``(rows, replicates)``."""
    sums = np.zeros((len(times) + 1, times.shape[1]))
    np.cumsum(times.take(order, axis=0), axis=0, out=sums[1:])
    won = sums.take(counts[0], axis=0)
    return won if len(counts) == 1 else (won + sums.take(counts[1], axis=0)) / 2


def _by_stratum(who: np.ndarray, above: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Number people stratum by stratum; return each row's number, and the sizes of the strata."""
    person = np.unique(who, return_inverse=True)[1]
    stratum = (np.bincount(person, above) > 0) + 2 * (np.bincount(person, ~above) > 0)
    number = np.empty(len(stratum), dtype=int)
    number[np.argsort(stratum, kind="stable")] = np.arange(len(stratum))
    return number[person], [int(size) for size in np.bincount(stratum) if size]


def _times(strata: list[int], replicates: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield how often each person is drawn, ``(people, some replicates)``, in rounds."""
    at_once = max(COUNTS // sum(strata), AT_ONCE)
    for first in range(0, replicates, at_once):
        rows = min(at_once, replicates - first)
        yield np.concatenate([_drawn(size, rows, rng) for size in strata])


def _drawn(size: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``size`` of ``size`` people with replacement; return counts, ``(size, replicates)``.

    To save time most draws come from a table: Poisson counts with a mean a little below one are,
    given their sum, draws with replacement of that many. Those lacking are drawn one by one.
    """
    table = _poisson(1 - 5 / math.sqrt(size))
    while True:
        coins = np.frombuffer(rng.bytes(2 * size * replicates), dtype=np.uint16)
        counts = table.take(coins).reshape(size, replicates).astype(float)
        lacking = size - counts.sum(axis=0).astype(int)
        if (lacking >= 0).all():  # else, once in millions, all over again
            break
    column = np.repeat(np.arange(replicates), lacking)
    np.add.at(counts, (rng.integers(size, size=len(column)), column), 1.0)
    return counts


@cache
def _poisson(mean: float) -> np.ndarray:
    """Return 65,536 equally likely counts, Poisson with this mean; below 0: all 0."""
    places = (np.arange(1 << 16) + 0.5) / (1 << 16)
    return np.searchsorted(poisson.cdf(np.arange(32), max(mean, 0.0)), places).astype(np.uint8)
