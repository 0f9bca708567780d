"""Wealth of who bets that a rate fell by more than the limit, whatever the reference's true rate.

Let r be the champion's true rate in the population of the reference rows, p that of new rows. The
null is ``p >= r - limit``. For a guess t of r, two fair games are played:

- on the reference rows against "r <= t": the e-value ``e(t)``, fixed once;
- on new rows against "p >= t - limit": the wealth ``W(t)``, which grows row by row.

Under the null both games are unfavourable at the true ``t = r``, and the rows are independent, so
the product never reaches 1 / alpha with chance above alpha (Ville), at whatever moment it is read.
As r is not known, the smallest product over all t counts. t runs over cells ``[a, b]``: ``e(b)``
and ``W(a)`` are against nulls that hold for every t of the cell, so nothing falls between cells.

Each game is a mixture over fixed bets. A new set of bets on new rows begins each week, with an
equal share of the wealth of its period, so that a harm that begins late is found, too (in the
manner of e-detectors). docs/monitoring.md has statement, assumptions and proof.

Source:
    Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS-B 2024.
    Shin, Ramdas and Rinaldo, E-detectors, New England Journal of Statistics in Data Science 2024.
"""

import math
from dataclasses import dataclass

import numpy as np

BETS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # falls beyond the null that are bet on, in limits
CELLS = 20  # a limit
NEAREST = 20  # no bet is on a rate nearer to 0 or 1 than the null's distance over this
KEPT = 2  # periods whose bets stay alive: this one's and the last one's


@dataclass(frozen=True, eq=False)
class Stream:
    """New units in the order in which they were counted.

    Args:
        shares: What was right of each unit, in 0-1, ``(units,)``.
        moments: Moment of each, rising; wealth is read after each moment, ``(units,)``.
        weeks: Week of each, counted from a fixed day, rising, ``(units,)``.
    """

    shares: np.ndarray
    moments: np.ndarray
    weeks: np.ndarray


def cells(limit: float) -> np.ndarray:
    """Return the edges of the cells of t, from 0 to 1; they depend on nothing but the limit."""
    return np.linspace(0, 1, math.ceil(CELLS / limit) + 1)


def slopes(nulls: np.ndarray, limit: float, direction: int) -> np.ndarray:
    """Return each bet's stake on ``share - null``, ``(nulls, bets)``.

    ``1 + slope * (share - null)`` is the likelihood ratio of the rate bet on to the null where
    shares are 0 or 1, and never below 0 for shares in 0-1. Nulls of 0 and below, or 1 and above,
    get no bet.

    Args:
        nulls: Rates, ``(nulls,)``.
        limit: Unit of ``BETS``.
        direction: 1: bets that the rate is above the null, -1: below.
    """
    at = nulls[:, None]
    rate = at + direction * limit * np.array(BETS)
    open_ = (at > 0) & (at < 1)
    rate = np.clip(rate, at / NEAREST, 1 - (1 - at) / NEAREST)
    spread = np.where(open_, at * (1 - at), 1.0)
    return np.where(open_, (rate - at) / spread, 0.0)


def reference_e_values(shares: np.ndarray, weights: np.ndarray, limit: float) -> np.ndarray:
    """Return for each cell an e-value against "the reference's true rate is at most its end".

    Args:
        shares: What was right of each unit, ``(pairings, units)``; several pairings of the same
            rows are averaged.
        weights: Of the units, in 0-1, same shape.
        limit: Of the rule.
    """
    nulls = cells(limit)[1:]
    stakes = slopes(nulls, limit, 1)
    logs = np.zeros((len(shares), *stakes.shape))
    for share, weight, times in _distinct(shares, weights):
        factor = np.log1p(weight * stakes * (share - nulls[:, None]))
        logs += times[:, None, None] * factor
    return np.exp(np.minimum(logs, 690)).mean(axis=2).mean(axis=0)


def _distinct(shares: np.ndarray, weights: np.ndarray) -> list[tuple[float, float, np.ndarray]]:
    """Return each share and weight that occurs, with its count in each row, ``(rows,)``."""
    pairs = np.stack([shares.ravel(), weights.ravel()], axis=1)
    values, at = np.unique(pairs, axis=0, return_inverse=True)
    at = at.reshape(shares.shape)
    counts = np.stack([np.bincount(row, minlength=len(values)) for row in at])
    return [(s, w, counts[:, k]) for k, (s, w) in enumerate(values.tolist())]


