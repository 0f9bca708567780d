"""Exact bounds for shares of independent rows of equal weight: a paired change, or one share."""

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import betainc, betaincinv, gammaln, ndtri, xlog1py, xlogy

NUISANCE = 1e-3  # of alpha, spent on how many rows may be discordant (Berger and Boos)
PARTS = 80  # into which their range is cut
LEFT_OUT = 1e-6  # of alpha: the chance of numbers of lost rows not looked at, counted as error
ASSURED = 0.5  # of alpha: below a change with so small a tail, all are excluded (tested)
ROUNDING = 1e-6  # of a tail: beyond what sums of chances and their tails differ by (tested)

Chances = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def p_value(lost: int, gained: int, rows: int, change: float, alpha: float) -> float:
    """Bound the chance of a table as good as the observed one if the true change is ``change``.

    A share l of rows is lost (right before, wrong after), a share g gained; the change is g - l.
    Tables (lost, gained) are ordered by Tango's score test of "the change is at most ``change``",
    and the chance of one at least as extreme is maximised over all (l, g) with g - l = ``change``
    whose discordance l + g is within its Clopper-Pearson bounds, for which a part of alpha is spent
    and added. Tables that are as extreme have more gained or fewer lost rows, so their chance rises
    in g and falls in l: for l in [a, b] it is at most that of (a, b + change), and parts leave no
    gap. For the same reason no smaller change than ``change`` makes it larger.

    Args:
        lost: Rows that the first model had right and the second has wrong, >= 0.
        gained: The reverse.
        rows: All rows, >= lost + gained, >= 1.
        change: In ``(-1, 1)``.
        alpha: Chance of error for which the p-value is meant, in ``(0, 1)``.

    Source:
        Hsueh, Liu and Chen, Unconditional exact tests for equivalence or noninferiority for paired
        binary endpoints, Biometrics 57 (2001). Tango, Statistics in Medicine 17 (1998), for the
        order. Berger and Boos, JASA 89 (1994). The bound by monotony is ours.
    """
    table = (lost, gained, rows, change, alpha)
    summed = _tails(*table, _roughly, _at_least_summed)
    highest = np.flatnonzero(summed >= summed.max() * (1 - 2 * ROUNDING))
    return _highest(_tails(*table, _exactly, _at_least, highest))


def _beside(
    levels: tuple[float, ...], lost: int, gained: int, rows: int, change: float, alpha: float
) -> float:
    """Return a number that lies on the same side of every level as ``p_value``.

    Sums of chances take a tenth of the time; where they could err, ``p_value`` itself decides.
    """
    table = (lost, gained, rows, change, alpha)
    found = _highest(_tails(*table, _roughly, _at_least_summed))
    if any(abs(found - level) <= ROUNDING * level for level in levels):
        return p_value(*table)
    return found


