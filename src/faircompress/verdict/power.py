"""What a test set can certify at all, and how many units would settle an open question.

Assumption, stated in every verdict: the models disagree as often as observed, in shares half a unit
added, and no group truly changes (for a floor: the true rate is the observed one). A draw that is
less lucky than a share ``power`` of draws is then put before the very bound that decides. Of two
groups that are compared, both are as unlucky as is likeliest, and both grow alike; classes that are
averaged are all taken to be unlucky at once, which is safe.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import ndtri

from faircompress.statistics import betting, paired_proportions
from faircompress.verdict.evidence import Bets, Evidence, Shares, Unbounded
from faircompress.verdict.unlucky import unlucky, unlucky_changes, unlucky_counts, unlucky_rates

MOST = 20_000  # units simulated; beyond, a limit is taken to shrink with the root of the units
CLOSE = 0.02  # of a limit: nearer, a count is not corrected again
CORRECTIONS = 5


def smallest_change_limit(
    evidence: Evidence, alpha: float, power: float, factor: float = 1.0
) -> float:
    """Return the smallest fall that a test set ``factor`` times as large can exclude."""
    if evidence.same_file:
        return 0.0
    if isinstance(evidence.bounds, Unbounded):
        return 1.0
    return min(-unlucky(evidence, alpha, float(ndtri(power)), factor).lower, 1.0)


def smallest_drift_limit(
    one: Evidence, other: Evidence, alpha: float, power: float, factor: float = 1.0
) -> float:
    """Return the smallest lead of another group's change over one's that can be excluded.

    One group is unlucky and the other lucky, which is the mirror of unlucky; they share the bad
    luck in the measure of their bounds, where it is likeliest.
    """
    luck = float(ndtri(power))
    reaches = [e.change - e.lower(alpha / 2) for e in (one, other)]
    whole = math.hypot(*reaches)
    parts = [x / whole if whole else 1.0 for x in reaches]
    pairs = zip((one, other), parts, strict=True)
    return -sum(unlucky(e, alpha / 2, luck * part, factor).lower for e, part in pairs)


def both_ways(power: float) -> float:
    """Return the power that each of two sides needs for a limit that binds both ways."""
    return (1 + power) / 2


def change_units_needed(evidence: Evidence, limit: float, alpha: float, power: float) -> int | None:
    """Return how many people (or pictures) would exclude this fall; None: too many to say."""
    bounds, found = evidence.bounds, None
    if evidence.same_file:
        return 0
    if isinstance(bounds, Unbounded):
        return None
    if isinstance(bounds, Shares):
        found = _fewest(lambda n: _shares_certify(bounds, n, limit, alpha, power), limit, alpha)
        found = None if found is None else math.ceil(found * _counted(evidence) / evidence.units)
    elif isinstance(bounds, Bets):
        found = _fewest(lambda n: _bets_certify(bounds, n, limit, alpha, power), limit, alpha)
        found = None if found is None else _in_people(found, evidence, bounds)
    if found is not None:
        return found
    return settled(evidence, partial(smallest_change_limit, evidence, alpha, power), limit)


def settled(evidence: Evidence, smallest: Callable[[float], float], limit: float) -> int | None:
    """Return the people (or pictures) that bring a limit down; None: too many to say.

    The limit is taken to shrink with their root, and what comes out is put before the bound again
    until it holds.

    Args:
        evidence: Whose people are counted.
        smallest: Limit that a test set so many times as large can certify.
        limit: To be certified.
    """
    counted, factor = _counted(evidence), 1.0
    for _ in range(CORRECTIONS):
        ratio = smallest(factor) / limit
        factor *= max(ratio**2, ratio)
        if ratio <= 1 and (factor <= 1 or ratio > 1 - CLOSE) or factor * evidence.units > MOST:
            break
    needed = counted * factor
    return math.ceil(needed) if needed < 1e8 else None


def best_floor(evidence: Evidence, alpha: float, power: float, *, higher: bool) -> float:
    """Return the strictest floor that this test set can certify if the observed rate is true."""
    units, rate = evidence.units, evidence.pruned if higher else 1 - evidence.pruned
    unlucky = max(rate - float(ndtri(power)) * math.sqrt(rate * (1 - rate) / units), 0.0)
    draw = unlucky_rates(evidence.bounds, None, power, higher=higher)
    if draw is None:
        bound = paired_proportions.share_lower(unlucky * units, units, alpha)
    else:
        bound = betting.mean_lower(*draw, alpha, low=0, high=1)
    bound = min(bound, 1 - paired_proportions.certainty_floor(units, alpha))
    return bound if higher else 1 - bound


def floor_units_needed(
    evidence: Evidence, limit: float, alpha: float, power: float, *, higher: bool
) -> int | None:
    """Return how many people (or pictures) would certify a floor; None: the rate misses it."""
    rate, least = (evidence.pruned, limit) if higher else (1 - evidence.pruned, 1 - limit)
    if rate <= least:
        return None

    def certifies(units: int) -> bool:
        draw = unlucky_rates(evidence.bounds, units, power, higher=higher)
        if draw is not None:
            return bool(betting.excluded(*draw, np.array([least]), alpha, low=0)[0])
        hits = units * rate - float(ndtri(power)) * math.sqrt(units * rate * (1 - rate))
        return paired_proportions.share_lower(hits, units, alpha) > least

    found = _fewest(certifies, 1 - least, alpha)
    if found is None:
        return None
    if isinstance(evidence.bounds, Bets):
        return _in_people(found, evidence, evidence.bounds)
    return math.ceil(found * _counted(evidence) / evidence.units)


def _in_people(units: int, evidence: Evidence, bets: Bets) -> int:
    """Return the people (or pictures) of whom so many units are kept."""
    return math.ceil(units * _counted(evidence) / max(bets.units.people, 1))


def _counted(evidence: Evidence) -> int:
    """Return what counts are given in: people if there are identities, else pictures."""
    return evidence.rows if evidence.people is None else evidence.people


def _fewest(certifies: Callable[[int], bool], limit: float, alpha: float) -> int | None:
    """Return about the smallest number of units that certifies: doubling, then halving."""
    low = max(math.ceil(math.log(alpha) / math.log1p(-limit)), 2)
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


def _shares_certify(shares: Shares, units: int, limit: float, alpha: float, power: float) -> bool:
    lost, gained = unlucky_counts(shares, units, power)
    return paired_proportions.excludes(lost, gained, units, -limit, alpha)


def _bets_certify(bets: Bets, units: int, limit: float, alpha: float, power: float) -> bool:
    changes, weights = unlucky_changes(bets, units, power)
    return bool(betting.excluded(changes, weights, np.array([-limit]), alpha, low=-1)[0])