def path(
    stream: Stream, reference: np.ndarray, limit: float, *, first_week: int, weeks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments after which there is wealth, and the wealth after each.

    Args:
        stream: New units.
        reference: As ``reference_e_values`` returns them.
        limit: Of the rule.
        first_week: Week in which the version began to be watched.
        weeks: Of a period, in which the shares of weekly bets sum to 1.
    """
    nulls = cells(limit)[:-1] - limit
    stakes = slopes(nulls, limit, -1)
    values, at = np.unique(stream.shares, return_inverse=True)
    if not len(values):
        return np.array([], int), np.array([])
    gains = np.log1p(stakes[None] * (values[:, None, None] - nulls[None, :, None]))
    steps = np.stack([stream.moments, stream.weeks], axis=1)
    starts = np.flatnonzero(np.r_[True, (steps[1:] != steps[:-1]).any(axis=1)])
    counts = [
        np.bincount(part, minlength=len(values)).astype(float) for part in np.split(at, starts[1:])
    ]
    bets = _Bets(stakes.shape, first_week, weeks)
    found = {}
    for start, count in zip(starts, counts, strict=True):
        bets.begin(int(steps[start, 1]))
        bets.settle(np.tensordot(count, gains, axes=1))
        found[int(steps[start, 0])] = bets.wealth(reference)
    return np.array(list(found)), np.array(list(found.values()))


class _Bets:
    """Logs of what is held, by cell and bet, for each period that is alive."""

    def __init__(self, shape: tuple[int, ...], first_week: int, weeks: int) -> None:
        self.shape, self.weeks, self.begun = shape, weeks, first_week - 1
        self.held: dict[int, np.ndarray] = {}

    def begin(self, week: int) -> None:
        """Let the bets of all weeks up to this one begin that did not yet."""
        for one in range(self.begun + 1, week + 1):
            period = one // self.weeks
            known = self.held.get(period, np.full(self.shape, -np.inf))
            self.held[period] = np.logaddexp(known, -math.log(self.weeks * len(BETS)))
        self.begun = max(self.begun, week)
        self.held = {p: held for p, held in self.held.items() if p > week // self.weeks - KEPT}

    def settle(self, gains: np.ndarray) -> None:
        """Pay all bets that have begun."""
        for held in self.held.values():
            held += gains

    def wealth(self, reference: np.ndarray) -> float:
        """Return the wealth of the best period, each at its worst guess of the reference's rate."""
        with np.errstate(divide="ignore"):
            known = np.log(reference)
        logs = [(known + np.logaddexp.reduce(held, axis=1)).min() for held in self.held.values()]
        return float(np.exp(min(max(logs), 690.0)))


def smallest_visible_fall(reference: np.ndarray, rate: float, limit: float, level: float) -> float:
    """Return the smallest fall for which an alarm is possible, however many new rows come.

    The reference is an estimate, too: below this fall it leaves open whether the old rate was as
    high as it seems. 1.0: none is visible.

    Args:
        reference: As ``reference_e_values`` returns them.
        rate: What the reference rows show.
        limit: Of the rule.
        level: Wealth at which there is an alarm.
    """
    enough = reference / len(BETS) >= level  # a bet of 0 holds its share for ever
    reached = len(enough) if enough.all() else int(enough.argmin())
    rate_there = cells(limit)[reached] - limit  # a rate below it is told from all t up to there
    return float(min(1.0, rate - rate_there)) if rate_there > 0 else 1.0


def interval(shares: np.ndarray, alpha: float, *, step: float = 0.005) -> tuple[float, float]:
    """Return an interval for the rate of new units that holds at all moments at once.

    Args:
        shares: Of all units so far, ``(units,)``.
        alpha: Chance that the interval ever misses the rate, if it is always the same.
        step: Of the grid of rates; ends are rounded outwards.
    """
    nulls = np.arange(step, 1, step)
    values, counts = np.unique(shares, return_counts=True)
    logs = [np.zeros((len(nulls), len(BETS))) for _ in range(2)]
    for log, direction in zip(logs, (-1, 1), strict=True):
        stakes = slopes(nulls, 0.05, direction)
        for value, count in zip(values, counts, strict=True):
            log += count * np.log1p(stakes * (value - nulls[:, None]))
    both = np.logaddexp.reduce(np.concatenate(logs, axis=1), axis=1) - math.log(2 * len(BETS))
    kept = np.flatnonzero(both < math.log(1 / alpha))
    if not len(kept):
        return 0.0, 1.0
    lower, upper = nulls[kept[0]] - step, nulls[kept[-1]] + step
    return float(max(lower, 0.0)), float(min(upper, 1.0))
