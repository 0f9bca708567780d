"""Rounds in which every class gives one independent unit: docs/statistics.md, section 8.1."""

import math
from dataclasses import dataclass

import numpy as np

from faircompress.second_opinion.deals import Deals, Table, drawn_by_strata, number_of_deals

RESERVE, BATCHES = 2.5, 64  # reserve in standard deviations; batches of a deal


@dataclass(frozen=True, eq=False)
class Classed:
    """The rows of several classes, cluster by cluster; a place is a cluster's rows of one class."""

    rows: np.ndarray  # (places, most rows); the first repeated where there is none
    cumulated: np.ndarray  # weights so far, like rows; infinite where there is no row
    label: np.ndarray  # of each place
    first: np.ndarray  # of each cluster: its first place
    served: np.ndarray  # of each cluster: how many classes it has
    positive: np.ndarray  # of each place: chance to be kept as a positive
    negative: np.ndarray
    strata: np.ndarray | None  # of each cluster


def deal_rounds(given: Table, label: np.ndarray, caps: np.ndarray, seed: int, rank: bool) -> Deals:
    """Return the rounds of each deal.

    Args:
        given: Rows with the values of each class, ``(2, rows, classes)``, or of recall ``(2,
            rows)``, sorted by label first.
        label: Of each row, in this order.
        caps: Of each class.
        seed: Of the deals.
        rank: Whether values are ranked within classes; else they are averaged.
    """
    rng, classed, units = np.random.default_rng(seed), _classed(given, label, caps), []
    for _ in range(number_of_deals(len(label))):
        sides = _ranked(classed, len(caps), rng) if rank else [_recalled(classed, len(caps), rng)]
        rounds = min(len(rows) for side in sides for rows in side)
        blocks = [[_blocks(rows, rounds) for rows in side] for side in sides]
        of = [
            _wins(given.values[:, :, k], blocks[0][k], blocks[1][k]) if rank
            else given.values[:, blocks[0][k], 0].mean(2, where=blocks[0][k] >= 0)
            for k in range(len(caps) if rounds else 0)
        ]  # fmt: skip
        units.append(np.stack(of, 2).reshape(2, -1) if of else np.zeros((2, 0)))
    planned = np.array([one.shape[1] for one in units])
    values = np.stack([np.pad(u, ((0, 0), (0, planned.max() - u.shape[1]))) for u in units], 1)
    weights = (np.arange(planned.max()) < planned[:, None]).astype(float)
    missing = np.isnan(values[0])
    return Deals(np.where(missing, 0, values), weights, planned, missing, len(caps))


def _classed(given: Table, label: np.ndarray, caps: np.ndarray) -> Classed:
    order = np.lexsort((label, given.cluster))
    pairs = np.stack([given.cluster, label])[:, order]
    (whose, of), start, sizes = np.unique(pairs, axis=1, return_index=True, return_counts=True)
    at = np.arange(sizes.max())
    there = at < sizes[:, None]
    rows = order[np.where(there, start[:, None] + at, start[:, None])]
    weights = np.where(there, given.weight[rows], 0)
    _, first, served = np.unique(whose, return_index=True, return_counts=True)
    total = weights.sum(1) * np.repeat(served, served)
    strata = None if given.stratum is None else given.stratum[rows[first, 0]]
    return Classed(
        rows, np.where(there, np.cumsum(weights, 1), np.inf), of, first, served,
        np.minimum(total / caps[of], 1), np.minimum(total / caps.max(), 1),
        None if strata is None else np.unique(strata, return_inverse=True)[1],
    )  # fmt: skip


def _fixed(c: Classed) -> bool:
    """Tell whether just the number of clusters of each class was fixed."""
    if c.strata is None or len(c.first) < len(c.label):
        return False
    pairs = np.unique(np.stack([c.strata, c.label]), axis=1)
    return all(len(np.unique(x)) == len(x) for x in pairs)


