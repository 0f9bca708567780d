"""E-values against a null at a limit: numbers whose expected value is at most 1 if the null holds.

By Markov's inequality an e-value of ``1 / alpha`` or more excludes the null at level alpha. Beyond
that, e-values of fresh rows may be multiplied, e-values that share rows may be averaged, and the
smallest over several checks is an e-value against "at least one limit is broken": whichever null
holds, the smallest is no larger than its e-value. So they serve where a test set is used again.

``alpha`` says what the bets aim at; an e-value is valid whatever it is, and most useful at about
the level that it will be held to. There are two ways to bet:

- *Dealt units* (``of_mean``): the mean of the final wealth over *all* deals, never the best moment
  of the running mean. Its expected value is over rows and deals.
- *Rows that count alike* (``of_paired_share``, ``of_rate``): one bet for all rows, so that wealth
  depends on counts alone. No deals, no seed: the expected value is 1, exactly, at the null. (Bets
  that follow the wealth, averaged over 200 deals of one seed, had .76 to 1.08 for 12 rows, and pass
  no more often unless many rows are lost and gained.)

Source:
    Vovk and Wang, E-values: calibration, combination and applications, Annals of Statistics 2021.
    Wang and Ramdas, False discovery rate control with e-values, JRSS-B 2022.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from faircompress.statistics import betting
from faircompress.support.errors import InputError

LARGEST = 700.0  # log of the largest e-value told
FINE, WIDE = 25, 2  # parts a limit, and limits from 0, in which common changes are told apart
COARSE = 10  # parts on either side of that

AgainstAtMost = Callable[[np.ndarray], np.ndarray]  # nulls "mean <= m" -> their e-values


def of_mean(
    values: np.ndarray,
    weights: np.ndarray,
    nulls: np.ndarray,
    alpha: float,
    *,
    low: float,
    overshoot: float = betting.OVERSHOOT,
) -> np.ndarray:
    """Return e-values against "the weighted mean is at most m", ``(nulls,)``.

    Args:
        values: Numbers of at least ``low``, ``(orders, units)``, as in ``betting.mean_lower``; for
            dealt ``Units`` candidate minus baseline.
        weights: Of the units, in 0-1, same shape.
        nulls: Means claimed at most; for a limit, -limit.
        alpha: What the bets aim at.
        low: Smallest value possible.
        overshoot: As in ``betting.log_wealth``.
    """
    log = betting.log_wealth(values, weights, nulls, alpha, low=low, overshoot=overshoot)
    return np.asarray(np.exp(np.minimum(log, LARGEST)).mean(axis=1))


def of_paired_share(
    lost: int, gained: int, rows: int, nulls: np.ndarray, alpha: float
) -> np.ndarray:
    """Return e-values against "the paired change is at most m", for independent rows, ``(nulls,)``.

    Args:
        lost: Rows that the baseline had right and the candidate has wrong, >= 0.
        gained: The reverse.
        rows: All rows, of equal weight, >= lost + gained.
        nulls: Changes claimed at most, in ``(-1, 1)``.
        alpha: What the bet aims at.
    """
    _check(rows, lost=lost, gained=gained)
    variance = np.maximum(2 * np.abs(nulls), 1 / max(rows, 1))
    bet = _bet(rows, variance, 1 + nulls, alpha)
    log = lost * np.log1p(-bet * (1 + nulls)) + gained * np.log1p(bet * (1 - nulls))
    log += (rows - lost - gained) * np.log1p(-bet * nulls)
    return np.asarray(np.exp(np.minimum(log, LARGEST)))


def of_rate(hits: int, rows: int, nulls: np.ndarray, alpha: float) -> np.ndarray:
    """Return e-values against "the rate is at most m", for independent rows; see the paired share.

    Args:
        hits: Rows that count, of ``rows``.
        rows: All rows, of equal weight.
        nulls: Rates claimed at most, in ``(0, 1)``.
        alpha: What the bet aims at.
    """
    _check(rows, hits=hits)
    bet = _bet(rows, nulls * (1 - nulls), nulls, alpha)
    log = hits * np.log1p(bet * (1 - nulls)) + (rows - hits) * np.log1p(-bet * nulls)
    return np.asarray(np.exp(np.minimum(log, LARGEST)))


def _bet(rows: int, variance: np.ndarray, most_lost: np.ndarray, alpha: float) -> np.ndarray:
    """Return the bet that reaches 1 / alpha with the least evidence if the variance is as guessed.

    For many rows wealth is ``exp(b s - b**2 rows variance / 2)`` for a surplus of s, and reaches
    1 / alpha for the smallest s where b is ``sqrt(2 ln(1 / alpha) / (rows variance))``.
    """
    aimed = np.sqrt(2 * math.log(1 / alpha) / (max(rows, 1) * variance))
    return np.asarray(np.minimum(aimed, (1 - 1e-12) / most_lost))


def _check(rows: int, **parts: int) -> None:
    if min(parts.values()) < 0 or sum(parts.values()) > rows:
        raise InputError(
            f"{parts} of {rows} rows: counts must be 0 or more and together at most all rows. "
            "Were they counted over the same rows?"
        )


def of_difference(first: AgainstAtMost, second: AgainstAtMost, limit: float) -> float:
    """Return an e-value against "``d_a - d_b`` is at most -limit", for the changes of two groups.

    Let t be the true ``d_b``. Under the null ``d_a <= t - limit``, and ``-d_b <= -t``, so e-values
    against these two have an expected value of at most 1 each; so has their mean, whatever rows the
    groups share, as expected values add up without independence. As t is not known, the smallest
    over t is taken. Within a part ``[t_j, t_j+1]`` the wider nulls "``d_a <= t_j+1 - limit``" and
    "``-d_b <= -t_j``" hold for every t, so that nothing falls between the parts.

    Args:
        first: E-values against "``d_a <= m``", e.g. ``partial(of_paired_share, 3, 4, 200,
            alpha=...)``. Let bets aim at alpha / 2: a mean of two is what is held to 1 / alpha.
        second: E-values against "``-d_b <= m``": of b's rows with lost and gained exchanged.
        limit: In ``(0, 2)``.
    """
    edges = _parts(limit)
    against_first = np.ones(len(edges) - 1)  # where t_j+1 - limit is beyond -1 and 1: no bet
    nulls = edges[1:] - limit
    possible = np.abs(nulls) < 1
    against_first[possible] = first(nulls[possible])
    against_first[nulls <= -1] = math.exp(LARGEST)  # no change is below -1
    against_second = np.ones(len(edges) - 1)
    possible = np.abs(edges[:-1]) < 1
    against_second[possible] = second(-edges[:-1][possible])
    return float(((against_first + against_second) / 2).min())


def _parts(limit: float) -> np.ndarray:
    """Cut -1 to 1 into parts, fine where two changes are small."""
    fine = np.arange(-WIDE * FINE, (WIDE + 1) * FINE + 1) * (limit / FINE)
    fine = fine[np.abs(fine) < 1]
    left = np.linspace(-1, fine[0], COARSE, endpoint=False)
    right = np.linspace(1, fine[-1], COARSE, endpoint=False)[::-1]
    return np.concatenate([left, fine, right])


def topped_up(e_values: Iterable[float]) -> float:
    """Multiply the e-values of one check on rows of people who were in none of the others.

    The first may decide whether, and how many, fresh people are asked for: given what was seen, an
    e-value of fresh people still has an expected value of at most 1. None is told above
    ``exp(LARGEST)``, which only lowers it: two such would multiply to infinity.
    """
    found = list(e_values)
    return 0.0 if 0.0 in found else min(math.prod(found), math.exp(LARGEST))


def smallest(e_values: Iterable[float]) -> float:
    """Return an e-value against "at least one of these nulls holds"; 1 if there is none.

    A condition that is no e-value, such as a limit against the baseline's skill, enters as 0 where
    it is not met.
    """
    return min(e_values, default=1.0)
