"""Rows of several classes dealt into rounds: in each, every class gives one independent unit.

Each cluster serves once in a deal. Which of its classes it serves, and as what, is decided without
a look at any score: clusters come in the order of independent draws; before a cluster's class is
seen, it is proposed as a *negative* of some class or as a *positive*. Proposed as a negative of
class k it serves as one unless it is of class k; whatever is not used so serves as a positive of
its own class. Proposals depend on nothing but the roles of clusters that came earlier. So, given
all roles, rows are independent of each other, the positives of class k are draws from class k, and
its negatives are draws from all rows that are not of class k, in the population's proportions.

Weights and clusters: a cluster with rows of s classes serves one of them, by a fair choice, with s
times its weight there; it is kept with chance weight / cap and gives one row, drawn by weight. The
cap is of the class for positives, and the largest of all classes for negatives, so that negatives
keep the population's proportions of classes.

Where the number of clusters of each class was fixed by design, a negative's class is drawn by the
classes' shares instead, and the next unused row of it is taken. How many rounds there are depends
on the counts alone; where a class has no unused row left, the unit is *missing*, and whoever bets
must give it the worst value there is. Enough rows are kept back to make that rare.

There are as many rounds as the scarcest role allows; where a class has more rows than rounds, its
unit in a round is the mean of a block of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faircompress.statistics.class_side import Rows, TooHeavy, draws, occurrence
from faircompress.statistics.independent_units import canonical_order

RESERVE = 2.5  # standard deviations of the negatives asked of a class, kept back beyond the mean
BATCHES = 64  # into which a deal is cut; proposals are made anew for each


@dataclass(frozen=True, eq=False)
class ClassedRows:
    """The rows of a group with several classes, as far as dealing sees them; see ``gather``.

    A *place* is a cluster's rows of one class; places are in the order of clusters.

    Args:
        classes: How many there are.
        label: Of each place, ``(places,)``.
        first: A cluster's first place, ``(clusters,)``.
        served: How many classes a cluster has, ``(clusters,)``.
        as_positive: Chance that a place is kept as a positive.
        as_negative: And as a negative.
        rows: Row numbers, place by place.
        cumulated: Weight of the rows so far, in that order.
        ends: How many rows come up to the end of a place.
        stratum: Of each cluster, from 0 without gaps; None: no counts are fixed.
    """

    classes: int
    label: np.ndarray
    first: np.ndarray
    served: np.ndarray
    as_positive: np.ndarray
    as_negative: np.ndarray
    rows: np.ndarray
    cumulated: np.ndarray
    ends: np.ndarray
    stratum: np.ndarray | None

    @cached_property
    def fixed(self) -> bool:
        """Tell whether just the number of clusters of each class was fixed by design."""
        if self.stratum is None or len(self.first) < len(self.label):
            return False
        pairs = np.unique(np.stack([self.stratum, self.label]), axis=1)
        return all(len(np.unique(x)) == len(x) for x in pairs)

    @cached_property
    def alike(self) -> bool:
        """Tell whether every cluster is one row that is always kept."""
        return len(self.rows) == len(self.first) and bool((self.as_negative == 1).all())

    def in_order(
        self, rng: np.random.Generator, *, in_shares: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return places in the order of independent draws, one a cluster, and a row of each.

        Args:
            rng: Source of all chance.
            in_shares: Are strata drawn in their shares, where counts were fixed by design?
        """
        stratum = self.stratum if in_shares else None
        clusters = draws(np.arange(len(self.first)), stratum, rng)
        places = self.first[clusters]
        if len(self.label) > len(self.first):
            places = places + (rng.random(len(clusters)) * self.served[clusters]).astype(int)
        if len(self.rows) == len(self.label):
            return places, self.rows[places]
        starts = np.append(0, self.ends[:-1])
        before = np.append(0.0, self.cumulated)[starts]
        weight = self.cumulated[self.ends - 1] - before
        at = before[places] + rng.random(len(places)) * weight[places]
        found = np.searchsorted(self.cumulated, at, side="right")
        return places, self.rows[np.clip(found, starts[places], self.ends[places] - 1)]


