"""Exact bounds for shares of rows that are alike, and precision: docs/statistics.md, 6 and 7."""

import functools
from collections.abc import Callable

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from faircompress.second_opinion.betting import game, wealth

CHANGE = 2  # of baseline's rate, candidate's, and their change
Statistic = Callable[[int, int, float, float], float]
EValues = Callable[[int, int, np.ndarray, float], np.ndarray]
Bound = Callable[[int, int, float], float]


def lower_share(hits: int, n: int, alpha: float) -> float:
    """Return the lower Clopper-Pearson bound."""
    return float(betaincinv(hits, n - hits + 1, alpha)) if hits else 0.0


def upper_share(hits: int, n: int, alpha: float) -> float:
    """Return the upper Clopper-Pearson bound."""
    return 1 - lower_share(n - hits, n, alpha)


def score(lost: np.ndarray, gained: np.ndarray, n: int, m: float) -> np.ndarray:
    """Return Tango's score of tables against "the change is m" (6.2)."""
    a, c = 2 * n, -lost * m * (1 - m)
    b = -gained - lost + (2 * n - gained + lost) * m
    q = (np.sqrt(np.maximum(b**2 - 4 * a * c, 0)) - b) / (2 * a)
    return (gained - lost - n * m) / np.sqrt(np.maximum(n * (2 * q + m * (1 - m)), 1e-12))


def tail(lost: int, gained: int, n: int, m: float, alpha: float) -> float:
    """Return the tail of "the change is at most m" (6.2): reject at ``alpha`` or below."""
    if m >= (gained - lost) / n:
        return 1.0
    s = 0.0005 * alpha
    d_high = upper_share(lost + gained, n, s)
    d_low = max(lower_share(lost + gained, n, s), abs(m))
    if d_high <= d_low:
        return 0.001 * alpha
    edges = (np.linspace(d_low, d_high, 81) - m) / 2
    left, right = edges[:-1, None], edges[1:, None]
    first = min(int(binom.ppf(5e-7 * alpha, n, left.min())), lost)
    last = max(int(binom.isf(5e-7 * alpha, n, left.max())), lost)
    counts = np.arange(max(first, 0), min(last, n) + 1)
    fewest = _fewest_gained(counts, lost, gained, n, m)
    share = np.minimum(np.minimum(right + m, 1 - left) / np.maximum(1 - left, 1e-300), 1)
    chance = binom.pmf(counts, n, left) * binom.sf(fewest - 1, n - counts, share)
    return min(1.0, float(chance.sum(1).max()) + 0.001 * alpha + 1e-6 * alpha)


def _fewest_gained(counts: np.ndarray, lost: int, gained: int, n: int, m: float) -> np.ndarray:
    """Return f of 6.2 for these numbers of lost rows."""
    seen = score(np.array(lost), np.array(gained), n, m) - 1e-12
    low, high = np.full(len(counts), -1), n - counts + 1  # low does not reach, high does or is none
    while (high - low > 1).any():
        middle = (low + high) // 2
        reached = score(counts, middle, n, m) >= seen
        open_ = high - low > 1
        high, low = np.where(open_ & reached, middle, high), np.where(open_ & ~reached, middle, low)
    fewest = np.where(high > n - counts, n + 1, high)
    fewest[counts == lost] = np.minimum(fewest[counts == lost], gained)
    return np.minimum.accumulate(fewest[::-1])[::-1]


def lower_change(lost: int, gained: int, n: int, alpha: float) -> float:
    """Return the largest multiple of 1/N that is rejected with all below it (6.2)."""
    parts = 100 * int(np.ceil(np.sqrt(n)))
    low, high = -parts, int(np.floor((gained - lost) / n * parts))
    while high - low > 1:
        middle = (low + high) // 2
        rejected = tail(lost, gained, n, middle / parts, alpha) <= alpha
        low, high = (middle, high) if rejected else (low, middle)
    down = low
    while down > -parts:
        found = tail(lost, gained, n, down / parts, alpha)
        if found <= alpha / 2:
            break
        down -= 1
        if found > alpha:
            low = down
    return low / parts


