"""Bounds for the mean of bounded numbers, valid at every sample size, by betting against the null.

Whoever claims "the mean is at most m" must accept a fair bet on every unit: wealth 1 becomes
``prod_i (1 + b_i * r_i * (x_i - m))``. If the claim holds, wealth reaches ``1 / alpha`` with chance
at most alpha, whatever the distribution, as long as bet ``b_i`` was placed before unit i was seen
(Ville). All m that would have lost ``1 / alpha`` are excluded.

Source:
    Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS-B 2024.
    Departure: the bets. We do not mix over a grid; each bet is the hedge of an option that
    pays ``OVERSHOOT / alpha`` if all goes well at the last unit, and nothing else, in the
    manner of Voracek and Orabona, STaR-Bets, 2025. The bet depends on the wealth so far, the units
    to come and the variance so far, so it is placed in time, and validity is untouched. At 100
    units and a limit of 0.05 it certifies unharmed AUROC 9 times in 10 where a grid of ten bets
    does 3 times in 10.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri_exp

from faircompress.statistics.betting_steps import SETTLED, Steps, in_steps

OVERSHOOT = 3.0  # wealth is averaged over orders of the units; a third of them must reach the goal
OVERSHOOT_OF_PAIRINGS = 5.0  # where each order pairs other rows; 10 would leave seeds worth trying
TABLE, DEEPEST = 4000, 26.0  # entries of the bets' table; root of the lowest log price in it
FEW_PRICES = 100  # up to which numpy's own reading of a table takes less time
GRID = 16  # null hypotheses tried at once; three rounds
FEW, INNER = 4, 12  # orders for a first guess; null hypotheses tried between two edges


def mean_lower(
    values: np.ndarray,
    weights: np.ndarray,
    alpha: float,
    *,
    low: float,
    high: float,
    planned: np.ndarray | None = None,
    overshoot: float = OVERSHOOT,
    together: int = 1,
) -> float:
    """Bound a weighted mean from below.

    Args:
        values: Numbers in ``[low, high]``, one a unit, ``(orders, units)``. Each row holds the same
            evidence in another random order; wealth is averaged over rows.
        weights: What each unit counts in the mean, in ``[0, 1]``, same shape. The null "weighted
            mean <= m" makes ``weight * (value - m)`` a bet that loses on average.
        alpha: Chance of error.
        low: Smallest value possible, known beforehand.
        high: Largest value possible.
        planned: Units that each order was to have, where it may end early, ``(orders,)``; None:
            those that it has.
        overshoot: How many times ``1 / alpha`` the bets aim at; see ``log_wealth``.
        together: How many units in a row are bet on alike; see ``log_wealth``.

    Returns:
        The largest m on a fine grid such that it and all grid points below it are excluded.
    """
    if not weights.any():
        return low
    high = min(float(np.average(values, weights=weights)), high)

    def out(orders: int) -> Callable[[np.ndarray], np.ndarray]:
        of = None if planned is None else planned[:orders]
        steps = in_steps(values[:orders], weights[:orders], planned=of, together=together)

        def excluded_of(nulls: np.ndarray) -> np.ndarray:
            log = _bet(steps, nulls, alpha, low=low, overshoot=overshoot)
            return best_mean(np.exp(np.minimum(log, 700))) >= 1 / alpha

        return excluded_of

    if len(values) <= FEW:
        return _search(out(len(values)), low, high)
    few, of_all = _search(out(FEW), low, high), out(len(values))
    reach = high - few
    edges = few + reach * np.array([-4.0, -1.0, -0.3, -0.1, 0.1, 0.3, 1.0])
    edges = np.clip(edges, low, high)
    kept = ~of_all(edges)
    first = int(np.argmax(kept)) if kept.any() else len(edges) - 1
    if first == 0:
        return _search(of_all, low, float(edges[0]))
    inner = np.linspace(edges[first - 1], edges[first], INNER + 1)[1:]
    kept = ~of_all(inner)
    last = int(np.argmax(kept)) if kept.any() else INNER
    return float(inner[last - 1] if last else edges[first - 1])


def _search(out: Callable[[np.ndarray], np.ndarray], left: float, right: float) -> float:
    """Return the largest excluded null of ever finer grids between two places."""
    for _ in range(3):
        if right - left < 1e-6:
            break
        nulls = np.linspace(left, right, GRID + 1)[1:]
        kept = ~out(nulls)
        first = int(np.argmax(kept)) if kept.any() else GRID - 1
        left, right = (nulls[first - 1] if first else left), nulls[first]
    return float(left)


def mean_upper(
    values: np.ndarray,
    weights: np.ndarray,
    alpha: float,
    *,
    low: float,
    high: float,
    planned: np.ndarray | None = None,
    overshoot: float = OVERSHOOT,
    together: int = 1,
) -> float:
    """Bound a weighted mean from above; see ``mean_lower``."""
    return -mean_lower(
        -values, weights, alpha, low=-high, high=-low, planned=planned, overshoot=overshoot,
        together=together,
    )  # fmt: skip


def excluded(
    values: np.ndarray,
    weights: np.ndarray,
    nulls: np.ndarray,
    alpha: float,
    *,
    low: float,
    planned: np.ndarray | None = None,
    overshoot: float = OVERSHOOT,
    together: int = 1,
) -> np.ndarray:
    """Tell which of several nulls "weighted mean <= m" lose the bet, ``(nulls,)``, bool."""
    held = wealth(
        values, weights, nulls, alpha, low=low, planned=planned, overshoot=overshoot,
        together=together,
    )  # fmt: skip
    return held >= 1 / alpha


def wealth(
    values: np.ndarray,
    weights: np.ndarray,
    nulls: np.ndarray,
    alpha: float,
    *,
    low: float,
    planned: np.ndarray | None = None,
    overshoot: float = OVERSHOOT,
    together: int = 1,
) -> np.ndarray:
    """Return what a bettor against each null holds at the best moment, ``(nulls,)``.

    Orders are exchangeable, so the mean over the first k of them, for whichever k is best, still
    reaches ``1 / alpha`` with chance at most alpha (exchangeable Markov inequality: Ramdas and
    Manole, Randomized and exchangeable improvements of Markov's inequality, 2023). Few orders are
    averaged at once: the best of few would depend on which came first.
    """
    log = log_wealth(
        values, weights, nulls, alpha, low=low, planned=planned, overshoot=overshoot,
        together=together,
    )  # fmt: skip
    return best_mean(np.exp(np.minimum(log, 700)))


def best_mean(wealth: np.ndarray) -> np.ndarray:
    """Return the largest mean over the first k orders, ``(nulls,)``, of ``(nulls, orders)``."""
    if wealth.shape[1] < SETTLED:
        return wealth.mean(axis=1)
    means = np.cumsum(wealth, axis=1) / np.arange(1, wealth.shape[1] + 1)
    return means[:, SETTLED - 1 :].max(axis=1)


def log_wealth(
    values: np.ndarray,
    weights: np.ndarray,
    nulls: np.ndarray,
    alpha: float,
    *,
    low: float,
    planned: np.ndarray | None = None,
    overshoot: float = OVERSHOOT,
    together: int = 1,
) -> np.ndarray:
    """Bet against each null in each order; return the log of final wealth, ``(nulls, orders)``.

    Args:
        values: As in ``mean_lower``.
        weights: Likewise.
        nulls: Means that are claimed at most, ``(nulls,)``.
        alpha: The bets aim at ``overshoot / alpha``; it changes the bets, not their validity.
        low: Smallest value possible.
        planned: As in ``mean_lower``.
        overshoot: ``OVERSHOOT`` where orders differ in nothing but the order,
            ``OVERSHOOT_OF_PAIRINGS`` where each compares other rows with one another.
        together: Units that are bet on alike, so many in a row; divides the number of units.
    """
    steps = in_steps(values, weights, planned=planned, together=together)
    return _bet(steps, nulls, alpha, low=low, overshoot=overshoot)


def _bet(
    steps: Steps, nulls: np.ndarray, alpha: float, *, low: float, overshoot: float
) -> np.ndarray:
    """Return the log of final wealth; see ``log_wealth``."""
    at = nulls[:, None]
    first_guess = np.abs(at) * (1 - np.minimum(np.abs(at), 1)) + 1e-6  # variance of rare harm
    most = (1 - 1e-12) / np.maximum(at - low, 1e-9)
    known = (first_guess + steps.spread) / (1 + steps.information)
    deviation = np.sqrt(known * steps.ahead)  # of what is to come
    log, target = np.zeros((len(nulls), steps.values.shape[3])), overshoot / alpha
    with np.errstate(divide="ignore"):
        for step, whole in enumerate(steps.whole):
            factors = steps.values[step] - at
            if not whole:
                factors *= steps.weights[step]
            factors *= np.minimum(_hedge(log, target) / deviation[step], most)
            factors += 1
            log += np.log(np.multiply.reduce(factors, axis=0))
    return log


def _hedge(log: np.ndarray, target: float) -> np.ndarray:
    """Return how much the option's price moves, relative to it, per standard deviation to come.

    At price p, with z the normal quantile of p, that is ``phi(z) / p``; it is read from a table,
    which spares most of the time. Any bet is valid, so what lies between two entries may be rough.
    """
    place = np.sqrt(np.maximum(math.log(target) - log, 0.0))
    if place.size <= FEW_PRICES:
        return np.interp(place, ROOTS, HEDGES)
    place *= TABLE / DEEPEST
    at = np.minimum(place, TABLE - 1).astype(np.int64)
    found = SLOPES.take(at)
    found *= place - at
    found += HEDGES.take(at)
    return np.asarray(found)


def _hedges() -> np.ndarray:
    log = -(ROOTS**2)
    z = ndtri_exp(np.minimum(log, -1e-300))
    return np.exp(-(z**2) / 2 - log) / math.sqrt(2 * math.pi)


ROOTS = np.linspace(0, DEEPEST, TABLE + 1)
HEDGES = _hedges()
SLOPES = np.diff(HEDGES)