def gather(
    label: np.ndarray, scores: Sequence[np.ndarray], rows: Rows, caps: Sequence[float]
) -> tuple[np.ndarray, ClassedRows]:
    """Return an order of rows that depends on nothing but what is compared, and the rows in it.

    Args:
        label: Class of each row, from 0, ``(rows,)``.
        scores: Both models' numbers, each ``(rows,)`` or ``(rows, classes)``.
        rows: Whose they are, and what they count.
        caps: On a cluster's weight in each class, times the classes that it has, ``(classes,)``.

    Raises:
        TooHeavy: If a cluster is over a cap.
    """
    order, rows = canonical_order(label, _ranks(scores[0]), _ranks(scores[1]), rows)
    label, cluster, weights = label[order], rows.cluster, rows.weights
    sort = np.lexsort((label, cluster))
    starts = np.append(True, (np.diff(cluster[sort]) != 0) | (np.diff(label[sort]) != 0))
    starts = np.flatnonzero(starts[: len(sort)])
    cumulated = np.cumsum(weights[sort])
    ends = np.append(starts[1:], len(sort))[: len(starts)]
    total = np.add.reduceat(weights[sort], starts) if len(sort) else np.zeros(0)
    _, first, served = np.unique(cluster[sort][starts], return_index=True, return_counts=True)
    total, of = total * np.repeat(served, served), label[sort][starts]
    cap = np.asarray(caps, float)
    _refuse(total, cap[of], of)
    stratum = rows.stratum
    if stratum is not None:
        stratum = np.unique(stratum[sort][starts[first]], return_inverse=True)[1]
    kept = np.minimum(total / cap[of], 1.0), np.minimum(total / cap.max(), 1.0)
    return order, ClassedRows(len(cap), of, first, served, *kept, sort, cumulated, ends, stratum)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Return numbers that order rows as their scores do, column by column."""
    columns = scores.reshape(len(scores), -1).T
    order = np.lexsort(columns[::-1])
    steps = (np.diff(columns[:, order], axis=1) != 0).any(axis=0)
    found = np.empty(len(order), int)
    found[order] = np.append(0, np.cumsum(steps))[: len(order)]
    return found


def _refuse(total: np.ndarray, cap: np.ndarray, label: np.ndarray) -> None:
    over = np.flatnonzero(total > cap * (1 + 1e-9))
    if len(over):
        at = over[0]
        raise TooHeavy(
            f"a cluster (a person, or a row of its own) weighs {total[at]:.6g} in class "
            f"{label[at]}, but at most {cap[at]:.6g} was declared (its weight there times the "
            "number of classes that it has counts). Declare the most that one weighs in the "
            "population: max_weight of the data source, of an audit --max-weight."
        )


def deal_share(rows: ClassedRows, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the rows that serve each class, in the order in which they are drawn."""
    places, drawn = rows.in_order(rng, in_shares=not rows.fixed)
    kept = rng.random(len(places)) < rows.as_positive[places]
    label = np.where(kept, rows.label[places], -1)
    return [drawn[label == k] for k in range(rows.classes)]


def deal_ranking(
    rows: ClassedRows, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the rows that serve each class as positives, and as negatives; -1: a missing one."""
    if rows.fixed and rows.alike:
        return _deal_fixed(rows, rng)
    places, drawn = rows.in_order(rng)
    label, chance = rows.label[places], rng.random(len(places))
    may_be = chance < rows.as_negative[places]
    role = np.where(chance < rows.as_positive[places], label, -1)
    counts = np.zeros((2, rows.classes), int)  # positives, negatives
    step = max(1, len(places) // BATCHES)
    for start in range(0, len(places), step):
        part = slice(start, start + step)
        proposed = _proposals(counts, len(label[part]))
        used = (proposed >= 0) & (proposed != label[part]) & may_be[part]
        role[part] = np.where(used, rows.classes + proposed, role[part])
        both = np.bincount(role[part][role[part] >= 0], minlength=2 * rows.classes)
        counts += both.reshape(2, -1)
    found = [drawn[role == k] for k in range(2 * rows.classes)]
    return found[: rows.classes], found[rows.classes :]


def _deal_fixed(
    rows: ClassedRows, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Deal rows whose number in each class was fixed by design."""
    counts = np.bincount(rows.label, minlength=rows.classes)
    queues = [rng.permutation(rows.rows[rows.label == k]) for k in range(rows.classes)]
    rounds, positives = _rounds_of(counts)
    if not rounds:
        return ([np.zeros(0, int)] * rows.classes,) * 2
    of = np.stack(
        [rng.choice(rows.classes, rounds, p=share) for share in _shares_of_others(counts)], axis=1
    )
    turn = positives[of] + occurrence(of.ravel()).reshape(of.shape)
    left = turn < counts[of]
    start = np.cumsum(counts) - counts
    taken = np.concatenate(queues)[np.where(left, start[of] + turn, 0)]
    negatives = np.where(left, taken, -1)
    return [q[:n] for q, n in zip(queues, positives, strict=True)], list(negatives.T)


def _shares_of_others(counts: np.ndarray) -> np.ndarray:
    """Return for each class the shares of the others among what is not of it, ``(K, K)``."""
    shares = np.tile(counts.astype(float), (len(counts), 1))
    np.fill_diagonal(shares, 0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _rounds_of(counts: np.ndarray) -> tuple[int, np.ndarray]:
    """Return how many rounds such counts allow, and how many positives each class then has."""
    low, high, best = 1, int(counts.min()), (0, counts)
    if len(counts) < 2 or not high:
        return best
    shares = _shares_of_others(counts)
    while low <= high:
        rounds = (low + high) // 2
        spread = np.sqrt(rounds * (shares * (1 - shares)).sum(axis=0))
        positives = counts - np.ceil(rounds * shares.sum(axis=0) + RESERVE * spread).astype(int)
        if positives.min() >= rounds:
            best, low = (rounds, positives), rounds + 1
        else:
            high = rounds - 1
    return best


def _proposals(counts: np.ndarray, size: int) -> np.ndarray:
    """Propose negatives of classes that have fewer than the scarcest class has positives."""
    wanted = np.maximum(counts[0].min() - counts[1], 0)
    until = np.cumsum(wanted)
    if until[-1] > size:
        until = until * size // until[-1]
    proposed = np.searchsorted(until, np.arange(size), side="right")
    return np.where(proposed < len(until), proposed, -1)


def blocks(rows: np.ndarray, rounds: int) -> np.ndarray:
    """Cut rows into blocks as equal as can be, ``(rounds, longest)``; -1: there is none."""
    of = np.arange(len(rows)) * rounds // len(rows)
    size = np.bincount(of, minlength=rounds)
    found = np.full((rounds, size.max()), -1)
    found[of, np.arange(len(rows)) - (np.cumsum(size) - size)[of]] = rows
    return found
