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

OVERSHOOT = 3.0  # wealth is averaged over orders of the units; a third of them must reach the goal
OVERSHOOT_OF_PAIRINGS = 5.0  # where each order pairs other rows; 10 would leave seeds worth trying
SETTLED = 20  # orders from which on the mean over orders may be read at its best moment
PRIOR = 0.1  # units of full weight that are taken to have been seen before the first
STEPS = 128  # bets placed at most; units between two bets are bet on alike
STEPS_OF_MANY = 48  # where many orders are averaged
TABLE, DEEPEST = 4000, 26.0  # entries of the bets' table; root of the lowest log price in it
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

    def out(nulls: np.ndarray, orders: int) -> np.ndarray:
        some = slice(0, orders)
        of = None if planned is None else planned[some]
        return excluded(
            values[some], weights[some], nulls, alpha, low=low, planned=of, overshoot=overshoot,
            together=together,
        )  # fmt: skip

    if len(values) <= FEW:
        return _search(out, len(values), low, high)
    few = _search(out, FEW, low, high)
    reach = high - few
    edges = few + reach * np.array([-4.0, -1.0, -0.3, -0.1, 0.1, 0.3, 1.0])
    edges = np.clip(edges, low, high)
    kept = ~out(edges, len(values))
    first = int(np.argmax(kept)) if kept.any() else len(edges) - 1
    if first == 0:
        return _search(out, len(values), low, float(edges[0]))
    inner = np.linspace(edges[first - 1], edges[first], INNER + 1)[1:]
    kept = ~out(inner, len(values))
    last = int(np.argmax(kept)) if kept.any() else INNER
    return float(inner[last - 1] if last else edges[first - 1])


def _search(
    out: Callable[[np.ndarray, int], np.ndarray], orders: int, left: float, right: float
) -> float:
    """Return the largest excluded null of ever finer grids between two places."""
    for _ in range(3):
        if right - left < 1e-6:
            break
        nulls = np.linspace(left, right, GRID + 1)[1:]
        kept = ~out(nulls, orders)
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
    counts = (weights > 0).sum(axis=1) if planned is None else planned
    steps = STEPS if values.shape[0] < SETTLED else STEPS_OF_MANY
    starts, stops = (together * edge for edge in _steps(counts // together, steps))
    before, to_come = _moments(values, weights, starts, counts)
    shown, counted = (
        np.ascontiguousarray(x.transpose(1, 2, 0))[:, :, None, :]  # step, unit, null, order
        for x in _by_step(values, weights, starts, stops)
    )
    at = nulls[:, None]
    first_guess = np.abs(at) * (1 - np.minimum(np.abs(at), 1)) + 1e-6  # variance of rare harm
    most = (1 - 1e-12) / np.maximum(at - low, 1e-9)
    information, spread, ahead = (x.T[:, None, :] for x in (*before, to_come))
    deviation = np.sqrt((first_guess + spread) / (1 + information) * ahead)  # of what is to come
    log, goal = np.zeros((len(nulls), values.shape[0])), overshoot / alpha
    with np.errstate(divide="ignore"):
        for step in range(starts.shape[1]):
            factors = shown[step] - at
            factors *= counted[step]
            factors *= np.minimum(_hedge(log, goal) / deviation[step], most)
            factors += 1
            log += np.log(np.multiply.reduce(factors, axis=0))
    return log


def _steps(counts: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each order's steps start and stop, ``(orders, steps)``, by its own count."""
    each = np.minimum(counts, steps)[:, None]
    at = np.minimum(np.arange(max(int(each.max()), 1) + 1)[None, :], each)
    edges = np.floor(counts[:, None] / np.maximum(each, 1) * at).astype(int)
    edges = np.where(at == each, counts[:, None], edges)
    return edges[:, :-1], edges[:, 1:]


def _by_step(
    values: np.ndarray, weights: np.ndarray, starts: np.ndarray, stops: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and weights by order, step and unit; what is not there weighs nothing."""
    width, longest = values.shape[1], max(int((stops - starts).max()), 1)
    places = starts[..., None] + np.arange(longest)
    places = np.where((places < stops[..., None]) & (places < width), places, width)
    rows = np.arange(len(values))[:, None, None]
    padded = [np.concatenate([x, np.zeros((len(x), 1))], axis=1) for x in (values, weights)]
    return padded[0][rows, places], padded[1][rows, places]


def _hedge(log: np.ndarray, goal: float) -> np.ndarray:
    """Return how much the option's price moves, relative to it, per standard deviation to come.

    At price p, with z the normal quantile of p, that is ``phi(z) / p``; it is read from a table,
    which spares most of the time. Any bet is valid, so what lies between two entries may be rough.
    """
    place = np.sqrt(np.maximum(math.log(goal) - log, 0.0))
    place *= TABLE / DEEPEST
    at = np.minimum(place, TABLE - 1).astype(np.int64)
    found = SLOPES.take(at)
    found *= place - at
    found += HEDGES.take(at)
    return np.asarray(found)


def _hedges() -> np.ndarray:
    log = -(np.linspace(0, DEEPEST, TABLE + 1) ** 2)
    z = ndtri_exp(np.minimum(log, -1e-300))
    return np.exp(-(z**2) / 2 - log) / math.sqrt(2 * math.pi)


HEDGES = _hedges()
SLOPES = np.diff(HEDGES)


def _moments(
    values: np.ndarray, weights: np.ndarray, starts: np.ndarray, counts: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return squared weights and spread seen before each step, and squared weights to come.

    What is to come is foretold from the number of units to come and the weights so far: a bet that
    knew the weights of later units could go by what they tell of values.
    """
    squares, at = weights**2, np.minimum(starts, values.shape[1])
    sums = [
        np.take_along_axis(
            np.concatenate([np.zeros((len(values), 1)), np.cumsum(x, axis=1)], axis=1), at, axis=1
        )
        for x in (squares, squares * values, squares * values**2)
    ]
    mean = np.divide(sums[1], sums[0], out=np.zeros_like(sums[0]), where=sums[0] > 0)
    spread = np.maximum(sums[2] - sums[0] * mean**2, 0)
    each = (PRIOR + sums[0]) / (PRIOR + starts)
    to_come = (counts[:, None] - starts) * each
    return (sums[0], spread), np.maximum(to_come, 1e-12)
