"""Bounds for the change of a share whose rows the answers themselves choose, such as precision.

The dense and the pruned file choose different rows, so there is no change per row to average.
But let precision fall from ``d`` to ``p`` with ``d - p >= L``, and let ``c = p``. Then the contrast
``X_c = P (v - c) - D (v - c - L)`` has a mean of at most 0, where ``P`` and ``D`` tell whether the
pruned and the dense file chose a row, and ``v`` what it is worth. A fall of L is excluded where the
bet against "X_c is 0 or less on average" is won for every ``c`` that may be ``p``: those in a
Clopper-Pearson interval that spends a tenth of alpha (Berger and Boos). The interval is cut into
cells; within a cell each unit gets the ``c`` that is worst for it, so nothing falls between. Rows
that both files choose add no noise to the contrast, which is what pairing is for.

Source:
    Berger and Boos, P values maximized over a confidence set for the nuisance parameter, JASA 1994.
    The contrast, and that it is put to a bet, are ours.
"""

from dataclasses import dataclass

import numpy as np

from faircompress.metrics import Mean
from faircompress.statistics import betting, paired_proportions
from faircompress.statistics.clusters import kish, weight_of_each
from faircompress.statistics.independent_units import SEED

NUISANCE = 0.1  # of alpha, spent on where the pruned rate may lie
CELLS = 4
STEPS = 12  # halvings; the bound is found to within 2 / 4096
MOST = 50_000  # units in all orders together


@dataclass(frozen=True)
class Side:
    """What one file chose, by unit and in several orders.

    Args:
        chosen: Share of a unit's rows that it chose, ``(orders, units)``.
        worth: Mean over the unit's rows of their values, 0 where not chosen, same shape.
        rate: Its rate.
        units: Kish's number of independent units that it chose.
    """

    chosen: np.ndarray
    worth: np.ndarray
    rate: float
    units: float


@dataclass(frozen=True)
class Ratios:
    """Two shares over rows of each file's own choosing.

    Args:
        dense: The dense file's.
        pruned: The pruned file's.
        weights: What a unit counts, at most 1, ``(orders, units)``.
        sign: -1 where lower is better.
    """

    dense: Side
    pruned: Side
    weights: np.ndarray
    sign: float

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        sides = (self.dense, self.pruned) if self.sign > 0 else (self.pruned, self.dense)
        return _lowest_change(*sides, self.weights, alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above: the reverse change from below."""
        sides = (self.pruned, self.dense) if self.sign > 0 else (self.dense, self.pruned)
        return -_lowest_change(*sides, self.weights, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below; given what was chosen, it is an ordinary share."""
        return paired_proportions.share_lower(
            self.pruned.rate * self.pruned.units, self.pruned.units, alpha
        )

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        return paired_proportions.share_upper(
            self.pruned.rate * self.pruned.units, self.pruned.units, alpha
        )


def own_rows(
    dense: Mean, pruned: Mean, who: np.ndarray, weights: np.ndarray, sign: float
) -> Ratios:
    """Make identities the units, of those with a row that either file chose.

    Args:
        dense: The dense file's values, bool, and the rows it chose.
        pruned: The pruned file's.
        who: Identity of each row, integers.
        weights: Of each row.
        sign: -1 where lower is better.
    """
    either = dense.over | pruned.over
    unit = np.unique(who[either], return_inverse=True)[1]
    total = np.bincount(unit, weights[either])
    rng = np.random.default_rng(SEED)
    count = int(np.clip(MOST // len(total), 2, 4))
    orders = np.stack([rng.permutation(len(total)) for _ in range(count)])

    def side(of: Mean) -> Side:
        chosen, worth = (
            (np.bincount(unit, (weights * rows)[either]) / total)[orders]
            for rows in (of.over, of.over & of.values)
        )
        rate = float(np.average(of.values[of.over], weights=weights[of.over]))
        return Side(chosen, worth, rate, kish(weight_of_each(who[of.over], weights[of.over])))

    return Ratios(side(dense), side(pruned), total[orders] / total.max(), sign)


def _lowest_change(before: Side, after: Side, weights: np.ndarray, alpha: float) -> float:
    """Return the lowest change from ``before`` to ``after`` that is not excluded."""
    low, high = -1.0, after.rate - before.rate
    for _ in range(STEPS):
        middle = (low + high) / 2
        won = fall_excluded(before, after, weights, -middle, alpha)
        low, high = (middle, high) if won else (low, middle)
    return low


def fall_excluded(
    before: Side, after: Side, weights: np.ndarray, fall: float, alpha: float
) -> bool:
    """Tell whether the contrast's mean is above 0 for every ``c`` of every cell.

    The fall is taken off both sides, for the bet to know how rare harm would be.
    """
    spent, hits = alpha * NUISANCE, after.rate * after.units
    low, high = (
        share(hits, after.units, spent / 2)
        for share in (paired_proportions.share_lower, paired_proportions.share_upper)
    )
    edges = np.linspace(low, high, CELLS + 1)[:, None, None]
    slope = before.chosen - after.chosen
    worst = np.where(slope > 0, edges[:-1], edges[1:])
    contrast = after.worth - before.worth + worst * slope + fall * before.chosen - fall
    values, counts = contrast.reshape(-1, slope.shape[1]), np.tile(weights, (CELLS, 1))
    log = betting.log_wealth(values, counts, np.array([-fall]), alpha - spent, low=-1 - abs(fall))
    wealth = np.exp(np.minimum(log, 700)).reshape(CELLS, -1).mean(axis=1)
    return bool((wealth >= 1 / (alpha - spent)).all())
