"""A proportion of independent rows of equal weight, for two models on the same rows; exact."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.fft import irfft, next_fast_len
from scipy.special import betainc, ndtri

from faircompress.statistics import e_values
from faircompress.statistics import paired_proportions as exact
from faircompress.statistics.procedures import AtLimit, NullSample


@dataclass(frozen=True)
class PairedProportions:
    """Counts of rows that both models decide; see ``statistics/paired_proportions.py``.

    Args:
        lost: Rows worse with the candidate.
        gained: Rows better with it.
        hits: Rows that the candidate's rate counts.
        baseline_hits: Rows that the baseline's rate counts.
        n: All of them.
    """

    lost: int
    gained: int
    hits: int
    baseline_hits: int
    n: int
    method: str = "exact"

    def change_lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return exact.change_lower(self.lost, self.gained, self.n, alpha)

    def change_upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return exact.change_upper(self.lost, self.gained, self.n, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""
        return exact.share_lower(self.hits, self.n, alpha)

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        return exact.share_upper(self.hits, self.n, alpha)

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        return exact.share_lower(self.baseline_hits, self.n, alpha)

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at most a value."""
        found = exact.p_value(self.lost, self.gained, self.n, change, alpha)
        return _tail(found, alpha, partial(self.e_change_at_most, change, alpha))

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the oriented change is at least a value."""
        found = exact.p_value(self.gained, self.lost, self.n, -change, alpha)
        return _tail(found, alpha, partial(self.e_change_at_least, change, alpha))

    def rate_at_most(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at most a value: the chance of as many hits."""
        tail = betainc(self.hits, self.n - self.hits + 1, rate) if self.hits else 1.0
        return _tail(float(tail), alpha, partial(self.e_rate_at_most, rate, alpha))

    def rate_at_least(self, rate: float, alpha: float) -> AtLimit:
        """Test that the candidate's rate is at least a value: the chance of as few hits."""
        misses = self.n - self.hits
        tail = betainc(misses, self.hits + 1, 1 - rate) if misses else 1.0
        return _tail(float(tail), alpha, partial(self.e_rate_at_least, rate, alpha))

    def e_change_at_most(self, change: float, alpha: float) -> float:
        """Return an e-value against "the oriented change is at most a value"; see ``e_values``."""
        nulls = np.array([change])
        return float(e_values.of_paired_share(self.lost, self.gained, self.n, nulls, alpha)[0])

    def e_change_at_least(self, change: float, alpha: float) -> float:
        """Return an e-value against "the oriented change is at least a value"."""
        nulls = -np.array([change])
        return float(e_values.of_paired_share(self.gained, self.lost, self.n, nulls, alpha)[0])

    def e_rate_at_most(self, rate: float, alpha: float) -> float:
        """Return an e-value against "the candidate's rate is at most a value"."""
        return float(e_values.of_rate(self.hits, self.n, np.array([rate]), alpha)[0])

    def e_rate_at_least(self, rate: float, alpha: float) -> float:
        """Return an e-value against "the candidate's rate is at least a value"."""
        misses, nulls = self.n - self.hits, np.array([1 - rate])
        return float(e_values.of_rate(misses, self.n, nulls, alpha)[0])

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Draw as many disagreements as observed, half a row added, and no true change."""
        n = max(round(self.n * factor), 1)
        lost, gained = null_counts(self, n, quantile)
        return NullSample((gained - lost) / n, exact.change_lower(lost, gained, n, alpha))

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Tell whether such a sample of n rows excludes a fall."""
        lost, gained = null_counts(self, n, quantile)
        return exact.excludes(lost, gained, n, -limit, alpha)

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Tell whether n rows certify a least rate if the observed one is true."""
        return self.best_rate(n, alpha, quantile, higher=higher) > least

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return the rate that n rows certify; of a rate that should be low, 1 minus it."""
        hits = self.hits if higher else self.n - self.hits
        return exact.share_lower(low_share(hits, self.n, n, quantile) * n, n, alpha)

    @property
    def units(self) -> int:
        """Return the rows."""
        return self.n


def _tail(chance: float, alpha: float, e_value: Callable[[], float]) -> AtLimit:
    return AtLimit("tail", chance, chance <= alpha, e_value)


def null_counts(observed: PairedProportions, n: int, quantile: float) -> tuple[int, int]:
    """Return lost and gained rows in a sample that is worse than a share ``quantile`` of samples.

    Nothing truly changed; the models disagree as often as observed, half a row added.
    """
    discordant = min((observed.lost + observed.gained + 0.5) / (observed.n + 1), 1.0)
    first, chances = _difference_chances(n, discordant / 2, discordant / 2)
    surplus = int(first + np.argmax(np.cumsum(chances) >= quantile))
    gained = max(math.floor((n * discordant - surplus) / 2), 0)
    lost = max(math.ceil((n * discordant + surplus) / 2), surplus)
    return min(lost, n - gained), gained


def low_share(hits: float, rows: float, drawn: float, quantile: float) -> float:
    """Return a share that ``drawn`` rows fall below with chance ``1 - quantile``, about.

    The true share is taken to be the observed one with half a hit and half a miss added, since
    none seen among a few rows does not mean that none will be.
    """
    share = (hits + 0.5) / (rows + 1)
    return max(share - float(ndtri(quantile)) * math.sqrt(share * (1 - share) / drawn), 0.0)


def _difference_chances(n: int, share_gained: float, share_lost: float) -> tuple[int, np.ndarray]:
    """Return the chances of ``gained - lost``, and the difference to which the first belongs.

    They come from the characteristic function, over a window that leaves out less than 1e-15.
    """
    mean = n * (share_gained - share_lost)
    spread = math.sqrt(n * (share_gained + share_lost))
    half = min(n, math.ceil(10 * spread + 40))
    first = min(max(math.floor(mean) - half, -n), n - 2 * half)
    size = next_fast_len(2 * half + 1, real=True)
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    one = 1 - share_lost - share_gained + share_gained * turn + share_lost * turn.conj()
    return first, np.roll(irfft(one**n, size), -first)[: 2 * half + 1]
