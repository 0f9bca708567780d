"""A proportion of like rows whose numbers by stratum were fixed: lost and gained rows apart.

The exact tail of ``paired_proportions`` is of like draws. Where strata differ it may err more often
than alpha, if rows are gained, too. A count of unlike independent rows has lighter tails than the
binomial of the same mean (Hoeffding 1956), so the share lost and the share gained keep their exact
bounds, and the change has those of their difference, each at half of alpha.
"""

from dataclasses import dataclass
from functools import partial

from faircompress.statistics import paired_proportions as exact
from faircompress.statistics.procedures import AtLimit, NullSample
from faircompress.statistics.procedures.paired_proportions import PairedProportions, null_counts


@dataclass(frozen=True)
class StrataApart(PairedProportions):
    """Counts of rows of several strata; rates are those of ``PairedProportions``."""

    method: str = "exact apart"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return least(self.gained, self.n, alpha / 2) - most(self.lost, self.n, alpha / 2)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return most(self.gained, self.n, alpha / 2) - least(self.lost, self.n, alpha / 2)

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at most a value."""
        bound = self.change_lower(alpha)
        e_value = partial(self.e_change_at_most, change, alpha)
        return AtLimit("bounds", bound, bound > change, e_value)

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at least a value."""
        bound = self.change_upper(alpha)
        e_value = partial(self.e_change_at_least, change, alpha)
        return AtLimit("bounds", bound, bound < change, e_value)

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Draw as many disagreements as observed, half a row added, and no true change."""
        n = max(round(self.n * factor), 1)
        lost, gained = null_counts(self, n, quantile)
        bound = least(gained, n, alpha / 2) - most(lost, n, alpha / 2)
        return NullSample((gained - lost) / n, bound)

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Tell whether such a sample of n rows excludes a fall."""
        lost, gained = null_counts(self, n, quantile)
        return least(gained, n, alpha / 2) - most(lost, n, alpha / 2) > -limit


def least(hits: int, rows: int, alpha: float) -> float:
    """Bound a share of unlike rows from below; one hit tells nothing, as Hoeffding needs a second.

    One hit or more has chance ``n p`` at most if rows differ, a little more than the binomial's.
    """
    return exact.share_lower(hits, rows, alpha) if hits > 1 else 0.0


def most(hits: int, rows: int, alpha: float) -> float:
    """Bound a share of unlike rows from above."""
    return 1 - least(rows - hits, rows, alpha)
