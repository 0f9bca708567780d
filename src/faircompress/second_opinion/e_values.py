"""E-values against the limits of a check: docs/statistics.md, 13.1."""

import math
from typing import Any

import numpy as np

from faircompress.second_opinion import rates
from faircompress.second_opinion.paired_proportions import CHANGE
from faircompress.second_opinion.rates import CANDIDATE, Models, Rate
from faircompress.second_opinion.reading import EVERYONE, Group

MOST = math.exp(700)
SHARES = (0.8, 0.1, 0.1)  # of the wealth: on both groups, on the first, on the second
Json = dict[str, Any]
Counts = dict[float, int]  # rows of a group by value
Ends = tuple[np.ndarray, np.ndarray]  # of the parts of t, from below and above


def single(rate: Rate, which: int, tests: list[tuple[int, float]], alpha: float) -> float:
    """Return the smallest e-value of "sign x rate is at most m" over the tests ``(sign, m)``."""
    return min(float(_against(rate, which, s, np.array([m]), alpha)[0]) for s, m in tests)


def pair(rule: Json, two: list[Rate]) -> float:
    """Return the smaller e-value of a rule on two groups that share no row."""
    kind, limit, alpha = rule["rule"], rule["limit"], rule["alpha"]
    f, s = (limit, 0.0) if kind == "ratio" else (1.0, limit)
    which = CHANGE if kind == "disparity_change" else CANDIDATE
    return min(_linear(x, y, which, f, s, alpha) for x, y in (two, two[::-1]))


def excess_loss(models: Models, rule: Json, group: Group, two: list[Rate]) -> float:
    """Return the e-value of a loss beyond everyone's; ``two`` are the group and the others."""
    rows, limit, alpha = models.rows, rule["limit"], rule["alpha"]
    if all(r.alike for r in two):
        others = (~group.own).sum() / len(group.own)
        return _linear(two[0], two[1], CHANGE, 1.0, limit / others, alpha)
    right, every = models.decided == rows.labels, np.ones(len(rows.labels), bool)
    of_all = rates.mean_rate(models, right, every, Group(EVERYONE, (), {}, every, every), "all")
    if any(r.statistic != "wealth" for r in (two[0], of_all)):
        return 0.0
    return _apart(two[0], of_all, CHANGE, 1.0, limit, alpha)


def _against(rate: Rate, which: int, sign: int, m: np.ndarray, alpha: float) -> np.ndarray:
    if rate.e_values is None:
        return np.zeros(len(m))
    return np.minimum(rate.e_values(which, sign, m, alpha), MOST)


def _linear(x: Rate, y: Rate, which: int, f: float, s: float, alpha: float) -> float:
    """Return the e-value of "x is at most f times y, less s"."""
    if x.alike is None or y.alike is None:
        return _apart(x, y, which, f, s, alpha)
    low = -1.0 if which == CHANGE else 0.0
    start = max(low, (low + s) / f)
    if start >= 1:
        return MOST
    if which == CHANGE:
        inner = np.append(np.linspace(-1, 1, 26), np.arange(-50, 76) * (s / 25))
    else:
        inner = np.sin(np.arange(101) * math.pi / 200) ** 2
    edges = np.unique(np.append(inner[(inner > start) & (inner < 1)], [start, 1.0]))
    of_x, of_y = (_counts(rate, which) for rate in (x, y))
    ends = edges[:-1], edges[1:]
    total = np.zeros(len(edges) - 1)
    for share, (bet_x, bet_y) in zip(
        SHARES, _stakes_of(of_x, of_y, ends, low, f, s, alpha), strict=True
    ):
        logs = [_log(of_x, bet_x, f * t - s) + _log(of_y, -bet_y, t) for t in ends]
        total += share * np.exp(np.minimum(np.minimum(*logs), 700))
    return min(float(total.min()), MOST)


def _counts(rate: Rate, which: int) -> Counts:
    assert rate.alike is not None
    n, hits, lost, gained = rate.alike
    if which == CHANGE:
        return {-1.0: lost, 0.0: n - lost - gained, 1.0: gained}
    return {0.0: n - hits, 1.0: hits}


def _log(counts: Counts, bet: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return sum(
        (n * np.log1p(bet * (value - mean)) for value, n in counts.items() if n),
        np.zeros(len(mean)),
    )


def _stakes_of(
    x: Counts, y: Counts, ends: Ends, low: float, f: float, s: float, alpha: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the three pairs of bets of each part."""
    n_x, n_y = (max(sum(counts.values()), 1) for counts in (x, y))
    left, right = ends
    c = (left + right) / 2
    m = f * c - s
    if low == 0:
        v_x, v_y = m * (1 - m), c * (1 - c)
    else:
        v_x = v_y = 2 * np.maximum(np.abs(m), np.abs(c))
    v_x, v_y = np.maximum(v_x, 1 / n_x), np.maximum(v_y, 1 / n_y)
    cap_x = (1 - 1e-12) / np.maximum(f * right - s - low, 1e-12)
    cap_y = (1 - 1e-12) / np.maximum(1 - left, 1e-12)
    on_form = np.sqrt(2 * math.log(1 / (0.8 * alpha)) / (v_x / n_x + f**2 * v_y / n_y))
    on_form = np.minimum(on_form, np.minimum(cap_x * n_x, cap_y * n_y / f))
    alone = 2 * math.log(1 / (0.1 * alpha))
    on_x = np.minimum(np.sqrt(alone / (n_x * v_x)), cap_x)
    on_y = np.minimum(np.sqrt(alone / (n_y * v_y)), cap_y)
    none = np.zeros(len(c))
    return [(on_form / n_x, f * on_form / n_y), (on_x, none), (none, on_y)]


def _apart(x: Rate, y: Rate, which: int, f: float, s: float, alpha: float) -> float:
    """Return the e-value of "x is at most f times y, less s" as a mean of one for each."""
    if which == CHANGE:
        fine = np.arange(-50, 76) * (s / 25)
        fine = fine[np.abs(fine) < 1]
        below, above = np.linspace(-1, fine[0], 11), np.linspace(fine[-1], 1, 11)
        edges = np.concatenate([below[:-1], fine, above[1:]])
    else:
        edges = np.sin(np.arange(26) * math.pi / 50) ** 2
    low = -1.0 if which == CHANGE else 0.0
    nulls = f * edges[1:] - s
    of_x, of_y = np.ones((2, len(nulls)))
    of_x[nulls < low] = MOST
    of_x[nulls == -1] = MOST
    possible = (nulls > low) & (nulls < 1)
    of_x[possible] = _against(x, which, 1, nulls[possible], alpha / 2)
    possible = edges[:-1] > low
    of_y[possible] = _against(y, which, -1, -edges[:-1][possible], alpha / 2)
    return float(((of_x + of_y) / 2).min())
