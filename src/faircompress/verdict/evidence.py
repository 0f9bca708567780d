"""What the test set says about one metric in one group, and how sure one can be of it.

Changes are oriented here: below 0 is worse, whatever the metric's better direction. Rates are not.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from faircompress.verdict import betting, tango
from faircompress.verdict.units import Units


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
    """A proportion: Tango's bound for the change, Clopper and Pearson's for the rate.

    Rows are weighted and belong to people, so counts are scaled to Kish's number of people: a
    share of 0.1 of the weight with 30.5 effective people counts as 3.05 people. Our choice, safe
    where all pictures of a person agree, and a little more than safe where they do not.

    Args:
        lost: Units worse with the pruned model.
        gained: Units better with it.
        hits: Units that the pruned rate counts.
        units: Effective units.
    """

    lost: float
    gained: float
    hits: float
    units: float

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return tango.change_lower(self.lost, self.gained, self.units, alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return tango.change_upper(self.lost, self.gained, self.units, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below."""
        return tango.share_lower(self.hits, self.units, alpha)

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        return tango.share_upper(self.hits, self.units, alpha)


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
        units: Kish's number of independent units.
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
        floor = -tango.certainty_floor(self.units, alpha)
        return min(self._once("change_lower", alpha), self.change, floor)

    def upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return 0.0 if self.same_file else max(self._once("change_upper", alpha), self.change)

    def rate_lower(self, alpha: float) -> float:
        """Bound the pruned rate from below; a perfect sample proves no perfect model."""
        most = 1 - tango.certainty_floor(self.units, alpha)
        return min(self._once("rate_lower", alpha), self.pruned, most)

    def rate_upper(self, alpha: float) -> float:
        """Bound the pruned rate from above."""
        least = tango.certainty_floor(self.units, alpha)
        return max(self._once("rate_upper", alpha), self.pruned, least)

    def _once(self, which: str, alpha: float) -> float:
        key = (which, alpha)
        if key not in self._known:
            self._known[key] = float(getattr(self.bounds, which)(alpha))
        return self._known[key]


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


def drift_bounds(
    one: Evidence, other: Evidence, alpha: float, *, independent: bool
) -> tuple[float, float]:
    """Bound the difference of two groups' changes from both sides, each at alpha.

    Groups without a person in common: Zou and Donner's MOVER, which adds the distances to the two
    bounds as if they were standard errors. It is exact for normal bounds; for ours it rests on
    simulation, where a drift exactly at the limit passed at most 0.041 of the time (shares, 28 to
    1,000 units a group, 4,000 draws a case). Groups that share people or rows: the distances are
    added, each at half of alpha, which holds whatever the dependence.
    """
    estimate = one.change - other.change
    share = alpha if independent else alpha / 2
    down = (one.change - one.lower(share), other.upper(share) - other.change)
    up = (one.upper(share) - one.change, other.change - other.lower(share))
    size = np.hypot if independent else np.add
    return estimate - float(size(*down)), estimate + float(size(*up))
