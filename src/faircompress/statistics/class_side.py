"""The clusters that have rows of one class: which are kept in a deal, and in which order."""

from dataclasses import dataclass

import numpy as np

from faircompress.support.errors import InputError


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a group, as far as dealing sees them.

    Args:
        cluster: Of each row, integers.
        weights: Of each row, > 0.
        stratum: Within which the number of clusters was fixed by design, integers; None: none was.
    """

    cluster: np.ndarray
    weights: np.ndarray
    stratum: np.ndarray | None = None

    def over(self, rows: np.ndarray) -> "Rows":
        """Return some of the rows."""
        stratum = None if self.stratum is None else self.stratum[rows]
        return Rows(self.cluster[rows], self.weights[rows], stratum)


class TooHeavy(InputError):
    """A cluster weighs more than the cap that was declared."""


@dataclass(frozen=True, eq=False)
class ClassSide:
    """The clusters that have rows of one class.

    Args:
        chance: With which a cluster is kept, ``(clusters,)``.
        shared: Place among the clusters with rows of both classes, -1: of this class alone.
        rows: Row numbers, cluster by cluster.
        cumulated: Weight of the rows so far, in that order.
        starts: Weight of the rows before a cluster's first.
        stratum: Of each cluster, from 0 without gaps; None: no counts are fixed.
    """

    chance: np.ndarray
    shared: np.ndarray
    rows: np.ndarray
    cumulated: np.ndarray
    starts: np.ndarray
    stratum: np.ndarray | None

    @classmethod
    def of(cls, rows: Rows, here: np.ndarray, both: np.ndarray, cap: float) -> "ClassSide":
        """Gather the clusters with rows ``here``; refuse what is heavier than the cap."""
        numbers = np.flatnonzero(here)
        numbers = numbers[np.argsort(rows.cluster[numbers], kind="stable")]
        clusters, first = np.unique(rows.cluster[numbers], return_index=True)
        cumulated = np.cumsum(rows.weights[numbers])
        starts = np.concatenate([[0.0], cumulated])[first]
        # not differences of the sums so far, whose last digits bets near their goal magnify
        totals = np.add.reduceat(rows.weights[numbers], first) if len(first) else np.zeros(0)
        shared = np.full(len(clusters), -1)
        if len(both):
            place = np.minimum(np.searchsorted(both, clusters), len(both) - 1)
            shared = np.where(both[place] == clusters, place, -1)
        totals = np.where(shared >= 0, 2 * totals, totals)
        if len(totals) and totals.max() > cap * (1 + 1e-9):
            raise TooHeavy(
                f"a cluster (a person, or a row of its own) weighs {totals.max():.6g}, but at most "
                f"{cap:.6g} was declared (of one with rows of both classes, twice its weight "
                "counts). Declare the most that one weighs in the population: max_weight of the "
                "data source or of the audit."
            )
        stratum = None
        if rows.stratum is not None:
            stratum = np.unique(rows.stratum[numbers[first]], return_inverse=True)[1]
        return cls(np.minimum(totals / cap, 1.0), shared, numbers, cumulated, starts, stratum)

    @property
    def expected(self) -> float:
        """Return how many clusters are kept in an average deal."""
        return float((self.chance * np.where(self.shared >= 0, 0.5, 1.0)).sum())

    def keep(self, rng: np.random.Generator, serves: np.ndarray) -> np.ndarray:
        """Return one row of each cluster that is kept, in the order in which they are drawn.

        Args:
            rng: Source of all luck.
            serves: Does a cluster with rows of both classes serve this one? ``(both,)``, bool.
        """
        sequence = self.sequence(rng, serves)
        kept = sequence[rng.random(len(sequence)) < self.chance[sequence]]
        if len(self.rows) == len(self.chance):
            return self.rows[kept]
        ends = np.append(self.starts[1:], self.cumulated[-1:])
        at = self.starts[kept] + rng.random(len(kept)) * (ends - self.starts)[kept]
        last = np.append(np.searchsorted(self.cumulated, self.starts[1:]), len(self.rows) - 1)
        return self.rows[np.minimum(np.searchsorted(self.cumulated, at, side="right"), last[kept])]

    def sequence(self, rng: np.random.Generator, serves: np.ndarray | None = None) -> np.ndarray:
        """Return the clusters that serve, in the order of independent draws.

        With fixed counts strata are drawn by their shares, each takes its next unused cluster, and
        the first that uses one up is the last: a stopping time, see docs/statistics.md, 4.6.
        """
        free = np.arange(len(self.chance))
        if serves is not None and len(serves):
            free = free[(self.shared < 0) | serves[self.shared]]
        shares = None if self.stratum is None else np.where(self.shared >= 0, 0.5, 1.0)
        return draws(free, self.stratum, rng, shares)

    def serving(self, serves: np.ndarray | None = None) -> int:
        """Return how many clusters serve, whether a deal comes to them or not."""
        if serves is None or not len(serves):
            return len(self.chance)
        return int(np.count_nonzero((self.shared < 0) | serves[self.shared]))


def draws(
    free: np.ndarray,
    stratum: np.ndarray | None,
    rng: np.random.Generator,
    shares: np.ndarray | None = None,
) -> np.ndarray:
    """Return clusters in the order of independent draws; see docs/statistics.md, 4.6.

    With fixed counts strata are drawn by their shares, each takes its next unused cluster, and the
    first that uses one up is the last: no draw may decide whether it counts.

    Args:
        free: Clusters that serve.
        stratum: Of all clusters; None: no counts are fixed.
        rng: Source of all luck.
        shares: What each cluster counts in its stratum's share; None: 1.
    """
    shuffled = rng.permutation(free)
    if stratum is None or not len(free):
        return shuffled
    counts = np.bincount(stratum, shares)
    if np.count_nonzero(counts) < 2:
        return shuffled
    left = np.bincount(stratum[free], minlength=len(counts))
    if not left.all():
        return shuffled[:0]
    queue = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    drawn = rng.choice(len(counts), len(free), p=counts / counts.sum())
    turn = occurrence(drawn)
    last = turn >= left[drawn] - 1
    end = int(last.argmax()) + 1 if last.any() else len(drawn)
    return queue[(np.cumsum(left) - left)[drawn[:end]] + turn[:end]]


def occurrence(drawn: np.ndarray) -> np.ndarray:
    """Tell of each entry how many equal ones came before it."""
    order = np.argsort(drawn, kind="stable")
    counts = np.bincount(drawn)
    found = np.empty(len(drawn), int)
    found[order] = np.arange(len(drawn)) - (np.cumsum(counts) - counts)[drawn[order]]
    return found
