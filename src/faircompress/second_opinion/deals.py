"""From rows to sequences of independent units: docs/statistics.md, section 4."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Table:
    """The rows of one metric and group, in the order of 4.1."""

    values: np.ndarray  # baseline's and candidate's, (2, rows)
    positive: np.ndarray  # side of each row; of a mean all are True
    weight: np.ndarray
    cluster: np.ndarray  # number of its cluster, by first appearance
    stratum: np.ndarray | None  # None: counts were not fixed
    caps: tuple[float, float]  # of the negative and of the positive side


@dataclass(frozen=True)
class Deals:
    """The units of each deal."""

    values: np.ndarray  # (2, deals, units)
    weights: np.ndarray  # 0: no unit
    planned: np.ndarray  # numbers of units with which deals plan
    missing: np.ndarray | bool = False  # units that take the worst value there is
    together: int = 1  # units that share a bet: one of each class


@dataclass(frozen=True)
class Side:
    """Clusters of one side: numbers, weights, chances, rows as ``(clusters, most rows)``."""

    clusters: np.ndarray
    chance: np.ndarray
    share: np.ndarray  # what each counts in its stratum's share: one half if it is in both
    rows: np.ndarray
    cumulated: np.ndarray  # of undoubled weights; infinite beyond a cluster's rows
    strata: np.ndarray | None  # None: counts were not fixed


def seed_of(labels: np.ndarray) -> int:
    """Return the seed of all deals (4.1)."""
    text = ",".join(f"{k}:{n}" for k, n in enumerate(np.bincount(labels)))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big")


def table(
    values: np.ndarray, positive: np.ndarray, weight: np.ndarray, cluster: np.ndarray,
    stratum: np.ndarray | None, caps: tuple[float, float],
) -> Table:  # fmt: skip
    """Sort rows, which come in the order of their ids, as 4.1 says."""
    _, codes, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    order = np.lexsort((sizes[codes], weight, values[1], values[0], positive))
    codes = codes[order]
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    numbers = np.argsort(np.argsort(first))[codes]
    stratum = None if stratum is None else stratum[order]
    return Table(values[:, order], positive[order], weight[order], numbers, stratum, caps)


def number_of_deals(rows: int) -> int:
    """Return how many deals are made of so many rows."""
    return int(np.clip(300_000 // rows, 20, 200))


def deal_means(given: Table, seed: int) -> tuple[Deals, float]:
    """Return the deals of a mean (4.3) and its effective number of units."""
    rng = np.random.default_rng(seed)
    side = _side(given, np.ones(len(given.weight), bool), np.zeros(0, int), given.caps[1])
    weight = np.bincount(given.cluster, given.weight)
    means = np.stack([np.bincount(given.cluster, given.weight * v) / weight for v in given.values])
    n, values, weights = len(weight), [], []
    for _ in range(number_of_deals(len(given.weight))):
        seq = drawn_by_strata(rng.permutation(n), side.strata, side.share, rng)
        gap = n - len(seq)
        values.append(np.pad(means[:, seq], ((0, 0), (0, gap))))
        weights.append(np.pad(side.chance[seq], (0, gap)))
    planned = np.full(len(values), n)
    return Deals(np.stack(values, 1), np.stack(weights), planned), float(side.chance.sum())


def deal_rankings(given: Table, seed: int) -> tuple[Deals, float]:
    """Return the deals of a ranking (4.2) and its effective number of units."""
    rng = np.random.default_rng(seed)
    both = np.intersect1d(given.cluster[given.positive], given.cluster[~given.positive])
    sides = [_side(given, given.positive == s, both, given.caps[s]) for s in (0, 1)]
    units, planned = [], []
    for _ in range(number_of_deals(len(given.weight))):
        coin = rng.random(len(both)) < 0.5
        kept, serving = [], []
        for s, side in enumerate(sides):
            serves = np.flatnonzero(~np.isin(side.clusters, both[coin == (s == 0)]))
            seq = drawn_by_strata(rng.permutation(serves), side.strata, side.share, rng)
            seq = seq[rng.random(len(seq)) < side.chance[seq]]
            kept.append(side.rows[seq, _picked(side, seq, rng)])
            serving.append(len(serves))
        units.append(_blocks(given.values, *kept))
        planned.append(units[-1].shape[1] if given.stratum is None else min(serving))
    most = max(max(planned), 1)
    values = np.stack([np.pad(u, ((0, 0), (0, most - u.shape[1]))) for u in units], 1)
    weights = np.stack([(np.arange(most) < u.shape[1]).astype(float) for u in units])
    counts = [(side.share * side.chance).sum() for side in sides]
    return Deals(values, weights, np.array(planned)), float(min(counts))


def _side(given: Table, rows: np.ndarray, both: np.ndarray, cap: float) -> Side:
    at = np.flatnonzero(rows)
    at = at[np.argsort(given.cluster[at], kind="stable")]
    clusters, start, sizes = np.unique(given.cluster[at], return_index=True, return_counts=True)
    places = start[:, None] + np.arange(sizes.max(initial=1))
    there = np.arange(sizes.max(initial=1)) < sizes[:, None]
    index = at[np.minimum(places, len(at) - 1)]
    cumulated = np.cumsum(np.where(there, given.weight[index], 0), axis=1)
    in_both = np.isin(clusters, both)
    chance = np.minimum(cumulated[:, -1] * np.where(in_both, 2, 1) / cap, 1)
    strata = None
    if given.stratum is not None:
        strata = np.unique(given.stratum[index[:, 0]], return_inverse=True)[1]
    cumulated = np.where(there, cumulated, np.inf)
    return Side(clusters, chance, np.where(in_both, 0.5, 1), index, cumulated, strata)


def drawn_by_strata(
    seq: np.ndarray, strata: np.ndarray | None, share: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return clusters as drawn from the mixture of strata (4.6), until one is used up."""
    if strata is None or not strata.max(initial=0) or not len(seq):
        return seq
    counts = np.bincount(strata, share)
    draws = rng.choice(len(counts), size=len(seq), p=counts / counts.sum())
    queues = [seq[strata[seq] == s] for s in range(len(counts))]
    end = len(seq)
    for s, queue in enumerate(queues):
        last = np.append(np.flatnonzero(draws == s), [len(seq)] * len(queue))
        end = min(end, last[len(queue) - 1] + 1) if len(queue) else 0
    found = np.empty(end, int)
    for s, queue in enumerate(queues):
        found[draws[:end] == s] = queue[: (draws[:end] == s).sum()]
    return found


def _picked(side: Side, seq: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which of its rows each kept cluster gives."""
    if side.rows.shape[1] == 1:
        return np.zeros(len(seq), int)
    rows = np.isfinite(side.cumulated[seq]).sum(1)
    whole = np.take_along_axis(side.cumulated[seq], rows[:, None] - 1, 1)
    aim = rng.random(len(seq))[:, None] * whole
    return np.minimum((side.cumulated[seq] <= aim).sum(1), rows - 1)


def _blocks(values: np.ndarray, negatives: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Return both models' values of each unit, ``(2, units)``."""
    few_positives = len(positives) <= len(negatives)
    few, many = (positives, negatives) if few_positives else (negatives, positives)
    if not len(few):
        return np.zeros((2, 0))
    block = len(many) // len(few)
    others = values[:, many[: block * len(few)]].reshape(2, len(few), block)
    sign = np.sign(values[:, few, None] - others) * (1 if few_positives else -1)
    return ((sign + 1) / 2).mean(2, dtype=float)