def _tails(
    lost: int, gained: int, rows: int, change: float, alpha: float,
    exactly: Chances, at_least: Chances, parts: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Return the bound of ``p_value`` over each of some parts, by what computes chances and tails.

    Args:
        lost: As in ``p_value``.
        gained: Likewise.
        rows: Likewise.
        change: Likewise.
        alpha: Likewise.
        exactly: Gives the chance of so many hits.
        at_least: Gives the chance of so many hits or more.
        parts: Numbers of parts of the range of discordance; None: all.
    """
    parts = np.arange(PARTS) if parts is None else parts
    if change >= (gained - lost) / rows:
        return np.ones(len(parts))
    spent = NUISANCE * alpha / 2
    most = share_upper(lost + gained, rows, spent)
    least = max(share_lower(lost + gained, rows, spent), abs(change))
    if most <= least:
        return np.full(len(parts), NUISANCE * alpha)
    edges = (np.linspace(least, most, PARTS + 1) - change) / 2  # shares lost
    below = edges[parts]
    above = np.minimum(edges[parts + 1] + change, 1 - below)
    first, last = _range(rows, (edges[0], edges[-2]), LEFT_OUT * alpha / 2)
    losses = np.arange(min(first, lost), max(last, lost) + 1)
    fewest = _fewest_gained(losses, lost, gained, rows, change)
    chance = exactly(losses, np.full(len(losses), rows), below[:, None])
    tails = at_least(fewest, rows - losses, np.minimum(above / (1 - below), 1)[:, None])
    return np.asarray((chance * tails).sum(axis=1) + (NUISANCE + LEFT_OUT) * alpha)


def _highest(tails: np.ndarray) -> float:
    return float(min(tails.max(), 1.0))


def excludes(lost: int, gained: int, rows: int, change: float, alpha: float) -> bool:
    """Tell whether a true change of at most ``change`` is excluded, wrongly at most with alpha."""
    return _beside((alpha,), lost, gained, rows, change, alpha) <= alpha


@lru_cache(maxsize=8192)  # a metric and its complement ask the same
def change_lower(lost: int, gained: int, rows: int, alpha: float) -> float:
    """Bound a paired change from below, on a grid fixed by the number of rows.

    Which changes are excluded need not be an interval, since the order of the tables moves with the
    change. So the bound is the largest multiple of ``1 / grid(rows)`` that is excluded together
    with all smaller ones. Were it above the true change, the next multiple above the truth would
    be excluded, whose hypothesis holds: a chance of at most alpha.

    Returns:
        A number in ``[-1, (gained - lost) / rows]``.
    """
    parts = grid(rows)

    def tail(at: int) -> float:
        return _beside((alpha, ASSURED * alpha), lost, gained, rows, at / parts, alpha)

    high = math.floor((gained - lost) / rows * parts)
    low = max(min(math.floor(_score_bound(lost, gained, rows, alpha) * parts), high - 1), -parts)
    step = max((high - low) // 8, 1)
    while low > -parts and tail(low) > alpha:
        low, high, step = max(low - step, -parts), low, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if tail(middle) <= alpha else (low, middle)
    at = low
    while at > -parts and (found := tail(at)) > ASSURED * alpha:
        at -= 1
        low = at if found > alpha else low
    return low / parts


def grid(rows: int) -> int:
    """Return into how many parts a change of 1 is cut; a step is a small part of a standard error.

    A multiple of 100, so that most limits lie on the grid.
    """
    return 100 * math.ceil(math.sqrt(rows))


def change_upper(lost: int, gained: int, rows: int, alpha: float) -> float:
    """Bound a paired change from above; see ``change_lower``."""
    return -change_lower(gained, lost, rows, alpha)


def certainty_floor(rows: float, alpha: float) -> float:
    """Return the smallest loss that this many rows without one exclude: ``1 - alpha ** (1/n)``.

    A share of ``h`` lost rows goes unseen in n draws with chance ``(1 - h) ** n``.
    """
    return -math.expm1(math.log(alpha) / rows)


def share_lower(hits: float, rows: float, alpha: float) -> float:
    """Bound a share from below, after Clopper and Pearson (Biometrika 26, 1934)."""
    return 0.0 if hits <= 0 else float(betaincinv(hits, rows - hits + 1, alpha))


def share_upper(hits: float, rows: float, alpha: float) -> float:
    """Bound a share from above, after Clopper and Pearson."""
    return 1.0 - share_lower(rows - hits, rows, alpha)


# scipy.stats has these three, too; to import it takes longer than most audits
def _exactly(hits: np.ndarray, rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the chance of so many hits."""
    ways = gammaln(rows + 1) - gammaln(hits + 1) - gammaln(rows - hits + 1)
    return np.exp(ways + xlogy(hits, share) + xlog1py(rows - hits, -share))


def _roughly(
    hits: np.ndarray, rows: np.ndarray, share: np.ndarray, more: np.ndarray | int = 0
) -> np.ndarray:
    """Return what ``_exactly`` does, but for rounding, times the chance of some hits more."""
    if not ((share > 0) & (share < 1)).all():
        return _exactly(hits, rows, share) * share**more
    ways = gammaln(rows + 1) - gammaln(np.maximum(hits, 0) + 1) - gammaln(rows - hits + 1)
    parts = np.stack([hits + more, rows - hits, np.where(hits < 0, -np.inf, ways)])
    logs = np.hstack([np.log(share), np.log1p(-share)]) @ parts[:2]
    logs += parts[2]
    return np.asarray(np.exp(logs, out=logs))


def _at_least(hits: np.ndarray, rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the chance of so many hits or more."""
    possible = np.clip(hits, 1, np.maximum(rows, 1))
    found = betainc(possible, np.maximum(rows, 1) - possible + 1, share)
    return np.where(hits <= 0, 1.0, np.where(hits > rows, 0.0, found))


def _at_least_summed(hits: np.ndarray, rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return what ``_at_least`` does, each from the next by adding chances.

    Hits needed must not fall from one entry to the next, and rows must fall by 1. Then an entry's
    tail is the next one's, the chance that the row more is the hit that was lacking, and the
    chances of all numbers of hits that are enough here and not there.
    """
    there = int(np.searchsorted(hits > rows, True))
    found = np.zeros((len(share), len(hits)))
    if not there or not ((share > 0) & (share < 1)).all():
        return _at_least(hits, rows, share)
    needed, of = hits[:there], rows[:there]
    each = np.diff(needed)[::-1] + 1  # chances to be added, last entry first
    ends = np.cumsum(each)
    entry = np.repeat(np.arange(there - 2, -1, -1), each)
    turn = np.arange(len(entry)) - np.repeat(ends - each, each)
    last = (turn == 0).astype(int)  # the row more is a hit
    hit = np.where(turn == 0, needed[entry + 1], needed[entry] + turn) - 1
    added = np.cumsum(_roughly(hit, of[entry] - last, share, last), axis=1)
    found[:, there - 1 : there] = _at_least(needed[-1:], of[-1:], share)
    found[:, : there - 1] = (found[:, there - 1 : there] + added[:, ends - 1])[:, ::-1]
    return np.minimum(found, 1.0)


def _range(rows: int, shares: tuple[float, float], chance: float) -> tuple[int, int]:
    """Return from where to where the number of hits lies, but for a chance at each end.

    The least k with P(k or fewer) >= ``chance`` at the lower share, and the least k with P(more
    than k) <= ``chance`` at the upper one.
    """

    def at_most(k: int) -> float:
        return 1.0 if k >= rows else float(betainc(rows - k, k + 1, 1 - shares[0]))

    def seldom_more(k: int) -> bool:
        return k >= rows or float(betainc(k + 1, rows - k, shares[1])) <= chance

    every = range(rows + 1)
    return bisect_left(every, chance, key=at_most), bisect_left(every, True, key=seldom_more)


def _fewest_gained(
    losses: np.ndarray, lost: int, gained: int, rows: int, change: float
) -> np.ndarray:
    """Return for each number of lost rows how many gained ones make it as extreme as observed.

    A table with fewer lost and more gained rows than one that is as extreme is so, too.
    """
    observed = score(np.array([lost]), np.array([gained]), rows, change)[0] - 1e-12
    most = rows - losses + 1
    low, high = np.zeros(len(losses), int), most
    near = np.clip(_about(losses, lost, gained, rows, change, observed), 0, most)
    for turn in itertools.count():
        tried = np.stack([near - 1, near])
        extreme = score(losses, np.minimum(tried, rows - losses), rows, change) >= observed
        fewer, here = (extreme | (tried >= most)) & (tried >= 0)
        low = np.where(here, np.where(fewer, low, near), near + 1)
        high = np.where(fewer, near - 1, np.where(here, near, high))
        if (low == high).all():
            break
        near = near + ~here - fewer if turn < 3 else (low + high) // 2
    low = np.where(low > rows - losses, rows + 1, low)  # none is
    low[lost - losses[0]] = min(low[lost - losses[0]], gained)
    return np.minimum.accumulate(low[::-1])[::-1]


def _about(
    losses: np.ndarray, lost: int, gained: int, rows: int, change: float, observed: float
) -> np.ndarray:
    """Return about how many gained rows bring a score to the observed one: three secant steps."""
    here = (gained - lost - rows * change) / max(observed, 1e-6)
    spread = np.sqrt(np.maximum(here**2 + 2 * (losses - lost), 1.0))
    found = gained + 1.0 * (losses - lost)
    for _ in range(3):
        found = np.clip(found, 0, rows - losses)
        found += spread * (observed - score(losses, found, rows, change))
    return np.ceil(found).astype(int)


def score(
    lost: np.ndarray, gained: np.ndarray, rows: int | np.ndarray, change: float
) -> np.ndarray:
    """Return Tango's score statistic; large speaks against "the change is at most ``change``"."""
    surplus = gained - lost - rows * change
    a, c = 2.0 * rows, -lost * change * (1 - change)
    b = -gained - lost + (2 * rows - gained + lost) * change
    share_lost = (np.sqrt(np.maximum(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = rows * (2 * share_lost + change * (1 - change))
    return surplus / np.sqrt(np.maximum(variance, 1e-12))


def _score_bound(lost: int, gained: int, rows: int, alpha: float) -> float:
    """Return Tango's own lower bound, from which the exact one is searched."""
    low, high, least = -1.0, (gained - lost) / rows, -ndtri(alpha)
    for _ in range(20):
        middle = (low + high) / 2
        out = score(np.array(lost), np.array(gained), rows, middle) >= least
        low, high = (middle, high) if out else (low, middle)
    return low
