"""Bounds for shares: Tango's score bound for a paired change, Clopper-Pearson for one share."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len
from scipy.special import betaincinv, ndtr


@lru_cache(maxsize=4096)  # a metric and its complement ask the same
def change_lower(lost: float, gained: float, units: float, alpha: float) -> float:
    """Bound a paired change of shares from below; the change is truly lower with chance alpha.

    It inverts Tango's score test, but is never tighter than what the exact distribution of
    ``gained - lost`` allows, given the discordance that Tango's constrained estimate gives. The
    score test alone passes too often where few rows are lost: with a limit of 0.05, 87 units and a
    true harm of 0.05 it lets one lost unit pass, which happens with chance 0.064, not 0.05.

    Args:
        lost: Units the first model had right and the second has wrong.
        gained: The reverse. Both may be fractions of units, where rows are weighted.
        units: Independent units, > 0.
        alpha: Chance of error, in ``(0, 1)``.

    Returns:
        A number in ``[-1, (gained - lost) / units]``.

    Source:
        Tango, Equivalence test and confidence interval for the difference in proportions for the
        paired-sample design, Statistics in Medicine 17 (1998). Departure: the exact tail.
    """
    estimate = (gained - lost) / units
    bound = _bisect(lambda at: score_p_value(lost, gained, units, at), -1.0, estimate, alpha)
    if exact_p_value(lost, gained, units, bound) <= alpha:
        return bound
    return _bisect(lambda at: exact_p_value(lost, gained, units, at), -1.0, bound, alpha)


def change_upper(lost: float, gained: float, units: float, alpha: float) -> float:
    """Bound a paired change of shares from above; see ``change_lower``."""
    return -change_lower(gained, lost, units, alpha)


def certainty_floor(units: float, alpha: float) -> float:
    """Return the smallest harm that this many unharmed units exclude: ``1 - alpha ** (1/n)``.

    A share of ``h`` harmed units goes unseen in n draws with chance ``(1 - h) ** n``.
    """
    return -math.expm1(math.log(alpha) / units)


def share_lower(hits: float, units: float, alpha: float) -> float:
    """Bound a share from below, after Clopper and Pearson; ``hits`` may be a fraction."""
    return 0.0 if hits <= 0 else float(betaincinv(hits, units - hits + 1, alpha))


def share_upper(hits: float, units: float, alpha: float) -> float:
    """Bound a share from above, after Clopper and Pearson."""
    return 1.0 - share_lower(units - hits, units, alpha)


def score_p_value(lost: float, gained: float, units: float, change: float) -> float:
    """Return Tango's chance of a change as good as this one if the true one is ``change``."""
    share_lost = _constrained(lost, gained, units, change)
    variance = units * (2 * share_lost + change * (1 - change))
    surplus = gained - lost - units * change
    if variance <= 0:
        return 1.0 if surplus <= 0 else 0.0
    return float(ndtr(-surplus / math.sqrt(variance)))


def exact_p_value(lost: float, gained: float, units: float, change: float) -> float:
    """Return the same chance from the distribution of ``gained - lost`` itself.

    Each unit adds 1, 0 or -1, with Tango's constrained shares. Fractional units are rounded down,
    and the observed difference with them, so that the chance is never too small.
    """
    share_lost = min(max(_constrained(lost, gained, units, change), -change, 0.0), 1.0)
    share_gained = min(max(share_lost + change, 0.0), 1.0 - share_lost)
    whole = max(math.floor(units + 1e-9), 1)
    difference = math.floor((gained - lost) * whole / units + 1e-9)
    first, chances = difference_chances(whole, share_gained, share_lost)
    tail = chances[max(difference - first, 0) :].sum()
    return float(min(max(tail, 0.0), 1.0))


def difference_chances(
    units: int, share_gained: float, share_lost: float
) -> tuple[int, np.ndarray]:
    """Return the chances of ``gained - lost``, and the difference to which the first belongs.

    They come from the characteristic function, over a window that leaves out less than 1e-15.
    """
    mean = units * (share_gained - share_lost)
    spread = math.sqrt(units * (share_gained + share_lost))
    half = min(units, math.ceil(10 * spread + 40))
    first = min(max(math.floor(mean) - half, -units), units - 2 * half)
    size = next_fast_len(2 * half + 1, real=True)
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    one = 1 - share_lost - share_gained + share_gained * turn + share_lost * turn.conj()
    return first, np.roll(irfft(one**units, size), -first)[: 2 * half + 1]


def _constrained(lost: float, gained: float, units: float, change: float) -> float:
    """Return the likeliest share of lost units if gained minus lost shares is ``change``."""
    a = 2 * units
    b = -gained - lost + (2 * units - gained + lost) * change
    c = -lost * change * (1 - change)
    return (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)


def _bisect(p_value: Callable[[float], float], low: float, high: float, alpha: float) -> float:
    """Return the largest place, from the left, where the chance is still at most alpha."""
    for _ in range(32):
        middle = (low + high) / 2
        low, high = (middle, high) if p_value(middle) <= alpha else (low, middle)
    return low
