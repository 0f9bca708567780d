"""The mean over classes: the mean of their bounds, each at its share of alpha.

All C bounds at ``alpha / C`` hold at once with chance ``1 - alpha``; then so does their mean.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from faircompress.statistics.procedures import NullSample, TestedByBounds


class Part(Protocol):
    """One class's bounds; see ``Procedure``."""

    def lower(self, alpha: float) -> float:
        """Bound the change from below."""

    def upper(self, alpha: float) -> float:
        """Bound the change from above."""

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Return a sample without a true change."""

    @property
    def method(self) -> str:
        """Name the method."""


@dataclass(frozen=True)
class ClassMean(TestedByBounds):
    """The mean of several classes' bounds; ``parts`` is one a class."""

    parts: tuple[Part, ...]
    units: int = 0

    @cached_property
    def method(self) -> str:
        """Name the method."""
        return f"mean of {len(self.parts)} {self.parts[0].method} bounds"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return self._mean([part.lower(alpha / len(self.parts)) for part in self.parts])

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return self._mean([part.upper(alpha / len(self.parts)) for part in self.parts])

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""
        return self._mean([part.rate_lower(alpha / len(self.parts)) for part in self.parts])

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        return self._mean([part.rate_upper(alpha / len(self.parts)) for part in self.parts])

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        return self._mean([part.baseline_lower(alpha / len(self.parts)) for part in self.parts])

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Take all classes to be as low at once, which is safe."""
        share = alpha / len(self.parts)
        drawn = [part.null_sample(share, quantile, factor) for part in self.parts]
        return NullSample(
            self._mean([one.change for one in drawn]), self._mean([one.lower for one in drawn])
        )

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Return that this is too dear to ask for every n."""
        return None

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether the mean of the classes' least rates suffices, at the observed sizes."""
        return self.best_rate(n, alpha, quantile, higher=higher) > least

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the mean of the rates that the classes certify at the observed sizes."""
        bound = self.rate_lower(alpha)
        return bound if higher else 1 - self.rate_upper(alpha)

    @staticmethod
    def _mean(numbers: list[float]) -> float:
        return sum(numbers) / len(numbers)
