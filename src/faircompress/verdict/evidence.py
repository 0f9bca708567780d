"""What the test set says about one metric in one group, and how sure one can be of it.

Changes are oriented here: below 0 is worse, whatever the metric's better direction. Rates are not.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from faircompress.statistics import betting, paired_proportions
from faircompress.statistics.independent_units import Units


class Bounds(Protocol):
    """One-sided bounds for an oriented change and for the pruned rate."""

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below."""

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""


@dataclass(frozen=True)
class Shares:
    """A proportion of independent rows that are alike; its bounds are exact.

    Args:
        lost: Units worse with the pruned model.
        gained: Units better with it.
        hits: Units that the pruned rate counts.
        units: All of them.
    """

    lost: int
    gained: int
    hits: int
    units: int

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return paired_proportions.change_lower(self.lost, self.gained, self.units, alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return paired_proportions.change_upper(self.lost, self.gained, self.units, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below."""
        return paired_proportions.share_lower(self.hits, self.units, alpha)

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        return paired_proportions.share_upper(self.hits, self.units, alpha)


@dataclass(frozen=True)
class Unbounded:
    """No bound is known, so nothing is excluded; ``why`` says what stands in the way."""

    why: str

    def change_lower(self, alpha: float) -> float:
        """Exclude no fall."""
        return -1.0

    def change_upper(self, alpha: float) -> float:
        """Exclude no rise."""
        return 1.0

    def rate_lower(self, alpha: float) -> float:
        """Exclude no rate."""
        return 0.0

    def rate_upper(self, alpha: float) -> float:
        """Exclude no rate."""
        return 1.0


@dataclass(frozen=True)
class Bets:
    """A mean of bounded numbers, by betting. ``sign`` is -1 where lower is better."""

    units: Units
    sign: float

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return betting.mean_lower(self.changes, self.units.weights, alpha, low=-1, high=1)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return betting.mean_upper(self.changes, self.units.weights, alpha, low=-1, high=1)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below."""
        return betting.mean_lower(self.units.pruned, self.units.weights, alpha, low=0, high=1)

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        return betting.mean_upper(self.units.pruned, self.units.weights, alpha, low=0, high=1)

    def dense_lower(self, alpha: float) -> float:
        """Bound the dense rate from below."""
        return betting.mean_lower(self.units.dense, self.units.weights, alpha, low=0, high=1)

    @property
    def changes(self) -> np.ndarray:
        """Oriented change of each unit in each order."""
        return self.sign * (self.units.pruned - self.units.dense)


@dataclass(frozen=True, eq=False)
class Evidence:
    """One metric in one group: both rates, their oriented change, and bounds.

    Args:
        dense: The dense model's rate.
        pruned: The pruned model's.
        change: Oriented: pruned minus dense, or the reverse where lower is better.
        rows: Rows that the metric conditions on.
        people: Identities among them; None where rows are independent.
        units: Independent units of equal weight that carry as much.
        kind: Class of these rows; empty: all classes.
        method: Name of the bound that decides.
        bounds: Bounds before the certainty floor.
        same_file: Both rates come from one file; its change is exactly 0.
        left_out: Classes left out of a mean over classes.
    """

    dense: float
    pruned: float
    change: float
    rows: int
    people: int | None
    units: float
    kind: str
    method: str
    bounds: Bounds
    same_file: bool
    left_out: tuple[str, ...] = ()
    _known: dict[tuple[str, float], float] = field(default_factory=dict)

    def lower(self, alpha: float) -> float:
        """Bound the change from below; no unharmed sample excludes every harm."""
        if self.same_file:
            return 0.0
        floor = -paired_proportions.certainty_floor(self.units, alpha)
        return min(self._once("change_lower", alpha), self.change, floor)

    def upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return 0.0 if self.same_file else max(self._once("change_upper", alpha), self.change)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below; a perfect sample proves no perfect model."""
        most = 1 - paired_proportions.certainty_floor(self.units, alpha)
        return min(self._once("rate_lower", alpha), self.pruned, most)

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        least = paired_proportions.certainty_floor(self.units, alpha)
        return max(self._once("rate_upper", alpha), self.pruned, least)

    def _once(self, which: str, alpha: float) -> float:
        key = (which, alpha)
        if key not in self._known:
            self._known[key] = float(getattr(self.bounds, which)(alpha))
        return self._known[key]


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value in a group, and what it had to go by."""

    why: str
    rows: int
    people: int | None
    units: float
    kind: str


@dataclass(frozen=True)
class Average:
    """The mean over classes: the mean of their bounds, each at its share of alpha.

    All C bounds at ``alpha / C`` hold at once with chance ``1 - alpha``; then so does their mean.
    """

    parts: tuple[Evidence, ...]

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return self._mean([part.lower(alpha / len(self.parts)) for part in self.parts])

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return self._mean([part.upper(alpha / len(self.parts)) for part in self.parts])

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below."""
        return self._mean([part.rate_lower(alpha / len(self.parts)) for part in self.parts])

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        return self._mean([part.rate_upper(alpha / len(self.parts)) for part in self.parts])

    @staticmethod
    def _mean(numbers: list[float]) -> float:
        return sum(numbers) / len(numbers)


def drift_bounds(one: Evidence, other: Evidence, alpha: float) -> tuple[float, float]:
    """Bound the difference of two groups' changes from both sides, each at alpha.

    Each group's bound spends half of alpha, so the difference holds whatever the groups share.
    """
    half = alpha / 2
    return one.lower(half) - other.upper(half), one.upper(half) - other.lower(half)
