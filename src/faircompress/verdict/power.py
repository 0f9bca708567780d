"""What a test set can certify at all, and how many units would settle an open question.

Assumption, stated in every verdict: the models disagree as often as observed, half a unit added,
and no group truly changes (for a floor: the true rate is the observed one). A draw that is less
lucky than a share ``power`` of draws is then put before the very bound that decides.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from faircompress.verdict import betting, tango
from faircompress.verdict.evidence import Bets, Evidence, Shares
from faircompress.verdict.units import SEED

ORDERS = 4
MOST = 20_000  # units simulated; beyond, a limit is taken to shrink with the root of the units


def smallest_change_limit(evidence: Evidence, alpha: float, power: float) -> float:
    """Return the smallest fall that this test set can exclude with this power."""
    bounds, units = evidence.bounds, evidence.units
    if evidence.same_file:
        return 0.0
    if isinstance(bounds, Shares):
        lost, gained = _unlucky_counts(bounds, units, power)
        bound = -tango.change_lower(lost, gained, units, alpha)
    elif isinstance(bounds, Bets):
        draw = _unlucky_changes(bounds, _whole(units), power)
        bound = -betting.mean_lower(draw, np.ones_like(draw), alpha, low=-1, high=1)
    else:
        parts = bounds.parts  # type: ignore[attr-defined]
        each = [smallest_change_limit(part, alpha / len(parts), power) for part in parts]
        bound = float(np.mean(each))
    return min(max(bound, tango.certainty_floor(units, alpha)), 1.0)


def change_units_needed(
    evidence: Evidence, limit: float, alpha: float, power: float
) -> int | None:
    """Return how many units would exclude a fall of ``limit``; None: more than can be said."""
    bounds, found = evidence.bounds, None
    if evidence.same_file:
        return 0
    if isinstance(bounds, Shares):
        found = _fewest(lambda n: _shares_certify(bounds, n, limit, alpha, power), limit, alpha)
    elif isinstance(bounds, Bets):
        found = _fewest(lambda n: _bets_certify(bounds, n, limit, alpha, power), limit, alpha)
    if found is not None:
        return found
    return scaled(evidence.units, smallest_change_limit(evidence, alpha, power), limit)


def scaled(units: float, smallest: float, limit: float) -> int | None:
    """Return the units that bring a limit down, if it shrinks with their root."""
    needed = units * max((smallest / limit) ** 2, smallest / limit)
    return math.ceil(needed) if needed < 1e8 else None


def best_floor(evidence: Evidence, alpha: float, power: float, *, higher: bool) -> float:
    """Return the strictest floor that this test set can certify if the observed rate is true."""
    units, rate = evidence.units, evidence.pruned if higher else 1 - evidence.pruned
    unlucky = max(rate - float(ndtri(power)) * math.sqrt(rate * (1 - rate) / units), 0.0)
    values = _unlucky_rates(evidence.bounds, _whole(units), power, higher=higher)
    if values is None:
        bound = tango.share_lower(unlucky * units, units, alpha)
    else:
        bound = betting.mean_lower(values, np.ones_like(values), alpha, low=0, high=1)
    bound = min(bound, 1 - tango.certainty_floor(units, alpha))
    return bound if higher else 1 - bound


def floor_units_needed(
    evidence: Evidence, limit: float, alpha: float, power: float, *, higher: bool
) -> int | None:
    """Return how many units would certify a floor; None if the observed rate does not meet it."""
    rate, least = (evidence.pruned, limit) if higher else (1 - evidence.pruned, 1 - limit)
    if rate <= least:
        return None

    def certifies(units: int) -> bool:
        values = _unlucky_rates(evidence.bounds, units, power, higher=higher)
        if values is not None:
            weights = np.ones_like(values)
            return bool(betting.excluded(values, weights, np.array([least]), alpha, low=0)[0])
        hits = units * rate - float(ndtri(power)) * math.sqrt(units * rate * (1 - rate))
        return tango.share_lower(hits, units, alpha) > least

    return _fewest(certifies, 1 - least, alpha)


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
    lost, gained = _unlucky_counts(shares, units, power)
    if tango.score_p_value(lost, gained, units, -limit) > alpha:
        return False
    exact = units <= tango.EXACT_UP_TO
    return not exact or tango.exact_p_value(lost, gained, units, -limit) <= alpha


def _bets_certify(bets: Bets, units: int, limit: float, alpha: float, power: float) -> bool:
    draw = _unlucky_changes(bets, units, power)
    return bool(betting.excluded(draw, np.ones_like(draw), np.array([-limit]), alpha, low=-1)[0])


def _unlucky_counts(shares: Shares, units: float, power: float) -> tuple[float, float]:
    """Return lost and gained units in a draw that is worse than a share ``power`` of draws."""
    discordant = min((shares.lost + shares.gained + 0.5) / (shares.units + 1), 1.0)
    whole = _whole(units)
    if whole <= tango.EXACT_UP_TO:
        chances = tango.difference_chances(whole, discordant / 2, discordant / 2)
        surplus = float(np.argmax(np.cumsum(chances) >= power) - whole)
    else:
        surplus = float(ndtri(power)) * math.sqrt(units * discordant)
    both = max(units * discordant, surplus)
    return (both + surplus) / 2, (both - surplus) / 2


def _unlucky_changes(bets: Bets, units: int, power: float) -> np.ndarray:
    """Return changes as large as observed, signs mixed so that their sum is unlucky."""
    sizes = _quantiles(np.abs(bets.changes[bets.units.weights > 0]), units)
    rng = np.random.default_rng(SEED)
    signs = np.where(np.arange(units) % 2, 1.0, -1.0)
    goal = -float(ndtri(power)) * math.sqrt((sizes**2).sum())
    flippable = rng.permutation(np.flatnonzero(signs > 0))
    excess = (sizes * signs).sum() - 2 * np.cumsum(sizes[flippable])
    signs[flippable[: int(np.searchsorted(-excess, -goal))]] = -1.0
    return np.stack([rng.permutation(sizes * signs) for _ in range(ORDERS)])


def _unlucky_rates(
    bounds: object, units: int, power: float, *, higher: bool
) -> np.ndarray | None:
    """Return rates like the observed ones, shifted down by bad luck; None for shares."""
    if not isinstance(bounds, Bets):
        return None
    seen = bounds.units.pruned[bounds.units.weights > 0]
    values = _quantiles(seen if higher else 1 - seen, units)
    values = np.clip(values - float(ndtri(power)) * values.std() / math.sqrt(units), 0, 1)
    rng = np.random.default_rng(SEED)
    return np.stack([rng.permutation(values) for _ in range(ORDERS)])


def _quantiles(values: np.ndarray, units: int) -> np.ndarray:
    places = ((np.arange(units) + 0.5) / units * len(values)).astype(int)
    return np.sort(values)[np.minimum(places, len(values) - 1)]


def _whole(units: float) -> int:
    return max(math.floor(units + 1e-9), 1)
