"""A mean of bounded numbers over independent units, by betting."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from faircompress.statistics import betting
from faircompress.statistics.e_values import LARGEST
from faircompress.statistics.independent_units import Units
from faircompress.statistics.procedures import AtLimit, NullSample

PLAN_SEED = 2410  # of planning draws alone: no bound depends on it
ORDERS, MORE = 4, 24  # of a planning draw; of rates, where few units are wrong and one comes first


@dataclass(frozen=True)
class BettingMean:
    """Units of both models, dealt; see ``statistics/betting.py`` and ``independent_units.py``.

    Args:
        dealt: Values of both models on independent units, in 0-1, in several orders.
        sign: -1 where lower is better.
    """

    dealt: Units
    sign: float
    method: str = "betting"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return self._lower(self.changes, alpha, (-1, 1))

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return -self._lower(-self.changes, alpha, (-1, 1))

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""
        return self._lower(self.dealt.candidate, alpha, (0, 1))

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        return -self._lower(-self.dealt.candidate, alpha, (-1, 0))

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        return self._lower(self.dealt.baseline, alpha, (0, 1))

    def baseline_upper(self, alpha: float) -> float:
        """Bound the baseline's rate from above."""
        return -self._lower(-self.dealt.baseline, alpha, (-1, 0))

    def _lower(self, values: np.ndarray, alpha: float, ends: tuple[float, float]) -> float:
        low, high = ends
        dealt = self.dealt
        return betting.mean_lower(
            values, dealt.weights, alpha, low=low, high=high, planned=dealt.planned,
            overshoot=dealt.overshoot,
        )  # fmt: skip

    @property
    def changes(self) -> np.ndarray:
        """Oriented change of each unit in each order."""
        return self.sign * (self.dealt.candidate - self.dealt.baseline)

    @property
    def units(self) -> int:
        """Return the units that are there in an average order."""
        return self.dealt.clusters

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at most a value."""
        return self._at(self.changes, change, alpha, low=-1)

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at least a value."""
        return self._at(-self.changes, -change, alpha, low=-1)

    def rate_at_most(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at most a value."""
        return self._at(self.dealt.candidate, rate, alpha, low=0)

    def rate_at_least(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at least a value."""
        return self._at(-self.dealt.candidate, -rate, alpha, low=-1)

    def _at(self, values: np.ndarray, mean: float, alpha: float, *, low: float) -> AtLimit:
        def e_values(nulls: np.ndarray) -> np.ndarray:
            return self._e_values(values, nulls, alpha, low=low)

        held = self._wealth(values, np.array([mean]), alpha, low=low)
        wealth = float(betting.best_mean(held)[0])
        return AtLimit("wealth", wealth, wealth >= 1 / alpha, lambda: float(held.mean()), e_values)

    def e_changes_at_most(self, changes: np.ndarray, alpha: float) -> np.ndarray:
        """Return e-values against "the oriented change is at most a value", one a value."""
        return self._e_values(self.changes, changes, alpha, low=-1)

    def e_falls_at_most(self, falls: np.ndarray, alpha: float) -> np.ndarray:
        """Return e-values against "minus the oriented change is at most a value"."""
        return self._e_values(-self.changes, falls, alpha, low=-1)

    def _e_values(
        self, values: np.ndarray, nulls: np.ndarray, alpha: float, *, low: float
    ) -> np.ndarray:
        return np.asarray(self._wealth(values, nulls, alpha, low=low).mean(axis=1))

    def _wealth(
        self, values: np.ndarray, nulls: np.ndarray, alpha: float, *, low: float
    ) -> np.ndarray:
        """Return what a bettor against each null holds in each order, ``(nulls, orders)``."""
        dealt = self.dealt
        log = betting.log_wealth(
            values, dealt.weights, nulls, alpha, low=low, planned=dealt.planned,
            overshoot=dealt.overshoot,
        )  # fmt: skip
        return np.asarray(np.exp(np.minimum(log, LARGEST)))

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Draw changes as large as observed, signed so that their sum is as low as asked."""
        n = max(round(self.units * factor), 2)
        changes, weights = self._null_changes(n, quantile)
        how = self.dealt.overshoot
        lower = betting.mean_lower(changes, weights, alpha, low=-1, high=1, overshoot=how)
        return NullSample(float(np.average(changes, weights=weights)), lower)

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Tell whether such a sample of n units excludes a fall."""
        changes, weights = self._null_changes(n, quantile)
        nulls = np.array([-limit])
        how = self.dealt.overshoot
        return bool(betting.excluded(changes, weights, nulls, alpha, low=-1, overshoot=how)[0])

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether n units certify a least rate if the observed one is true."""
        values, weights = self._null_rates(round(n), quantile, higher=higher)
        nulls, how = np.array([least]), self.dealt.overshoot
        return bool(betting.excluded(values, weights, nulls, alpha, low=0, overshoot=how)[0])

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the rate that n units certify; of a rate that should be low, 1 minus it."""
        drawn = self._null_rates(max(round(n), 1), quantile, higher=higher)
        return betting.mean_lower(*drawn, alpha, low=0, high=1, overshoot=self.dealt.overshoot)

    def _null_changes(self, n: int, quantile: float) -> tuple[np.ndarray, np.ndarray]:
        sizes, weights = evenly(self._sizes, n)
        rng = np.random.default_rng(PLAN_SEED)
        signs = low_signs(sizes * weights, quantile, rng, above=self.dealt.paired)
        return in_orders(sizes * signs, weights)

    def _null_rates(
        self, n: int, quantile: float, *, higher: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rates like the observed ones, shifted down, and weights."""
        values, weights = evenly(self._rates if higher else self._rates_missed, n)
        apart = weights * (values - np.average(values, weights=weights))
        off = float(ndtri(quantile)) * math.sqrt(float((apart**2).sum())) / weights.sum()
        return in_orders(np.clip(values - off, 0, 1), weights, MORE)

    @cached_property
    def _sizes(self) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.abs(self.changes[self.dealt.weights > 0])
        changed = sizes[sizes > 0]
        return self._in_order(sizes, float(changed.mean()) if len(changed) else 1.0)

    @cached_property
    def _rates(self) -> tuple[np.ndarray, np.ndarray]:
        return self._in_order(self.dealt.candidate[self.dealt.weights > 0], 0.0)

    @cached_property
    def _rates_missed(self) -> tuple[np.ndarray, np.ndarray]:
        return self._in_order(1 - self.dealt.candidate[self.dealt.weights > 0], 0.0)

    def _in_order(self, values: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the units dealt by value, with their weights: heavy ones stay as they are.

        Args:
            values: Of the units that are there.
            half: Value of half a unit that is added: none seen is not none at all.
        """
        given = self.dealt.weights[self.dealt.weights > 0]
        added = math.ceil(len(self.dealt.weights) / 2)  # half a unit in each order
        values = np.append(values, np.full(added, half))
        weights = np.append(given, np.full(added, given.mean()))
        order = np.lexsort((weights, values))
        return values[order], weights[order]


def low_signs(
    sizes: np.ndarray, quantile: float, rng: np.random.Generator, *, above: bool = False
) -> np.ndarray:
    """Return signs whose sum is at most what a share ``quantile`` of all sums exceed.

    Args:
        sizes: Of what is added up, >= 0.
        quantile: Share.
        rng: Chooses which are negative.
        above: Stay one unit above instead. In pairings few units differ, and others in each, so
            that a mean over many pairings never falls by a whole one.
    """
    signs = np.empty(len(sizes))
    signs[np.argsort(-sizes, kind="stable")] = np.where(np.arange(len(sizes)) % 2, -1.0, 1.0)
    target = -float(ndtri(quantile)) * math.sqrt((sizes**2).sum())
    flippable = rng.permutation(np.flatnonzero(signs > 0))
    sums = (sizes * signs).sum() - 2 * np.cumsum(np.append(0.0, sizes[flippable]))
    flipped = int(np.searchsorted(-sums, -target))
    signs[flippable[: max(flipped - above, 0)]] = -1.0
    return signs


def in_orders(
    values: np.ndarray, weights: np.ndarray, count: int = ORDERS
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and weights in a few random orders."""
    rng = np.random.default_rng(PLAN_SEED)
    orders = np.stack([rng.permutation(len(values)) for _ in range(count)])
    return values[orders], weights[orders]


def evenly(units: tuple[np.ndarray, np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n of some units, spread evenly over them."""
    values, weights = units
    picked = places(len(values), n)
    return values[picked], weights[picked]


def places(count: int, n: int) -> np.ndarray:
    """Return places, spread evenly over ``count`` values, one a unit."""
    return np.minimum(((np.arange(n) + 0.5) / n * count).astype(int), count - 1)
