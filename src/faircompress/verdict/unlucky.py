"""Draws that are less lucky than a share of all draws, although nothing truly changes.

The models disagree as often as observed, in shares half a unit added. Classes that are averaged
are all unlucky at once, which is safe.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len
from scipy.special import ndtr, ndtri

from faircompress.statistics import betting, paired_proportions
from faircompress.statistics.clusters import kish
from faircompress.statistics.independent_units import SEED
from faircompress.statistics.procedures.conditional_rate import Ratios, Side
from faircompress.verdict.evidence import Average, Bets, Evidence, Shares

ORDERS = 4


@dataclass(frozen=True)
class Draw:
    """What an unlucky draw would show although nothing truly changed; oriented, below 0 is worse.

    Args:
        change: The change.
        lower: Its lower bound.
    """

    change: float
    lower: float


def unlucky(evidence: Evidence, alpha: float, luck: float, factor: float) -> Draw:
    """Draw what lies so many standard deviations below no change.

    Args:
        evidence: What was observed.
        alpha: Chance of error of the lower bound.
        luck: Standard deviations.
        factor: The draw has so many times the units observed.
    """
    bounds, units = evidence.bounds, evidence.units * factor
    power = float(ndtr(luck))
    if isinstance(bounds, Shares):
        whole = max(round(units), 1)
        lost, gained = unlucky_counts(bounds, whole, power)
        change = (gained - lost) / whole
        lower = paired_proportions.change_lower(lost, gained, whole, alpha)
    elif isinstance(bounds, Bets):
        size = max(round(bounds.units.people * factor), 2)
        changes, weights = unlucky_changes(bounds, size, power)
        change = float(np.average(changes, weights=weights))
        lower = betting.mean_lower(changes, weights, alpha, low=-1, high=1)
    elif isinstance(bounds, Ratios):
        drawn = _unlucky_ratios(bounds, factor, power)
        change = drawn.pruned.rate - drawn.dense.rate
        lower = drawn.change_lower(alpha)
    elif isinstance(bounds, Average):
        parts = bounds.parts
        draws = [unlucky(part, alpha / len(parts), luck, factor) for part in parts]
        change = float(np.mean([draw.change for draw in draws]))
        lower = float(np.mean([draw.lower for draw in draws]))
    else:
        change, lower = 0.0, bounds.change_lower(alpha)  # Unbounded
    return Draw(change, min(lower, change, -paired_proportions.certainty_floor(units, alpha)))


def unlucky_counts(shares: Shares, units: int, power: float) -> tuple[int, int]:
    """Return lost and gained units in a draw that is worse than a share ``power`` of draws."""
    discordant = min((shares.lost + shares.gained + 0.5) / (shares.units + 1), 1.0)
    first, chances = _difference_chances(units, discordant / 2, discordant / 2)
    surplus = int(first + np.argmax(np.cumsum(chances) >= power))
    gained = max(math.floor((units * discordant - surplus) / 2), 0)
    lost = max(math.ceil((units * discordant + surplus) / 2), surplus)
    return min(lost, units - gained), gained


def _difference_chances(
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


def unlucky_changes(bets: Bets, units: int, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Return changes as large as observed, signed so that their sum is unlucky, and weights."""
    there = bets.units.weights > 0
    rng = np.random.default_rng(SEED)
    weights = rng.permutation(_quantiles(bets.units.weights[there], units))
    sizes = _quantiles(np.abs(bets.changes[there]), units)
    return _in_orders(sizes * _unlucky_signs(sizes * weights, power, rng), weights)


def _unlucky_ratios(ratios: Ratios, factor: float, power: float) -> Ratios:
    """Return units like those observed, whose two files change places where that is unlucky.

    A unit adds to a change what its chosen rows are worth beyond the rate of both files.
    """
    sides = (ratios.dense, ratios.pruned) if ratios.sign > 0 else (ratios.pruned, ratios.dense)
    columns = np.stack([x[0] for side in sides for x in (side.chosen, side.worth)])
    rate, weights = float(np.mean([side.rate for side in sides])), ratios.weights[0]
    worth = weights * (columns[3] - columns[1] - rate * (columns[2] - columns[0]))
    units = max(round(len(weights) * factor), 2)
    drawn = np.argsort(worth, kind="stable")[_places(len(worth), units)]
    signs = _unlucky_signs(np.abs(worth[drawn]), power, np.random.default_rng(SEED))
    kept = np.sign(worth[drawn]) != -signs
    columns = np.where(kept, columns[:, drawn], columns[[2, 3, 0, 1]][:, drawn])
    ordered, counts = _in_orders(columns.T, weights[drawn])
    before, after = (_side(ordered[..., k], ordered[..., k + 1], counts) for k in (0, 2))
    return Ratios(before, after, counts, sign=1.0)


def _side(chosen: np.ndarray, worth: np.ndarray, weights: np.ndarray) -> Side:
    rate = float((weights * worth).sum() / max((weights * chosen).sum(), 1e-12))
    return Side(chosen, worth, rate, kish(weights[0][chosen[0] > 0]))


def _unlucky_signs(sizes: np.ndarray, power: float, rng: np.random.Generator) -> np.ndarray:
    """Return signs under which a sum is as low as a share ``1 - power`` of all sums."""
    signs = np.where(np.arange(len(sizes)) % 2, 1.0, -1.0)
    goal = -float(ndtri(power)) * math.sqrt((sizes**2).sum())
    flippable = rng.permutation(np.flatnonzero(signs > 0))
    excess = (sizes * signs).sum() - 2 * np.cumsum(sizes[flippable])
    signs[flippable[: int(np.searchsorted(-excess, -goal))]] = -1.0
    return signs


def unlucky_rates(
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
    return np.sort(values)[_places(len(values), units)]


def _places(count: int, units: int) -> np.ndarray:
    """Return places, spread evenly over so many values, one a unit."""
    return np.minimum(((np.arange(units) + 0.5) / units * count).astype(int), count - 1)
