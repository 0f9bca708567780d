"""What a test set can certify at all, and how many rows would settle an open question.

Assumption, stated in every verdict: the models disagree as often as observed, in shares half a row
added, and no group truly changes (for a rate of its own: the true rate is the observed one). A
sample that is worse than a share ``power`` of samples is then put before the very bound that
decides. Of two groups that are compared, both are as low as is likeliest, and both grow alike.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from scipy.special import ndtr, ndtri

from faircompress.statistics import paired_proportions
from faircompress.statistics.procedures import Procedure

MOST = 20_000  # units simulated; beyond, a limit is taken to shrink with the root of the units
CLOSE = 0.02  # of a limit: nearer, a count is not corrected again
CORRECTIONS = 5
TENFOLD = 10  # times as many: nobody is sent to find more


@dataclass(frozen=True)
class Observed:
    """What was observed in a group, as far as planning needs it.

    Args:
        procedure: Its bounds.
        n: What counts are given in: clusters if rows have them, else rows.
        effective_n: Independent units of equal weight that carry as much.
        change: Oriented.
        rate: Of the candidate.
        lower: Lower bound of the change at an alpha, the certainty floor in it.
        unchanged: Both models are one file.
    """

    procedure: Procedure
    n: int
    effective_n: float
    change: float
    rate: float
    lower: Callable[[float], float]
    unchanged: bool

    def null_lower(self, alpha: float, power: float, factor: float) -> float:
        """Return the bound that a sample without a change may get, the certainty floor in it."""
        drawn = self.procedure.null_sample(alpha, power, factor)
        floor = -paired_proportions.certainty_floor(self.effective_n * factor, alpha)
        return min(drawn.lower, drawn.change, floor)


def smallest_change_limit(
    observed: Observed, alpha: float, power: float, factor: float = 1.0
) -> float:
    """Return the smallest fall that a test set ``factor`` times as large can exclude."""
    if observed.unchanged:
        return 0.0
    return min(-observed.null_lower(alpha, power, factor), 1.0)


def smallest_difference_limit(
    one: Observed, other: Observed, alpha: float, power: float, factor: float = 1.0
) -> float:
    """Return the smallest lead of another group's change over one's that can be excluded.

    One group comes out low and the other high, which is the mirror of low; they share the deviation
    in the measure of their bounds, where it is likeliest.
    """
    if one.unchanged:
        return 0.0
    reaches = [o.change - o.lower(alpha / 2) for o in (one, other)]
    whole = math.hypot(*reaches)
    parts = [x / whole if whole else 1.0 for x in reaches]
    deviation = float(ndtri(power))
    shares = [float(ndtr(deviation * part)) for part in parts]
    pairs = zip((one, other), shares, strict=True)
    return -sum(o.null_lower(alpha / 2, share, factor) for o, share in pairs)


def both_ways(power: float) -> float:
    """Return the power that each of two sides needs for a limit that binds both ways."""
    return (1 + power) / 2


def change_n_needed(observed: Observed, limit: float, alpha: float, power: float) -> int | None:
    """Return how many clusters (or rows) would exclude this fall; None: too many to say."""
    procedure = observed.procedure
    if observed.unchanged:
        return 0
    if not procedure.units:
        return None
    certifies = lru_cache(lambda n: procedure.certifies(n, limit, alpha, power))
    least = _least(limit, alpha)
    if least <= MOST and certifies(least) is not None:
        found = _fewest(lambda n: bool(certifies(n)), limit, alpha)
        if found is not None:
            return math.ceil(found * observed.n / procedure.units)
    return settled(observed, partial(smallest_change_limit, observed, alpha, power), limit)


def settled(observed: Observed, smallest: Callable[[float], float], limit: float) -> int | None:
    """Return the clusters (or rows) that bring a limit down; None: too many to say.

    The limit is taken to shrink with their root, and what comes out is put before the bound again
    until it holds.

    Args:
        observed: Whose clusters are counted.
        smallest: Limit that a test set so many times as large can certify.
        limit: To be certified.
    """
    factor = 1.0
    for _ in range(CORRECTIONS):
        ratio = smallest(factor) / limit
        factor *= max(ratio**2, ratio)
        if (
            ratio <= 1
            and (factor <= 1 or ratio > 1 - CLOSE)
            or factor * observed.effective_n > MOST
        ):
            break
    return rounded(observed.n * factor)


def if_observed(
    n: int, estimate: float | None, bounds: Sequence[float | None],
    limits: Sequence[float | None], alpha: float, power: float,
) -> int | None:  # fmt: skip
    """Return about how many clusters (or rows) would certify limits if the estimate is the truth.

    Bounds are taken to narrow with the root of the count, around the same estimate.

    Args:
        n: Counted so far.
        estimate: Of the value that is limited.
        bounds: Lower and upper, at ``alpha`` each.
        limits: Likewise; None: there is none.
        alpha: Chance of error of a bound.
        power: Chance of certifying.

    Returns:
        None: the estimate lies at a limit, or so near that over ``TENFOLD`` times as many would be
        needed. ``n`` or less where the bounds are within the limits.
    """
    wider, factor = 1 + float(ndtri(power) / ndtri(1 - alpha)), 0.0
    for bound, limit in zip(bounds, limits, strict=True):
        if limit is None or bound is None or estimate is None:
            continue
        room = abs(limit - estimate)
        if (limit - estimate) * (bound - estimate) <= 0 or abs(bound - estimate) > 1e3 * room:
            return None
        factor = max(factor, (abs(bound - estimate) * wider / room) ** 2)
    return math.ceil(n * factor) if 0 < factor <= TENFOLD else None


def of_two(n: int, reaches: Sequence[float], room: float, alpha: float, power: float) -> int | None:
    """Return the clusters (or rows) at which two groups' bounds stay within a room; None: none.

    The observed rates are taken for true. Bounds, and what a sample may be off, shrink with the
    root of the count. The groups are independent, so what both are off adds up in squares.

    Args:
        n: Counted so far.
        reaches: Of each group's bound at ``alpha / 2``, from its rate.
        room: From what was observed to the limit.
        alpha: Chance of error of both bounds together.
        power: Chance of certifying.
    """
    if room <= 0:
        return None
    off = float(ndtri(power) / ndtri(1 - alpha / 2)) * math.hypot(*reaches)
    return rounded(n * max(1.0, ((sum(reaches) + off) / room) ** 2))


def rounded(needed: float) -> int | None:
    """Return a count; None: too many to say."""
    return math.ceil(needed) if needed < 1e8 else None


def best_minimum(observed: Observed, alpha: float, power: float, *, higher: bool) -> float:
    """Return the strictest least rate that can be certified if the observed one is true."""
    n = observed.effective_n
    bound = observed.procedure.best_rate(n, alpha, power, higher=higher)
    bound = min(bound, 1 - paired_proportions.certainty_floor(n, alpha))
    return bound if higher else 1 - bound


def minimum_n_needed(
    observed: Observed, limit: float, alpha: float, power: float, *, higher: bool
) -> int | None:
    """Return how many clusters (or rows) would certify a least rate; None: the rate misses it."""
    rate, least = (observed.rate, limit) if higher else (1 - observed.rate, 1 - limit)
    procedure = observed.procedure
    if rate <= least or not procedure.units:
        return None
    found = _fewest(
        lambda n: procedure.certifies_rate(n, least, alpha, power, higher=higher), 1 - least, alpha
    )
    return None if found is None else math.ceil(found * observed.n / procedure.units)


def law_of_rows(limit: float, alpha: float) -> float:
    """Return the full-weight units of each class without which no pass is possible.

    With no harm seen, summed over clusters, ``ln(1 + limit / (1 - limit)) >= ln(1 / alpha)``.
    """
    return math.log(alpha) / math.log1p(-limit)


def _least(limit: float, alpha: float) -> int:
    return max(math.ceil(law_of_rows(min(limit, 1 - 1e-9), alpha)), 2)


def _fewest(certifies: Callable[[int], bool], limit: float, alpha: float) -> int | None:
    """Return about the smallest number of units that certifies: doubling, then halving."""
    low = _least(limit, alpha)
    if low > MOST:
        return None
    if certifies(low):
        return low
    high = 2 * low
    while not certifies(high):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > max(low // 50, 1):
        middle = (low + high) // 2
        low, high = (low, middle) if certifies(middle) else (middle, high)
    return high
