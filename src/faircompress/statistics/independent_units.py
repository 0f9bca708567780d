"""Rows that weigh unequally, of people with several rows, dealt into independent, equal units.

Sampling model: clusters (people) are independent draws of (rows, weights) within the class they
serve; rows of a cluster depend on each other as they like. Nothing is known of the heaviest
cluster that was not drawn, so a cap on a cluster's weight must be declared (``caps``); without one
no distribution-free bound exists (Bahadur and Savage, Annals of Mathematical Statistics 1956).

A *ranking* compares rows of two classes, so each deal makes an equal-weight sample of both: a
cluster with rows of both classes serves one of them, by a fair coin, with twice its weight; a
cluster is kept with chance weight / cap and gives one row, drawn by weight; what is kept is paired
in blocks of one size. A *share* needs no such sample: its bet on a cluster is linear in the
cluster's weight. Where a split has fixed counts by stratum, strata are drawn with the split's
shares and each takes its next unused cluster, up to the first that is used up: a stopping time.

Several deals are exchangeable, whatever the data; ``betting.excluded`` says what follows from it.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from faircompress.statistics import betting
from faircompress.statistics.class_side import ClassSide, Rows
from faircompress.statistics.class_side import TooHeavy as TooHeavy
from faircompress.statistics.clusters import rising

SEED = 2410  # where no test set gives one
DEALS = 200
FEWEST = 20  # deals; fewer would leave a seed worth trying again
ROWS = 300_000  # dealt in all deals together


@dataclass(frozen=True)
class Units:
    """Both models' values on independent units, in several random orders.

    Args:
        baseline: ``(orders, units)``, in 0-1.
        candidate: Likewise.
        weights: What a unit counts, at most 1, ``(orders, units)``; 0: it is not there.
        count: How many independent units of equal weight carry as much.
        planned: Units that each order was to have, where fixed counts may end it early,
            ``(orders,)``; None: it has them all.
        paired: Does each order compare other rows with one another?
    """

    baseline: np.ndarray
    candidate: np.ndarray
    weights: np.ndarray
    count: float
    planned: np.ndarray | None = None
    paired: bool = False

    @property
    def overshoot(self) -> float:
        """Return how many times ``1 / alpha`` bets aim at."""
        return betting.OVERSHOOT_OF_PAIRINGS if self.paired else betting.OVERSHOOT

    @property
    def clusters(self) -> int:
        """Return the units that are there in an average order."""
        return round(float((self.weights > 0).sum(axis=1).mean()))


def deal_ranking(
    baseline: np.ndarray,
    candidate: np.ndarray,
    above: np.ndarray,
    rows: Rows,
    caps: tuple[float, float],
    *,
    most: int = DEALS,
    seed: int = SEED,
) -> Units:
    """Return how often a positive row outscores negative ones, unit by unit, ties one half.

    Args:
        baseline: Scores of the baseline model, ``(rows,)``.
        candidate: Scores of the candidate model.
        above: Is the row positive?
        rows: Whose it is, and what it counts.
        caps: On a cluster's weight among negative and among positive rows.
        most: Deals at most.
        seed: Of the deals; see ``seed_of``.

    Returns:
        A unit is one row of the class of which fewer were kept, with a block of the other. Its
        expected value is the chance that a positive row, drawn from the population by weight,
        outscores a negative one; so is the AUROC's.

    Raises:
        TooHeavy: If a cluster's weight, doubled where it has rows of both classes, is over a cap.
    """
    order, rows = canonical_order(above, baseline, candidate, rows)
    baseline, candidate, above = (
        baseline[order].astype(float),
        candidate[order].astype(float),
        above[order],
    )
    both = np.array([], int)
    if not rising(rows.cluster):
        both = np.intersect1d(rows.cluster[above], rows.cluster[~above])
    sides = [
        ClassSide.of(rows, here, both, cap) for here, cap in zip((~above, above), caps, strict=True)
    ]
    rng, found, planned = np.random.default_rng(seed), [], []
    for _ in range(min(deals(len(above)), most)):
        positive = rng.random(len(both)) < 0.5
        kept = [
            side.keep(rng, serves)
            for side, serves in zip(sides, (~positive, positive), strict=True)
        ]
        found.append(_blocks(kept[0], kept[1], baseline, candidate))
        planned.append(min(sides[0].serving(~positive), sides[1].serving(positive)))
    ones = [np.ones(values.shape[1]) for values in found]
    count = min(side.expected for side in sides)
    units = replace(_padded(found, ones, count), paired=True)
    return units if rows.stratum is None else replace(units, planned=np.array(planned))


def deal_share(
    baseline: np.ndarray,
    candidate: np.ndarray,
    rows: Rows,
    cap: float,
    *,
    most: int = DEALS,
    seed: int = SEED,
) -> Units:
    """Return clusters in several orders, each with the weighted mean of its rows.

    Args:
        baseline: What each row is worth to the baseline model, in 0-1, ``(rows,)``.
        candidate: And to the candidate model.
        rows: Whose it is, and what it counts.
        cap: On a cluster's weight among these rows.
        most: Deals at most.
        seed: Of the deals; see ``seed_of``.

    Raises:
        TooHeavy: If a cluster's weight is over the cap.
    """
    order, rows = canonical_order(np.zeros(len(baseline), bool), baseline, candidate, rows)
    baseline, candidate = baseline[order].astype(float), candidate[order].astype(float)
    side = ClassSide.of(rows, np.ones(len(baseline), bool), np.array([], int), cap)
    means = np.stack([np.bincount(rows.cluster, rows.weights * x) for x in (baseline, candidate)])
    means = means / np.bincount(rows.cluster, rows.weights).astype(float)
    rng = np.random.default_rng(seed)
    sequences = [side.sequence(rng) for _ in range(min(deals(len(baseline)), most))]
    found, chances = [means[:, s] for s in sequences], [side.chance[s] for s in sequences]
    units = _padded(found, chances, side.expected)
    planned = np.full(len(sequences), side.serving())
    return units if rows.stratum is None else replace(units, planned=planned)


def seed_of(labels: np.ndarray) -> int:
    """Return the seed of a test set's deals, which its labels alone decide.

    Neither names, scores, groups nor the order of rows can be tried again for a better deal.

    Args:
        labels: True classes of all test rows, integers, ``(rows,)``.
    """
    counts = np.bincount(labels)
    text = ",".join(f"{label}:{count}" for label, count in enumerate(counts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def deals(rows: int) -> int:
    """Return how often so many rows are dealt."""
    return int(np.clip(ROWS // max(rows, 1), FEWEST, DEALS))


def canonical_order(
    above: np.ndarray, baseline: np.ndarray, candidate: np.ndarray, rows: Rows
) -> tuple[np.ndarray, Rows]:
    """Return an order of rows, and the rows in it, that depend on nothing but what is judged.

    So neither the order of a file nor the names in it can be tried again for a better deal.
    Clusters are numbered as they come.
    """
    keys = [rows.weights, candidate, baseline, above]
    if rising(rows.cluster):
        order = np.lexsort(keys)
        stratum = None if rows.stratum is None else rows.stratum[order]
        return order, Rows(np.arange(len(order)), rows.weights[order], stratum)
    size = np.unique(rows.cluster, return_inverse=True, return_counts=True)
    order = np.lexsort([size[2][size[1]], *keys])
    cluster = rows.cluster[order]
    _, first, place = np.unique(cluster, return_index=True, return_inverse=True)
    number = np.empty(len(first), int)
    number[np.argsort(first)] = np.arange(len(first))
    stratum = None if rows.stratum is None else rows.stratum[order]
    return order, Rows(number[place], rows.weights[order], stratum)


def _blocks(
    negative: np.ndarray, positive: np.ndarray, baseline: np.ndarray, candidate: np.ndarray
) -> np.ndarray:
    """Return both models' values on each unit, ``(2, units)``: a row with a block of the others."""
    few, many, sign = negative, positive, -1.0
    if len(positive) <= len(negative):
        few, many, sign = positive, negative, 1.0
    if not len(few):
        return np.zeros((2, 0))
    size = len(many) // len(few)
    others = many[: size * len(few)].reshape(len(few), size)
    wins = [0.5 + 0.5 * sign * np.sign(x[few][:, None] - x[others]) for x in (baseline, candidate)]
    return np.stack([won.mean(axis=1) for won in wins])


def _padded(values: list[np.ndarray], weights: list[np.ndarray], count: float) -> Units:
    """Stack deals of different lengths; what is not there weighs nothing."""
    width = max(len(one) for one in weights)
    if all(len(one) == width and (one == 1).all() for one in weights):
        baseline, candidate = np.stack(values, axis=1)
        return Units(baseline, candidate, np.broadcast_to(1.0, baseline.shape), count)
    baseline, candidate, counts = np.zeros((3, len(values), width))
    for at, (both, one) in enumerate(zip(values, weights, strict=True)):
        baseline[at, : len(one)], candidate[at, : len(one)], counts[at, : len(one)] = *both, one
    return Units(baseline, candidate, counts, count)