def _in_order(
    c: Classed, rng: np.random.Generator, strata: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return a place of each cluster in the order of draws, and a row of it."""
    clusters = rng.permutation(np.arange(len(c.first)))
    clusters = drawn_by_strata(clusters, strata, np.ones(len(c.first)), rng)
    places = c.first[clusters]
    if len(c.label) > len(c.first):
        places = places + (rng.random(len(places)) * c.served[clusters]).astype(int)
    if c.rows.shape[1] == 1:
        return places, c.rows[places, 0]
    sizes = np.isfinite(c.cumulated[places]).sum(1)
    whole = np.take_along_axis(c.cumulated[places], sizes[:, None] - 1, 1)
    aim = rng.random(len(places))[:, None] * whole
    return places, c.rows[places, np.minimum((c.cumulated[places] <= aim).sum(1), sizes - 1)]


def _recalled(c: Classed, classes: int, rng: np.random.Generator) -> list[np.ndarray]:
    places, rows = _in_order(c, rng, None if _fixed(c) else c.strata)
    kept = rng.random(len(places)) < c.positive[places]
    return [rows[kept & (c.label[places] == k)] for k in range(classes)]


def _ranked(c: Classed, classes: int, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Return the rows that serve each class as positives, and as negatives; -1: a missing one."""
    if (
        _fixed(c)
        and len(c.rows) == len(c.first)
        and c.rows.shape[1] == 1
        and (c.negative == 1).all()
    ):
        return _ranked_fixed(c, classes, rng)
    places, rows = _in_order(c, rng, c.strata)
    label, chance = c.label[places], rng.random(len(places))
    role = np.where(chance < c.positive[places], label, -1)
    counts = np.zeros((2, classes), int)
    step = max(1, len(places) // BATCHES)
    for start in range(0, len(places), step):
        part = slice(start, start + step)
        until = np.cumsum(np.maximum(counts[0].min() - counts[1], 0))
        size = len(label[part])
        until = until * size // until[-1] if until[-1] > size else until
        proposed = np.searchsorted(until, np.arange(size), side="right")
        kept = chance[part] < c.negative[places[part]]
        used = (proposed < classes) & (proposed != label[part]) & kept
        role[part] = np.where(used, classes + proposed, role[part])
        there = role[part][role[part] >= 0]
        counts += np.bincount(there, minlength=2 * classes).reshape(2, -1)
    found = [rows[role == k] for k in range(2 * classes)]
    return [found[:classes], found[classes:]]


def _ranked_fixed(c: Classed, classes: int, rng: np.random.Generator) -> list[list[np.ndarray]]:
    counts = np.bincount(c.label, minlength=classes)
    queues = [rng.permutation(c.rows[c.label == k, 0]) for k in range(classes)]
    shares = np.where(np.eye(classes), 0, counts) / (counts.sum() - counts)[:, None]
    rounds, positives = 0, counts
    for many in range(1, counts.min() + 1):
        spread = np.sqrt(many * (shares * (1 - shares)).sum(0))
        left = counts - np.ceil(many * shares.sum(0) + RESERVE * spread).astype(int)
        if left.min() < many:
            break
        rounds, positives = many, left
    if not rounds:
        return [[np.zeros(0, int)] * classes] * 2
    of = np.stack([rng.choice(classes, rounds, p=share) for share in shares], 1)
    taken, used = np.full(of.shape, -1), positives.copy()
    for place, k in np.ndenumerate(of):
        if used[k] < counts[k]:
            taken[place] = queues[k][used[k]]
        used[k] += 1
    return [[q[:n] for q, n in zip(queues, positives, strict=True)], list(taken.T)]


def _blocks(rows: np.ndarray, rounds: int) -> np.ndarray:
    """Cut rows into blocks, ``(rounds, longest)``: row i of n is in block ``i * rounds // n``."""
    if not rounds:
        return np.zeros((0, 0), int)
    of = np.arange(len(rows)) * rounds // len(rows)
    starts = np.searchsorted(of, np.arange(rounds))
    found = np.full((rounds, math.ceil(len(rows) / rounds)), -1)
    found[of, np.arange(len(rows)) - starts[of]] = rows
    return found


def _wins(scores: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return how often a block's positives outscore its negatives, ``(2, rounds)``; or NaN."""
    above = np.sign(scores[:, positive][:, :, :, None] - scores[:, negative][:, :, None])
    there = (positive >= 0)[:, :, None] & (negative >= 0)[:, None]
    count = there.sum((1, 2))
    found = (1 + (above * there).sum((2, 3)) / np.maximum(count, 1)) / 2
    return np.where(count > 0, found, np.nan)
