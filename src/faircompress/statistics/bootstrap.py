"""People drawn again, with all their rows and both models' answers: the paired cluster bootstrap.

A replicate draws as many clusters as there are, within strata: of a mean, those with a row that
counts; of AUROC, those with positive rows only, with negative rows only, and with both. Where
several questions are asked at once, strata are those that no question tells apart, unless the
models' answers choose the rows (precision): then all clusters are one stratum.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import pdtr

from faircompress.statistics.independent_units import SEED
from faircompress.statistics.metrics import Mean, Measure, Ranking

REPLICATES = 2000
LEAST = 500  # replicates of very many clusters, where each is dear and the interval is short
DRAWN = 100_000_000  # clusters in all replicates together: 2,000 of up to 50,000
AT_ONCE = 16  # replicates of a round, at least: a person's counts lie side by side in the cache
COUNTS = 1 << 17  # of a round, where clusters are few
FEW = 64  # kinds of clusters that are drawn by kind, not one by one


def changes(
    baseline: Measure,
    candidate: Measure,
    cluster: np.ndarray,
    weights: np.ndarray,
    *,
    replicates: int | None = None,
) -> np.ndarray | None:
    """Return candidate minus baseline in each replicate; see ``mean_changes``."""
    return mean_changes([(baseline, candidate)], cluster, weights, replicates=replicates)


def mean_changes(
    pairs: Sequence[tuple[Measure, Measure]],
    cluster: np.ndarray,
    weights: np.ndarray,
    *,
    replicates: int | None = None,
) -> np.ndarray | None:
    """Return the mean over questions of the change in each replicate, ``(replicates,)``.

    A replicate asks all questions of the same clusters.

    Args:
        pairs: The baseline and the candidate file's values, for each question.
        cluster: Identity of each row, integers.
        weights: Of each row.
        replicates: How often to draw; None: 2,000 times, less often where clusters are very many.

    Returns:
        None if it is undefined in any replicate; no replicate is dropped.
    """
    rng, times = np.random.default_rng(SEED), replicates or enough(len(cluster) * len(pairs))
    means = [(d, p) for d, p in pairs if isinstance(d, Mean) and isinstance(p, Mean)]
    rankings = [(d, p) for d, p in pairs if isinstance(d, Ranking) and isinstance(p, Ranking)]
    with np.errstate(invalid="ignore", divide="ignore"):
        if len(rankings) == len(pairs):
            found = _of_rankings(rankings, cluster, weights, times, rng)
        elif len(means) == len(pairs):
            found = _of_means(means, cluster, weights, times, rng)
        else:
            kinds = sorted({type(measure).__name__ for pair in pairs for measure in pair})
            raise TypeError(f"{' and '.join(kinds)} are no pair")
    return found if len(found) and np.isfinite(found).all() else None


def enough(clusters: int) -> int:
    """Return how many replicates are drawn of so many clusters, counted once for each question."""
    return int(np.clip(DRAWN // max(clusters, 1), LEAST, REPLICATES))


def _of_means(
    pairs: Sequence[tuple[Mean, Mean]],
    cluster: np.ndarray,
    weights: np.ndarray,
    replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw clusters by what they add to the rates, since clusters who add the same are alike.

    Columns for each question: baseline sum and weight, candidate sum and weight.
    """
    rows = np.any([measure.over for pair in pairs for measure in pair], axis=0)
    if not rows.any():
        return np.empty(0)
    unit = np.unique(cluster[rows], return_inverse=True)[1]
    columns = [part for pair in pairs for m in pair for part in (m.over * m.values, m.over)]
    added = np.stack([np.bincount(unit, (weights * c)[rows]) for c in columns], axis=1)
    answers_choose = any((baseline.over != candidate.over).any() for baseline, candidate in pairs)
    counts = added[:, 1::4] > 0
    order, strata = _sorted(counts & (not answers_choose))
    sums = _sums_of_clusters(added[order], strata, replicates, FEW * len(pairs), rng)
    rates = sums[:, ::2] / sums[:, 1::2]
    return np.asarray((rates[:, 1::2] - rates[:, ::2]).mean(axis=1))


