"""Which of many test sets pass, for bench/calibration*.py: bets are placed in all sets at once.

A bound by betting lies above the limit only if the bet at the limit is won, so that one bet is
placed, and no bound is searched for. Other bounds are asked for as the judge asks.
"""

from collections.abc import Callable
from itertools import compress

import numpy as np

from faircompress.evaluation.evidence import Bets, Evidence, Undefined
from faircompress.statistics import betting
from faircompress.statistics.independent_units import Units
from faircompress.statistics.paired_proportions import certainty_floor
from faircompress.statistics.procedures.conditional_rate import Ratios, fall_excluded

ALPHA = 0.05


def holds(share: float, sets: int) -> bool:
    """Tell whether a share of false passes is at most alpha plus two Monte-Carlo errors."""
    return bool(share <= ALPHA + 2 * (ALPHA * (1 - ALPHA) / sets) ** 0.5)


def within(evidence: list[Evidence | Undefined], limit: float) -> list[bool]:
    """Tell where a fall of the limit is excluded; undefined never passes."""

    def one(e: Evidence) -> bool:
        bounds = e.bounds
        if isinstance(bounds, Ratios):
            return fall_excluded(bounds.dense, bounds.pruned, bounds.weights, limit, ALPHA)
        return e.lower(ALPHA) > -limit

    def many(units: list[Units]) -> list[bool]:
        return bets_won([u.pruned - u.dense for u in units], units, null=-limit, low=-1)

    return _told(evidence, lambda e: certainty_floor(e.units, ALPHA) < limit, one, many)


def above(evidence: list[Evidence | Undefined], floor: float) -> list[bool]:
    """Tell where the pruned rate certainly is above a floor."""

    def many(units: list[Units]) -> list[bool]:
        return bets_won([u.pruned for u in units], units, null=floor, low=0)

    return _told(
        evidence,
        lambda e: certainty_floor(e.units, ALPHA) < 1 - floor and e.pruned > floor,
        lambda e: e.rate_lower(ALPHA) > floor,
        many,
    )


def _told(
    evidence: list[Evidence | Undefined],
    can_pass: Callable[[Evidence], bool],
    one: Callable[[Evidence], bool],
    many: Callable[[list[Units]], list[bool]],
) -> list[bool]:
    enough = [isinstance(e, Evidence) and can_pass(e) for e in evidence]
    told = list(compress(evidence, enough))
    bets = [e.bounds.units for e in told if isinstance(e.bounds, Bets)]
    won = iter(many(bets) if bets else [one(e) for e in told])
    return [ok and next(won) for ok in enough]


def bets_won(
    values: list[np.ndarray], units: list[Units], *, null: float, low: float
) -> list[bool]:
    """Bet in many sets of units at once; a unit without weight is not there."""
    width, orders = max(u.weights.shape[1] for u in units), min(len(u.weights) for u in units)

    def wide(numbers: list[np.ndarray]) -> np.ndarray:
        pads = [np.pad(x[:orders], ((0, 0), (0, width - x.shape[1]))) for x in numbers]
        return np.concatenate(pads)

    counts = wide([u.weights for u in units])
    log = betting.log_wealth(wide(values), counts, np.array([null]), ALPHA, low=low)
    wealth = np.exp(np.minimum(log[0], 700)).reshape(len(units), orders)
    return [bool(w >= 1 / ALPHA) for w in betting.best_mean(wealth)]
