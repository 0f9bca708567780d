"""Betting: docs/statistics.md, section 5."""

from collections.abc import Callable, Sequence
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
    """Units by deal and step, and what was seen of them before each step (5.2).

    Args:
        x: Values, ``(deals, steps, units of the longest step)``.
        c: Weights, like ``x``; 0 where there is no unit.
        start: Units before each step, ``(deals, steps)``.
        information: I of the units before each step.
        spread: V of these units.
        left: tau: what is still to come.
    """

    x: np.ndarray
    c: np.ndarray
    start: np.ndarray
    information: np.ndarray
    spread: np.ndarray
    left: np.ndarray


def game(x: np.ndarray, c: np.ndarray, planned: np.ndarray) -> Game:
    """Lay out units in steps.

    Args:
        x: Values, ``(deals, units)``, as many units as the longest deal plans with.
        c: Weights, like ``x``; 0 where a deal has no unit.
        planned: Units with which each deal plans.
    """
    steps = 48 if len(x) >= SURE else 128
    edges = np.stack([_edges(int(n), steps) for n in planned])
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
    logs = _log_wealths(given, m, low, alpha / option)
    means = np.cumsum(np.exp(np.minimum(logs, 700))) / np.arange(1, len(logs) + 1)
    return float(means[-1] if len(means) < SURE else means[SURE - 1 :].max())


def _log_wealths(given: Game, m: float, low: float, share: float) -> np.ndarray:
    x, c = given.x, given.c
    guess = abs(m) * (1 - min(abs(m), 1)) + 1e-6
    scale = np.sqrt((guess + given.spread) / (1 + given.information) * given.left)
    most = (1 - 1e-12) / max(m - low, 1e-9)
    logs = np.zeros(len(x))
    for step in range(x.shape[1]):
        bet = np.minimum(_hedge(logs, share) / scale[:, step], most)
        logs = logs + np.log1p(bet[:, None] * c[:, step] * (x[:, step] - m)).sum(1)
    return logs


def _hedge(logs: np.ndarray, share: float) -> np.ndarray:
    place = 4000 * np.sqrt(np.maximum(-np.log(share) - logs, 0)) / 26
    j = np.minimum(np.floor(place).astype(int), 3999)
    return HEDGES[j] + (place - j) * (HEDGES[j + 1] - HEDGES[j])


def lower_bound(
    x: np.ndarray,
    c: np.ndarray,
    planned: np.ndarray,
    low: float,
    high: float,
    alpha: float,
    option: float,
) -> float:
    """Return the largest value up to which all means are rejected, as searched in 5.4."""
    if not c.any():
        return low
    top = min(float((c * x).sum() / c.sum()), high)
    given, few = game(x, c, planned), game(x[:4], c[:4], planned[:4])

    def rejects(m: float) -> bool:
        return wealth(given, m, low, alpha, option) >= 1 / alpha

    def few_reject(m: float) -> bool:
        return wealth(few, m, low, alpha, option) >= 1 / alpha

    if len(x) <= 4:
        return _refine(low, top, rejects)
    guess = _refine(low, top, few_reject)
    reach = top - guess
    points = np.clip(guess + reach * np.array([-4, -1, -0.3, -0.1, 0.1, 0.3, 1]), low, top)
    f = _first_kept(points, rejects)
    if f == 0:
        return _refine(low, points[0], rejects)
    cuts = np.linspace(points[f - 1], points[f], 13)
    return float(cuts[_first_kept(cuts[1:], rejects)])


def _refine(left: float, right: float, rejects: Callable[[float], bool]) -> float:
    for _ in range(3):
        if right - left < 1e-6:
            break
        points = np.linspace(left, right, 17)
        f = _first_kept(points[1:], rejects)
        left, right = points[f], points[f + 1]
    return float(left)


def _first_kept(points: Sequence[float] | np.ndarray, rejects: Callable[[float], bool]) -> int:
    """Return which point is the first that is not rejected, or the last."""
    return next((i for i, m in enumerate(points) if not rejects(float(m))), len(points) - 1)
