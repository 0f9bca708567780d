"""Betting: docs/statistics.md, section 5."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri_exp

MEANS, RANKINGS = 3, 5  # bets are the hedge of an option that pays so many times 1 / alpha
SURE = 20  # deals before the maximum of the running mean counts
ROOTS = 26 * np.arange(4001) / 4000
QUANTILES = ndtri_exp(np.minimum(-(ROOTS**2), -1e-300))
HEDGES = np.exp(-(QUANTILES**2) / 2 + ROOTS**2) / np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Game:
    """Units by deal and step, and what was seen of them before each step (5.2)."""

    x: np.ndarray  # values, (deals, steps, units of the longest step)
    c: np.ndarray  # weights, like x; 0 where there is no unit
    start: np.ndarray  # units before each step, (deals, steps)
    information: np.ndarray  # I of these units
    spread: np.ndarray  # V
    left: np.ndarray  # tau: what is still to come


def game(x: np.ndarray, c: np.ndarray, planned: np.ndarray, together: int = 1) -> Game:
    """Lay out units in steps.

    Args:
        x: Values, ``(deals, units)``, as many units as the longest deal plans with.
        c: Weights, like ``x``; 0 where a deal has no unit.
        planned: Units with which each deal plans.
        together: Units in a row that always share a bet (8).
    """
    steps = 48 if len(x) >= SURE else 128
    numbers, which = np.unique(planned, return_inverse=True)
    edges = np.stack([together * _edges(int(n) // together, steps) for n in numbers])[which]
    within = np.arange(max(1, int(np.diff(edges).max())))
    at = edges[:, :-1, None] + within
    inside = within < np.diff(edges)[:, :, None]
    at = np.minimum(at, x.shape[1] - 1).reshape(len(x), -1)
    x, c = (np.take_along_axis(a, at, 1).reshape(inside.shape) for a in (x, c))
    c = np.where(inside, c, 0.0)
    sums = [s.sum(2) for s in (c * c, c * c * x, c * c * x * x)]
    information, first, second = (np.cumsum(s, axis=1) - s for s in sums)
    mean = np.divide(first, information, out=np.zeros_like(first), where=information > 0)
    spread = np.maximum(second - information * mean**2, 0)
    start = edges[:, :-1]
    left = np.maximum((planned[:, None] - start) * (0.1 + information) / (0.1 + start), 1e-12)
    return Game(x, c, start, information, spread, left)


def _edges(n: int, steps: int) -> np.ndarray:
    edges = np.unique(np.floor(np.linspace(0, n, min(n, steps) + 1)).astype(int))
    return np.pad(edges, (0, steps + 1 - len(edges)), constant_values=n)


def wealth(given: Game, m: float, low: float, alpha: float, option: float = MEANS) -> float:
    """Return the statistic of "the weighted mean is at most m" (5.3): reject at ``1 / alpha``."""
    return float(_wealths(given, np.array([m]), low, alpha, option)[0])


def _wealths(given: Game, m: np.ndarray, low: float, alpha: float, option: float) -> np.ndarray:
    logs = log_wealths(given, m, low, alpha / option)
    means = np.cumsum(np.exp(np.minimum(logs, 700)), axis=1) / np.arange(1, logs.shape[1] + 1)
    return means[:, -1] if logs.shape[1] < SURE else means[:, SURE - 1 :].max(axis=1)


def log_wealths(given: Game, m: np.ndarray, low: float, share: float) -> np.ndarray:
    """Return the log of each deal's wealth against each null, ``(nulls, deals)`` (5.2)."""
    m = m[:, None, None]  # nulls, deals, units
    x, c = (a.swapaxes(0, 1)[:, None] for a in (given.x, given.c))
    guess = abs(m) * (1 - np.minimum(abs(m), 1)) + 1e-6
    scale = np.sqrt((guess + given.spread) / (1 + given.information) * given.left)
    most = (1 - 1e-12) / np.maximum(m[:, 0] - low, 1e-9)
    logs = np.zeros(scale.shape[:2])
    for step in range(len(x)):
        place = 4000 / 26 * np.sqrt(np.maximum(-np.log(share) - logs, 0))
        j = np.minimum(place.astype(int), 3999)
        hedge = HEDGES[j] + (place - j) * (HEDGES[j + 1] - HEDGES[j])
        bet = np.minimum(hedge / scale[:, :, step], most)
        logs += np.log1p(bet[:, :, None] * c[step] * (x[step] - m)).sum(2)
    return logs


def lower_bound(
    x: np.ndarray, c: np.ndarray, planned: np.ndarray, low: float, high: float, alpha: float,
    option: float, together: int = 1,
) -> float:  # fmt: skip
    """Return the largest value up to which all means are rejected, as searched in 5.4."""
    if not c.any():
        return low
    top = min(float((c * x).sum() / c.sum()), high)

    def first_kept(given: Game, points: np.ndarray) -> int:
        kept = _wealths(given, points, low, alpha, option) < 1 / alpha
        return int(kept.argmax()) if kept.any() else len(points) - 1

    def refined(left: float, right: float, given: Game) -> float:
        for _ in range(3):
            if right - left < 1e-6:
                break
            points = np.linspace(left, right, 17)
            f = first_kept(given, points[1:])
            left, right = points[f], points[f + 1]
        return float(left)

    few = refined(low, top, game(x[:4], c[:4], planned[:4], together))
    if len(x) <= 4:
        return few
    given, reach = game(x, c, planned, together), top - few
    points = np.clip(few + reach * np.array([-4, -1, -0.3, -0.1, 0.1, 0.3, 1]), low, top)
    f = first_kept(given, points)
    if f == 0:
        return refined(low, points[0], given)
    cuts = np.linspace(points[f - 1], points[f], 13)
    return float(cuts[first_kept(given, cuts[1:])])
