"""The mean over classes, by betting on rounds in which every class gives one independent unit.

See ``statistics/class_products.py``: all units of a round are bet on alike, so wealth is multiplied
over classes and no class needs to win alone.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faircompress.statistics import betting
from faircompress.statistics.class_products import ClassRounds
from faircompress.statistics.e_values import LARGEST
from faircompress.statistics.independent_units import Units
from faircompress.statistics.procedures import AtLimit, NullSample
from faircompress.statistics.procedures.betting_mean import BettingMean


@dataclass(frozen=True, eq=False)
class ClassRoundsMean:
    """Rounds of units, of a metric where higher is better."""

    rounds: ClassRounds
    method: str = "betting in rounds"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return self.rounds.mean_lower(alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return self.rounds.mean_upper(alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""
        return self.rounds.candidate_lower(alpha)

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        values, low = self._values(-self.rounds.candidate, -1.0)
        return -betting.mean_lower(
            values, self.rounds.weights, alpha, low=low, high=0,
            overshoot=self.rounds.overshoot, together=self.rounds.classes,
        )  # fmt: skip

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        return self.rounds.baseline_lower(alpha)

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the change is at most a value."""
        return self._at(self.rounds.candidate - self.rounds.baseline, change, alpha, low=-1.0)

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the change is at least a value."""
        return self._at(self.rounds.baseline - self.rounds.candidate, -change, alpha, low=-1.0)

    def rate_at_most(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at most a value."""
        return self._at(self.rounds.candidate, rate, alpha, low=0.0)

    def rate_at_least(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at least a value."""
        return self._at(-self.rounds.candidate, -rate, alpha, low=-1.0)

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Take all units together as one sample, signed so that their sum is as low as asked."""
        return self._together.null_sample(alpha, quantile, factor)

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Tell whether such a sample of n units, of all classes together, excludes a fall."""
        return self._together.certifies(n, limit, alpha, quantile)

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether n units certify a least rate if the observed one is true."""
        return self._together.certifies_rate(n, least, alpha, quantile, higher=higher)

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the rate that n units certify; of a rate that should be low, 1 minus it."""
        return self._together.best_rate(n, alpha, quantile, higher=higher)

    @property
    def units(self) -> int:
        """Return the units of an average deal, of all classes together."""
        return max(round(self.rounds.count), 1)

    @cached_property
    def _together(self) -> BettingMean:
        dealt = self.rounds
        units = Units(dealt.baseline, dealt.candidate, dealt.weights, dealt.count)
        return BettingMean(units, 1.0)

    def _values(self, values: np.ndarray, low: float) -> tuple[np.ndarray, float]:
        """Return values in which a missing unit is the worst there is."""
        return np.where(self.rounds.missing, low, values), low

    def _at(self, values: np.ndarray, mean: float, alpha: float, *, low: float) -> AtLimit:
        known, low = self._values(values, low)

        def wealth(nulls: np.ndarray) -> np.ndarray:
            log = betting.log_wealth(
                known, self.rounds.weights, nulls, alpha, low=low,
                overshoot=self.rounds.overshoot, together=self.rounds.classes,
            )  # fmt: skip
            return np.asarray(np.exp(np.minimum(log, LARGEST)))

        held = wealth(np.array([mean]))
        best = float(betting.best_mean(held)[0])
        return AtLimit(
            "wealth", best, best >= 1 / alpha, lambda: float(held.mean()),
            lambda nulls: wealth(nulls).mean(axis=1),
        )  # fmt: skip
