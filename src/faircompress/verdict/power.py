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
from faircompress.verdict.ratios import Ratios
from faircompress.verdict.units import SEED, kish

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
        changes, weights = _unlucky_changes(bounds, bounds.units.people, power)
        bound = -betting.mean_lower(changes, weights, alpha, low=-1, high=1)
    elif isinstance(bounds, Ratios):
        reach = evidence.change - bounds.change_lower(alpha)
        bound = reach * (1 + float(ndtri(power) / ndtri(1 - alpha)))
    else:
        parts = bounds.parts  # type: ignore[attr-defined]
        each = [smallest_change_limit(part, alpha / len(parts), power) for part in parts]
        bound = float(np.mean(each))
    return min(max(bound, tango.certainty_floor(units, alpha)), 1.0)


def change_units_needed(evidence: Evidence, limit: float, alpha: float, power: float) -> int | None:
    """Return how many people (or pictures) would exclude this fall; None: too many to say."""
    bounds, found = evidence.bounds, None
    if evidence.same_file:
        return 0
    if isinstance(bounds, Shares):
        found = _fewest(lambda n: _shares_certify(bounds, n, limit, alpha, power), limit, alpha)
        found = None if found is None else math.ceil(found * _counted(evidence) / evidence.units)
    elif isinstance(bounds, Bets):
        found = _fewest(lambda n: _bets_certify(bounds, n, limit, alpha, power), limit, alpha)
    if found is not None:
        return found
    return scaled(evidence, smallest_change_limit(evidence, alpha, power), limit)


def scaled(evidence: Evidence, smallest: float, limit: float) -> int | None:
    """Return the people (or pictures) that bring a limit down, if it shrinks with their root."""
    needed = _counted(evidence) * max((smallest / limit) ** 2, smallest / limit)
    return math.ceil(needed) if needed < 1e8 else None


def best_floor(evidence: Evidence, alpha: float, power: float, *, higher: bool) -> float:
    """Return the strictest floor that this test set can certify if the observed rate is true."""
    units, rate = evidence.units, evidence.pruned if higher else 1 - evidence.pruned
    unlucky = max(rate - float(ndtri(power)) * math.sqrt(rate * (1 - rate) / units), 0.0)
    draw = _unlucky_rates(evidence.bounds, None, power, higher=higher)
    if draw is None:
        bound = tango.share_lower(unlucky * units, units, alpha)
    else:
        bound = betting.mean_lower(*draw, alpha, low=0, high=1)
    bound = min(bound, 1 - tango.certainty_floor(units, alpha))
    return bound if higher else 1 - bound


def floor_units_needed(
    evidence: Evidence, limit: float, alpha: float, power: float, *, higher: bool
) -> int | None:
    """Return how many people (or pictures) would certify a floor; None: the rate misses it."""
    rate, least = (evidence.pruned, limit) if higher else (1 - evidence.pruned, 1 - limit)
    if rate <= least:
        return None

    def certifies(units: int) -> bool:
        draw = _unlucky_rates(evidence.bounds, units, power, higher=higher)
        if draw is not None:
            return bool(betting.excluded(*draw, np.array([least]), alpha, low=0)[0])
        hits = units * rate - float(ndtri(power)) * math.sqrt(units * rate * (1 - rate))
        return tango.share_lower(hits, units, alpha) > least

    found = _fewest(certifies, 1 - least, alpha)
    if found is None or isinstance(evidence.bounds, Bets):
        return found
    return math.ceil(found * _counted(evidence) / evidence.units)


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
    lost, gained = _unlucky_counts(shares, units, power)
    if tango.score_p_value(lost, gained, units, -limit) > alpha:
        return False
    return tango.exact_p_value(lost, gained, units, -limit) <= alpha


def _bets_certify(bets: Bets, units: int, limit: float, alpha: float, power: float) -> bool:
    changes, weights = _unlucky_changes(bets, units, power)
    return bool(betting.excluded(changes, weights, np.array([-limit]), alpha, low=-1)[0])


def _unlucky_counts(shares: Shares, units: float, power: float) -> tuple[float, float]:
    """Return lost and gained units in a draw that is worse than a share ``power`` of draws."""
    discordant = min((shares.lost + shares.gained + 0.5) / (shares.units + 1), 1.0)
    whole = max(math.floor(units + 1e-9), 1)
    first, chances = tango.difference_chances(whole, discordant / 2, discordant / 2)
    surplus = float(first + np.argmax(np.cumsum(chances) >= power))
    both = max(units * discordant, surplus)
    return (both + surplus) / 2, (both - surplus) / 2


def _unlucky_changes(bets: Bets, units: int, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Return changes as large as observed, signed so that their sum is unlucky, and weights."""
    there = bets.units.weights > 0
    rng = np.random.default_rng(SEED)
    weights = rng.permutation(_quantiles(bets.units.weights[there], units))
    sizes = _quantiles(np.abs(bets.changes[there]), units)
    worth, signs = sizes * weights, np.where(np.arange(units) % 2, 1.0, -1.0)
    goal = -float(ndtri(power)) * math.sqrt((worth**2).sum())
    flippable = rng.permutation(np.flatnonzero(signs > 0))
    excess = (worth * signs).sum() - 2 * np.cumsum(worth[flippable])
    signs[flippable[: int(np.searchsorted(-excess, -goal))]] = -1.0
    return _in_orders(sizes * signs, weights)


def _unlucky_rates(
    bounds: object, units: int | None, power: float, *, higher: bool
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return rates like the observed ones, shifted by bad luck, and weights; None for shares."""
    if not isinstance(bounds, Bets):
        return None
    there, units = bounds.units.weights > 0, units or bounds.units.people
    seen = bounds.units.pruned[there]
    weights = _quantiles(bounds.units.weights[there], units)
    values = _quantiles(seen if higher else 1 - seen, units)
    off = float(ndtri(power)) * values.std() / math.sqrt(kish(weights))
    weights = np.random.default_rng(SEED).permutation(weights)
    return _in_orders(np.clip(values - off, 0, 1), weights)


def _in_orders(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    orders = np.stack([rng.permutation(len(values)) for _ in range(ORDERS)])
    return values[orders], weights[orders]


def _quantiles(values: np.ndarray, units: int) -> np.ndarray:
    places = ((np.arange(units) + 0.5) / units * len(values)).astype(int)
    return np.sort(values)[np.minimum(places, len(values) - 1)]
