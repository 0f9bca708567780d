"""E-values against "a's value is at most a multiple of b's, less a shift", of two groups' rows.

The null is ``a <= factor * b - shift``: with factor .8 and shift 0 a ratio of .8 or less, with
factor 1 a difference of -shift or less. Let t be the true value of b. Whoever bets ``b_a`` on each
row of a against "a <= factor * t - shift", and ``b_b`` on each row of b against "b >= t", has

``E_t = prod_a (1 + b_a (x - factor t + shift)) * prod_b (1 + b_b (t - x))``,

whose expected value is at most 1 where the two groups have no row in common. As t is not known, the
smallest over all t is taken. Bets are one number a group and part of the range of t, in the ratio
``b_a n_a : b_b n_b = 1 : factor``: then to first order t cancels, and what is bet on is the linear
form ``a - factor b`` alone. Where t is far from the truth one group alone tells, and what cancels
to first order does not to second: so .1 of the wealth is bet on either group alone. Within a part
the log of each wealth is concave in t, so its smallest value is at an end: nothing falls between.

Source:
    docs/statistics.md, 13.1, with the proof. The form and the bets are ours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PARTS = 100  # of the range of a rate
COARSE = 25  # where each part asks for two bets that follow the wealth
FINE, WIDE = 25, 2  # parts a shift, and shifts from 0, in which common changes are told apart
SHARES = np.array([0.8, 0.1, 0.1])  # of the wealth: on both groups, on the first, on the second
LARGEST = 700.0  # log of the largest e-value told

AgainstAtMost = Callable[[np.ndarray], np.ndarray]  # nulls "mean <= m" -> their e-values


@dataclass(frozen=True)
class Values:
    """How often each value occurs among a group's rows: independent, of equal weight.

    Args:
        values: In ``[low, 1]``, the largest that can be 1.
        counts: Of each, >= 0.
        low: The smallest value that can be: 0 of a rate, -1 of a change.
    """

    values: tuple[float, ...]
    counts: tuple[int, ...]
    low: float

    @property
    def rows(self) -> int:
        """Return the rows."""
        return sum(self.counts)

    def log_wealth(self, stakes: np.ndarray, means: np.ndarray) -> np.ndarray:
        """Return the log of ``prod (1 + bet (x - mean))``, one a bet; bets below 0 are on less."""
        summands = [
            count * np.log1p(stakes * (value - means))
            for value, count in zip(self.values, self.counts, strict=True)
            if count
        ]
        return np.asarray(sum(summands, np.zeros_like(stakes)))


def of_linear_form(
    one: Values, other: Values, alpha: float, *, factor: float, shift: float
) -> float:
    """Return an e-value against "one's mean is at most factor times other's, less shift".

    Args:
        one: Rows of the first group.
        other: Rows of the second, none of which is in the first.
        alpha: What the bets aim at; the e-value is valid whatever it is.
        factor: In ``(0, 1]``.
        shift: At least 0; with factor 1 above 0.
    """
    edges = _edges(one.low, factor, shift)
    if len(edges) < 2:
        return math.exp(LARGEST)  # no two such values can be
    left, right = edges[:-1], edges[1:]
    stakes = _stakes(one, other, (left, right), alpha, factor=factor, shift=shift)
    least = np.minimum(*(
        one.log_wealth(stakes[0], factor * at - shift) + other.log_wealth(-stakes[1], at)
        for at in (left, right)
    ))  # fmt: skip
    log = np.logaddexp.reduce(least + np.log(SHARES)[:, None])
    return math.exp(min(float(log.min()), LARGEST))


def _edges(low: float, factor: float, shift: float) -> np.ndarray:
    """Cut the values that b can have under the null, fine where bets change fast."""
    least = max(low, (low + shift) / factor)
    if low == 0:
        every = np.sin(np.linspace(0, math.pi / 2, PARTS + 1)) ** 2
    else:
        fine = np.arange(-WIDE * FINE, (WIDE + 1) * FINE + 1) * (shift / FINE)
        every = np.unique(np.concatenate([np.linspace(-1, 1, FINE + 1), fine]))
    inner = every[(every > least) & (every < 1)]
    return np.concatenate([[least], inner, [1.0]]) if least < 1 else np.array([])


def _stakes(
    one: Values,
    other: Values,
    ends: tuple[np.ndarray, np.ndarray],
    alpha: float,
    *,
    factor: float,
    shift: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return bets on either group, ``(shares, parts)``: on both, on the first alone, on the second.

    Wealth is about ``exp(B s - B**2 v / 2)`` for a stake B on the form, a surplus of s and a
    variance v, so it reaches a goal of 1 / alpha for the smallest s where B is
    ``sqrt(2 ln(1 / alpha) / v)``.
    """
    left, right = ends
    middle = (left + right) / 2
    mean = factor * middle - shift
    sizes = np.array([max(one.rows, 1), max(other.rows, 1)])[:, None]
    if one.low == 0:
        spread = np.stack([mean * (1 - mean), middle * (1 - middle)])
    else:  # of changes: as often as the null asks for, and no less often in the other group
        spread = np.stack(2 * [2 * np.maximum(np.abs(mean), np.abs(middle))])
    spread = np.maximum(spread, 1 / sizes)
    target = 2 * np.log(1 / (alpha * SHARES))
    scale = np.array([[1.0], [factor]]) / sizes  # bets of a stake of 1 on the form
    variance = (scale**2 * sizes * spread).sum(axis=0)
    caps = (1 - 1e-12) / np.maximum([factor * right - shift - one.low, 1 - left], 1e-12)
    on_both = np.minimum(np.sqrt(target[0] / variance), (caps / scale).min(axis=0)) * scale
    alone = np.minimum(np.sqrt(target[1] / (sizes * spread)), caps)
    none = np.zeros_like(middle)
    return np.stack([on_both[0], alone[0], none]), np.stack([on_both[1], none, alone[1]])


def of_rates(first: AgainstAtMost, second: AgainstAtMost, *, factor: float, shift: float) -> float:
    """Return an e-value against "``r_a`` is at most factor times ``r_b``, less shift".

    As ``e_values.of_difference``, of any two groups: within ``[t_j, t_j+1]`` the nulls "``r_a <=
    factor t_j+1 - shift``" and "``-r_b <= -t_j``" hold for every t, and the mean of two e-values is
    one, whatever rows they share.

    Args:
        first: E-values against "``r_a <= m``", m in ``(0, 1)``; bets aim at alpha / 2.
        second: Against "``-r_b <= -m``", likewise.
        factor: In ``(0, 1]``.
        shift: At least 0; with factor 1 above 0.
    """
    edges = np.sin(np.linspace(0, math.pi / 2, COARSE + 1)) ** 2
    nulls = factor * edges[1:] - shift
    against_first, against_second = np.ones((2, COARSE))  # a rate of at least 0 is no claim
    against_first[nulls < 0] = math.exp(LARGEST)  # no rate is below 0
    against_first[nulls > 0] = first(nulls[nulls > 0])
    against_second[1:] = second(-edges[1:-1])
    return float(((against_first + against_second) / 2).min())