def lower_precision_change(
    chosen: np.ndarray, truth: np.ndarray, seed: int, sign: int, alpha: float
) -> float:
    """Return the lower bound of ``sign`` times a change of precision (7).

    Args:
        chosen: Whether baseline and candidate chose each row, ``(2, rows)``, bool.
        truth: Whether each row is positive.
        seed: Of the orders.
        sign: -1 exchanges the models; sorting and orders stay.
        alpha: Chance of error.
    """
    units = np.flatnonzero(chosen.any(0))
    units = units[np.lexsort((truth[units], chosen[1, units], chosen[0, units]))]
    rng = np.random.default_rng(seed)
    deals = int(np.clip(50_000 // len(units), 2, 4))
    orders = np.stack([rng.permutation(len(units)) for _ in range(deals)])
    (before, after), truth = chosen[::sign, units], truth[units]
    hits, n, level = int(truth[after].sum()), int(after.sum()), 0.05 * alpha
    parts = np.linspace(lower_share(hits, n, level), upper_share(hits, n, level), 5)
    low, high = -1.0, float(truth[after].mean() - truth[before].mean())
    for _ in range(12):
        middle = (low + high) / 2
        excluded = all(
            _fall_excluded(before, after, truth, -middle, part, orders, 0.9 * alpha)
            for part in zip(parts[:-1], parts[1:], strict=True)
        )
        low, high = (middle, high) if excluded else (low, middle)
    return low


def _fall_excluded(
    before: np.ndarray, after: np.ndarray, truth: np.ndarray, fall: float,
    part: tuple[float, float], orders: np.ndarray, level: float,
) -> bool:  # fmt: skip
    c = np.where(before & ~after, part[0], part[1])
    x = after * (truth - c) - before * (truth - c - fall)
    dealt = (x - fall)[orders]
    planned = np.full(len(orders), len(x))
    given = game(dealt, np.ones_like(dealt), planned)
    return wealth(given, -fall, -1 - abs(fall), level) >= 1 / level


def tests(first: np.ndarray, second: np.ndarray) -> tuple[Statistic, Bound, EValues]:
    """Return test, bound and e-values of both models' shares and their change."""
    n, hits = len(first), (int(first.sum()), int(second.sum()))
    changed = int((first & ~second).sum()), int((~first & second).sum())  # lost, gained

    def test(which: int, sign: int, m: float, alpha: float) -> float:
        if which == CHANGE:
            lost, gained = changed[::sign]
            return tail(lost, gained, n, m, alpha)
        h = hits[which]
        return float(binom.sf(h - 1, n, m) if sign > 0 else binom.cdf(h, n, -m))

    def bound(which: int, sign: int, alpha: float) -> float:
        if which == CHANGE:
            lost, gained = changed[::sign]
            return lower_change(lost, gained, n, alpha)
        h = hits[which]
        return lower_share(h, n, alpha) if sign > 0 else -upper_share(h, n, alpha)

    def e_values(which: int, sign: int, m: np.ndarray, alpha: float) -> np.ndarray:
        aim = 2 * np.log(1 / alpha) / n
        if which == CHANGE:
            lost, gained = changed[::sign]
            bet = np.minimum(np.sqrt(aim / np.maximum(2 * np.abs(m), 1 / n)), (1 - 1e-12) / (1 + m))
            log = lost * np.log1p(-bet * (1 + m)) + gained * np.log1p(bet * (1 - m))
            return np.exp(np.minimum(log + (n - lost - gained) * np.log1p(-bet * m), 700))
        h, m = (hits[which], m) if sign > 0 else (n - hits[which], 1 + m)
        bet = np.minimum(np.sqrt(aim / (m * (1 - m))), (1 - 1e-12) / m)
        return np.exp(np.minimum(h * np.log1p(bet * (1 - m)) + (n - h) * np.log1p(-bet * m), 700))

    return functools.cache(test), functools.cache(bound), e_values


def apart(alike: tuple[int, int, int, int], bound: Bound) -> Bound:
    """Return the bounds where rows of several strata count: lost and gained rows apart (6.3)."""
    n, _, lost, gained = alike

    def least(hits: int, alpha: float) -> float:
        return lower_share(hits, n, alpha) if hits > 1 else 0.0

    def of(which: int, sign: int, alpha: float) -> float:
        if which != CHANGE:
            return bound(which, sign, alpha)
        worse, better = (lost, gained)[::sign]
        return least(better, alpha / 2) - (1 - least(n - worse, alpha / 2))

    return of


def counts(first: np.ndarray, second: np.ndarray) -> tuple[int, int, int, int]:
    """Return rows, the candidate's hits, and rows lost and gained."""
    lost, gained = (first & ~second).sum(), (~first & second).sum()
    return len(first), int(second.sum()), int(lost), int(gained)
