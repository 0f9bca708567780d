"""Bounds for the change of a share whose rows the answers themselves choose, such as precision.

The baseline and the candidate choose different rows, so there is no change per row to average.
But let precision fall from ``d`` to ``p`` with ``d - p >= L``, and let ``c = p``. Then the contrast
``X_c = P (v - c) - D (v - c - L)`` has a mean of at most 0, where ``P`` and ``D`` tell whether
candidate and baseline chose a row, and ``v`` what it is worth. A fall of L is excluded where the
bet against "X_c is 0 or less on average" is won for every ``c`` that may be ``p``: those in a
Clopper-Pearson interval that spends a tenth of alpha (Berger and Boos). The interval is cut into
parts; within a part each unit gets the ``c`` that is worst for it, so nothing falls between. Rows
that both models choose add no noise to the contrast, which is what pairing is for.

Source:
    Berger and Boos, P values maximized over a confidence set for the nuisance parameter, JASA 1994.
    The contrast, and that it is put to a bet, are ours.
"""

from dataclasses import dataclass

import numpy as np

from faircompress.statistics import betting, paired_proportions
from faircompress.statistics.clusters import kish, weight_of_each
from faircompress.statistics.metrics import Mean
from faircompress.statistics.procedures import NullSample, TestedByBounds
from faircompress.statistics.procedures.betting_mean import PLAN_SEED, in_orders, low_signs, places
from faircompress.statistics.procedures.paired_proportions import low_share

NUISANCE = 0.1  # of alpha, spent on where the candidate's rate may lie
PARTS = 4
STEPS = 12  # halvings; the bound is found to within 2 / 4096
MOST = 50_000  # units in all orders together


