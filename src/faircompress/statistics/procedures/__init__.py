"""Statistical procedures, one a file: its bounds, the sample it plans with, and its sentence.

Contract: a frozen value that is a ``Procedure``. Changes are oriented: below 0 is worse, whatever
the metric's better direction; rates are not. Every bound is one-sided and holds with chance
``1 - alpha`` at any sample size, under the sampling model of docs/statistics.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class NullSample:
    """A sample as it may come out although nothing truly changed; oriented.

    Args:
        change: Its change.
        lower: The lower bound of the change that it would get.
    """

    change: float
    lower: float


def _nothing() -> float:
    return 0.0


@dataclass(frozen=True)
class AtLimit:
    """A test of one value, which decides: bounds that are searched only show it.

    Args:
        statistic: ``tail``: a p-value, rejects at alpha or below. ``wealth``: rejects at 1 / alpha
            or above. ``bounds``: the bound itself, rejects beyond the value. ``identity``: both
            models are one file. ``none``: no bound is known.
        value: Of the statistic.
        rejects: Is the value excluded?
        e_value: Gives an e-value against it, which is asked for where looks are earned.
        e_values: Gives those against "the mean is at most m", for many m at once, of the numbers
            on which the bet against this value is one; None: they are asked for one by one.
    """

    statistic: str
    value: float
    rejects: bool
    e_value: Callable[[], float] = _nothing
    e_values: Callable[[np.ndarray], np.ndarray] | None = None

    def rejects_at(self, level: float) -> bool:
        """Tell whether the value is excluded at a level of at least that of the test.

        The statistic stays the one that was made for the test's own level.
        """
        if self.statistic == "tail":
            return self.value <= level
        return self.value >= 1 / level if self.statistic == "wealth" else self.rejects


class Bounded(Protocol):
    """One-sided bounds of an oriented change and of the candidate's rate."""

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""


class TestedByBounds:
    """What has bounds alone is tested by them: a value beyond a bound is excluded."""

    def change_at_most(self: Bounded, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at most a value."""
        bound = self.change_lower(alpha)
        return AtLimit("bounds", bound, bound > change)

    def change_at_least(self: Bounded, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at least a value."""
        bound = self.change_upper(alpha)
        return AtLimit("bounds", bound, bound < change)

    def rate_at_most(self: Bounded, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at most a value."""
        bound = self.rate_lower(alpha)
        return AtLimit("bounds", bound, bound > rate)

    def rate_at_least(self: Bounded, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at least a value."""
        bound = self.rate_upper(alpha)
        return AtLimit("bounds", bound, bound < rate)


class Procedure(Bounded, Protocol):
    """One-sided bounds of an oriented change and of both rates, and what more rows would tell."""

    @property
    def method(self) -> str:
        """Name the method, for ``report/methods.py``."""

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at most a value."""

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at least a value."""

    def rate_at_most(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at most a value."""

    def rate_at_least(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at least a value."""

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Return a sample that is worse than a share ``quantile`` of samples without a change.

        Args:
            alpha: Chance of error of its bound.
            quantile: Share of samples that are better, in ``(0, 1)``.
            factor: It has so many times the units observed.
        """

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Tell whether such a sample of ``n`` units excludes a fall; None: too dear to ask."""

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether n units certify a least rate if the observed one is true."""

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the rate that n units certify if the observed one is true."""

    @property
    def units(self) -> int:
        """Return the independent units that ``certifies`` counts."""