def _sums_of_clusters(
    added: np.ndarray, strata: Sequence[int], replicates: int, few: int, rng: np.random.Generator
) -> np.ndarray:
    """Return what the clusters drawn add up to, ``(replicates, columns)``; they lie by stratum."""
    parts = np.split(added, np.cumsum(strata)[:-1])
    alike = [_kinds(part) for part in parts]
    if sum(len(kinds) for _, kinds in alike) > few:
        return np.concatenate([t.T @ added for t in _times(strata, replicates, rng)])
    drawn = [
        rng.multinomial(len(of), np.bincount(of) / len(of), size=replicates) @ kinds
        for of, kinds in alike
    ]
    return np.asarray(sum(drawn))


def _of_rankings(
    pairs: Sequence[tuple[Ranking, Ranking]],
    cluster: np.ndarray,
    weights: np.ndarray,
    replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    sides = [baseline.above for baseline, _ in pairs]
    if any(above.all() or not above.any() for above in sides):
        return np.empty(0)
    unit, strata = _by_stratum(cluster, sides)
    duels = [_Duel.between(*pair, unit, weights) for pair in pairs]
    rounds = _times(strata, replicates, rng)
    return np.concatenate(
        [np.mean([duel.changes(times) for duel in duels], axis=0) for times in rounds]
    )


@dataclass(frozen=True)
class _Duel:
    """One question's rows, the rarer class against the other, ready to be drawn again and again.

    Args:
        units: Person of each row of the rarer class, and of the other.
        heavy: Their weights as columns; None: all 1.
        places: Of both files; see ``_places``.
    """

    units: tuple[np.ndarray, np.ndarray]
    heavy: tuple[np.ndarray | None, np.ndarray | None]
    places: tuple[tuple[np.ndarray, list[np.ndarray]], ...]

    @classmethod
    def between(
        cls, baseline: Ranking, candidate: Ranking, unit: np.ndarray, weights: np.ndarray
    ) -> "_Duel":
        above = baseline.above
        few, many = (above, ~above) if above.sum() <= (~above).sum() else (~above, above)
        sign = 1.0 if few is above else -1.0  # a row of `few` should have the higher score
        first, second = (
            None if (w == 1).all() else w[:, None] for w in (weights[few], weights[many])
        )
        places = tuple(_places(sign * m.scores, few, many) for m in (baseline, candidate))
        return cls((unit[few], unit[many]), (first, second), places)

    def changes(self, times: np.ndarray) -> np.ndarray:
        """Return the change of AUROC where clusters are drawn so often, ``(replicates,)``."""
        drawn = (times.take(unit, axis=0) for unit in self.units)
        ours, theirs = (k if w is None else k * w for k, w in zip(drawn, self.heavy, strict=True))
        baseline, candidate = (_wins(ours, *place) for place in self.places)
        total = ours.sum(axis=0) * theirs.sum(axis=0)
        return np.asarray(np.einsum("ij,ij->j", theirs, candidate - baseline) / total)


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


def _by_stratum(cluster: np.ndarray, sides: Sequence[np.ndarray]) -> tuple[np.ndarray, list[int]]:
    """Number clusters stratum by stratum; return each row's number, and the sizes of the strata."""
    person = np.unique(cluster, return_inverse=True)[1]
    has = [np.bincount(person, rows) > 0 for above in sides for rows in (~above, above)]
    order, strata = _sorted(np.stack(has, axis=1))
    number = np.empty(len(order), dtype=int)
    number[order] = np.arange(len(order))
    return number[person], strata


def _sorted(pattern: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return an order of clusters in which like patterns lie together, and how many are alike."""
    kind, _ = _kinds(pattern)
    return np.argsort(kind, kind="stable"), np.bincount(kind).tolist()


def _kinds(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the kind of each row, where equal rows are of one kind, and the kinds in order.

    It goes column by column, which takes a tenth of the time of comparing whole rows.
    """
    kind, first = np.zeros(len(rows), dtype=int), np.zeros(1, dtype=int)
    for column in rows.T:
        values, place = np.unique(column, return_inverse=True)
        _, first, kind = np.unique(
            kind * len(values) + place, return_index=True, return_inverse=True
        )
    return kind, rows[first]


def _times(
    strata: Sequence[int], replicates: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield how often each person is drawn, ``(clusters, some replicates)``, in rounds."""
    at_once = max(COUNTS // sum(strata), AT_ONCE)
    for first in range(0, replicates, at_once):
        rows = min(at_once, replicates - first)
        yield np.concatenate([_drawn(size, rows, rng) for size in strata])


def _drawn(size: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``size`` of ``size`` clusters with replacement; return counts, ``(size, replicates)``.

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
    return np.searchsorted(pdtr(np.arange(32), max(mean, 0.0)), places).astype(np.uint8)