@dataclass(frozen=True)
class Side:
    """What one model chose, by unit and in several orders.

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
class ConditionalRate(TestedByBounds):
    """Two shares over rows of each model's own choosing.

    Args:
        baseline: The baseline's.
        candidate: The candidate's.
        weights: What a unit counts, at most 1, ``(orders, units)``.
        sign: -1 where lower is better.
    """

    baseline: Side
    candidate: Side
    weights: np.ndarray
    sign: float
    method: str = "betting on a contrast"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        sides = (
            (self.baseline, self.candidate) if self.sign > 0 else (self.candidate, self.baseline)
        )
        return _lowest_change(*sides, self.weights, alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above: the reverse change from below."""
        sides = (
            (self.candidate, self.baseline) if self.sign > 0 else (self.baseline, self.candidate)
        )
        return -_lowest_change(*sides, self.weights, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below; given what was chosen, it is an ordinary share."""
        return paired_proportions.share_lower(
            self.candidate.rate * self.candidate.units, self.candidate.units, alpha
        )

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        return paired_proportions.share_upper(
            self.candidate.rate * self.candidate.units, self.candidate.units, alpha
        )

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        side = self.baseline
        return paired_proportions.share_lower(side.rate * side.units, side.units, alpha)

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Let the two models change places in as many units as makes the change as low as asked."""
        drawn = self._drawn(factor, quantile)
        change = drawn.candidate.rate - drawn.baseline.rate
        return NullSample(change, drawn.change_lower(alpha))

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Return that this is too dear to ask for every n."""
        return None

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether n units certify a least rate if the observed one is true."""
        return self.best_rate(n, alpha, quantile, higher=higher) > least

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the rate that n units certify; of a rate that should be low, 1 minus it."""
        side = self.candidate
        hits = (side.rate if higher else 1 - side.rate) * side.units
        drawn = low_share(hits, side.units, n, quantile)
        return paired_proportions.share_lower(drawn * n, n, alpha)

    @property
    def units(self) -> int:
        """Return the units with a row that either model chose."""
        return self.weights.shape[1]

    @property
    def _oriented(self) -> tuple[Side, Side]:
        """Return the side from which a fall is counted, and the other."""
        pair = self.baseline, self.candidate
        return pair if self.sign > 0 else pair[::-1]

    def _drawn(self, factor: float, quantile: float) -> "ConditionalRate":
        """Return such units. A unit adds its chosen rows' worth beyond the rate of both models."""
        pair = self._oriented
        columns = np.stack([x[0] for side in pair for x in (side.chosen, side.worth)])
        rate, weights = float(np.mean([side.rate for side in pair])), self.weights[0]
        worth = weights * (columns[3] - columns[1] - rate * (columns[2] - columns[0]))
        n = max(round(len(weights) * factor), 2)
        drawn = np.argsort(worth, kind="stable")[places(len(worth), n)]
        signs = low_signs(np.abs(worth[drawn]), quantile, np.random.default_rng(PLAN_SEED))
        kept = np.sign(worth[drawn]) != -signs
        columns = np.where(kept, columns[:, drawn], columns[[2, 3, 0, 1]][:, drawn])
        ordered, counts = in_orders(columns.T, weights[drawn])
        before, after = (_side(ordered[..., k], ordered[..., k + 1], counts) for k in (0, 2))
        return ConditionalRate(before, after, counts, sign=1.0)


def _side(chosen: np.ndarray, worth: np.ndarray, weights: np.ndarray) -> Side:
    rate = float((weights * worth).sum() / max((weights * chosen).sum(), 1e-12))
    return Side(chosen, worth, rate, kish(weights[0][chosen[0] > 0]))


def own_rows(
    baseline: Mean,
    candidate: Mean,
    cluster: np.ndarray,
    weights: np.ndarray,
    *,
    sign: float,
    seed: int,
) -> ConditionalRate:
    """Make clusters the units, of those with a row that either model chose.

    Args:
        baseline: The baseline's values, bool, and the rows it chose.
        candidate: The candidate's.
        cluster: Of each row, integers.
        weights: Of each row.
        sign: -1 where lower is better.
        seed: Of the orders.
    """
    either = baseline.over | candidate.over
    unit = _numbered(cluster, either, (candidate.values, candidate.over, baseline.over))
    total = np.bincount(unit, weights[either])
    rng = np.random.default_rng(seed)
    count = int(np.clip(MOST // len(total), 2, 4))
    orders = np.stack([rng.permutation(len(total)) for _ in range(count)])

    def side(of: Mean) -> Side:
        chosen, worth = (
            (np.bincount(unit, (weights * rows)[either]) / total)[orders]
            for rows in (of.over, of.over & of.values)
        )
        rate = float(np.average(of.values[of.over], weights=weights[of.over]))
        return Side(chosen, worth, rate, kish(weight_of_each(cluster[of.over], weights[of.over])))

    return ConditionalRate(side(baseline), side(candidate), total[orders] / total.max(), sign)


def _numbered(cluster: np.ndarray, rows: np.ndarray, keys: tuple[np.ndarray, ...]) -> np.ndarray:
    """Number clusters by what their first row is, last key first, so that no name decides."""
    order = np.lexsort([key[rows] for key in keys])
    _, first, place = np.unique(cluster[rows][order], return_index=True, return_inverse=True)
    number = np.empty(len(first), int)
    number[np.argsort(first)] = np.arange(len(first))
    found = np.empty(len(order), int)
    found[order] = number[place]
    return found


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
    """Tell whether the contrast's mean is above 0 for every ``c`` of every part.

    The fall is taken off both sides, for the bet to know how rare harm would be.
    """
    spent, hits = alpha * NUISANCE, after.rate * after.units
    low, high = (
        share(hits, after.units, spent / 2)
        for share in (paired_proportions.share_lower, paired_proportions.share_upper)
    )
    edges = np.linspace(low, high, PARTS + 1)[:, None, None]
    slope = before.chosen - after.chosen
    worst = np.where(slope > 0, edges[:-1], edges[1:])
    contrast = after.worth - before.worth + worst * slope + fall * before.chosen - fall
    values, counts = contrast.reshape(-1, slope.shape[1]), np.tile(weights, (PARTS, 1))
    log = betting.log_wealth(values, counts, np.array([-fall]), alpha - spent, low=-1 - abs(fall))
    wealth = np.exp(np.minimum(log, 700)).reshape(PARTS, -1).mean(axis=1)
    return bool((wealth >= 1 / (alpha - spent)).all())
