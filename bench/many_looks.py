"""Sixty monthly looks at one test set: what is released, by `ignore`, `spend` and `earn`?

    OMP_NUM_THREADS=1 python bench/many_looks.py [--runs 400]

8 groups of 400 positives, a change of a rate, limit .05. An unharmed candidate loses 1 % and gains
1 % in every group; a harmful one, in one group, loses as much as brings it exactly to the limit.
Each candidate draws its counts anew (the rows are given, candidates are not), in three ways:
*fresh*: harmful with the stated chance at each look; *persistent*: likewise, but all harmful
candidates of a run are one file, with one draw of counts; *retry*: a candidate that did not pass is
handed in again, trained anew, until it does. `ignore` and `spend` use the exact tail at alpha .025;
`earn` the e-value of independent rows at alpha .05, the smallest of 8. Beside it, e-LOND with two
others that know all shares: *ratio*, the likelihood ratio, of which the log grows fastest; *most*,
all or nothing: 1 / level where the most powerful test at the level of the look rejects in every
group. The last is a bound from above and no e-value here: the level depends on the same rows.
A year's pass rate is that of unharmed candidates. Draws are seeded by scenario.
"""

import argparse
import math
from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
from scipy.stats import binom
from simulated import table

from faircompress.statistics import online_fdr
from faircompress.statistics.e_values import of_paired_share
from faircompress.statistics.paired_proportions import excludes

LOOKS, GROUPS, ROWS, LIMIT, MOVED = 60, 8, 400, 0.05, 0.01
ALPHA, EARNED = 0.025, 0.05
MOST = 60  # lost or gained rows told apart; beyond, nothing passes
WAYS = ("fresh", "persistent", "retry")
HARMED = (0.1, 0.5, 0.9, 1.0)
Policy = Callable[[np.ndarray, int, int], bool]  # counts (groups, lost and gained), look, released


@cache
def passing(level: float) -> np.ndarray:
    """Return for each number of gained rows the most lost ones that the exact tail lets pass."""
    found, most = [], 0
    for gained in range(MOST + 1):
        while most <= MOST and excludes(most, gained, ROWS, -LIMIT, level):
            most += 1
        found.append(most - 1)
    return np.array(found)


def by_tail(counts: np.ndarray, level: float) -> bool:
    """Tell whether the exact tail excludes the limit in every group."""
    return bool((counts[:, 0] <= passing(level)[counts[:, 1]]).all())


def ignore(counts: np.ndarray, look: int, released: int) -> bool:
    """Release at alpha at every look."""
    return by_tail(counts, ALPHA)


def spend(counts: np.ndarray, look: int, released: int) -> bool:
    """Release at the share of alpha that the look may spend."""
    return by_tail(counts, online_fdr.spend(look, ALPHA))


def earn(counts: np.ndarray, look: int, released: int) -> bool:
    """Release by e-LOND with the smallest of the e-values."""
    level = online_fdr.earn(look, released, EARNED)
    return online_fdr.released(_smallest(counts, _log_parts(level)), level)


def ratio(counts: np.ndarray, look: int, released: int) -> bool:
    """Release by e-LOND with the smallest of the likelihood ratios."""
    still = 1 - 2 * MOVED
    logs = (math.log(MOVED / (MOVED + LIMIT)), 0.0, math.log(still / (still - LIMIT)))
    return online_fdr.released(_smallest(counts, logs), online_fdr.earn(look, released, EARNED))


def _smallest(counts: np.ndarray, logs: tuple[float, float, float]) -> float:
    lost, gained = counts.T
    return float(np.exp(lost * logs[0] + gained * logs[1] + (ROWS - lost - gained) * logs[2]).min())


@cache
def _log_parts(level: float) -> tuple[float, float, float]:
    """Return what a lost, a gained and another row add to the log of the e-value."""
    nulls = np.array([-LIMIT])
    every = ((0, 0), (1, 0), (0, 1))
    none, one_lost, one_gained = (
        float(np.log(of_paired_share(lost, gained, ROWS, nulls, level)[0]))
        for lost, gained in every
    )
    calm = none / ROWS
    return one_lost - none + calm, one_gained - none + calm, calm


def most(counts: np.ndarray, look: int, released: int) -> bool:
    """Release what the most powerful test at e-LOND's level does."""
    ratios, ordered, spent = _most_powerful()
    level = online_fdr.earn(look, released, EARNED)
    last = int(np.searchsorted(spent, level, side="right"))
    least = ordered[last - 1] if last else np.inf
    lost, gained = np.minimum(counts, MOST).T
    return bool((ratios[lost, gained] >= least).all())


@cache
def _most_powerful() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the likelihood ratio of each table, all from the largest on, and the null's tails."""
    lost, gained = np.arange(MOST + 1)[:, None], np.arange(MOST + 1)[None, :]
    some = binom.pmf(gained, ROWS, MOVED)
    null, true = (
        some * binom.pmf(lost, ROWS - gained, p / (1 - MOVED)) for p in (MOVED + LIMIT, MOVED)
    )
    ratios = true / null * (1 - 1e-9 * (lost + gained))  # tables that tie by rounding have an order
    order = np.argsort(-ratios.ravel())
    return ratios, ratios.ravel()[order], np.cumsum(null.ravel()[order])


def one_run(way: str, harmed: float, policy: Policy, rng: np.random.Generator) -> np.ndarray:
    """Return for each look whether the candidate is harmful, and whether it is released."""
    fixed = draw_counts(rng, harmful=True)
    found = np.zeros((LOOKS, 2), bool)
    harmful, released, again = False, 0, False
    for look in range(1, LOOKS + 1):
        fresh = rng.random() < harmed
        harmful = harmful if again else fresh
        counts = draw_counts(rng, harmful=harmful)
        if harmful and way == "persistent":
            counts = fixed
        out = policy(counts, look, released)
        released += out
        again = way == "retry" and not out
        found[look - 1] = harmful, out
    return found


def draw_counts(rng: np.random.Generator, *, harmful: bool) -> np.ndarray:
    """Draw lost and gained rows of every group, ``(groups, 2)``."""
    lost = np.full(GROUPS, MOVED)
    lost[0] += LIMIT * harmful
    gained = rng.binomial(ROWS, MOVED, GROUPS)
    return np.minimum(np.stack([rng.binomial(ROWS - gained, lost / (1 - MOVED)), gained], 1), MOST)


def summed(runs: np.ndarray) -> tuple[str, ...]:
    """Return the harmful share of the released, chances, and pass rates of years 1 and 5."""
    harmful, out = runs[..., 0], runs[..., 1]
    wrong = (harmful & out).sum(axis=1)
    share = float((wrong / np.maximum(out.sum(axis=1), 1)).mean())
    rates = []
    for months in (slice(0, 12), slice(48, 60)):
        well = ~harmful[:, months]
        rates.append(f"{(well & out[:, months]).sum() / well.sum():.3f}" if well.any() else "-")
    return f"{share:.3f}", f"{(wrong > 0).mean():.3f}", *rates


def main() -> None:
    """Simulate, and print."""
    command = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    command.add_argument("--runs", type=int, default=400)
    asked = command.parse_args()
    policies = {"ignore": ignore, "spend": spend, "earn": earn, "ratio": ratio, "most": most}
    rows = []
    for number, (way, harmed) in enumerate(product(WAYS, HARMED)):
        for name, policy in policies.items():
            rng = np.random.default_rng([number, 71])
            runs = np.stack([one_run(way, harmed, policy, rng) for _ in range(asked.runs)])
            rows.append((way, harmed, name, *summed(runs)))
    heads = ("candidates", "harmed", "looks", "harmful share of released", "any harmful released")
    print(f"{asked.runs} runs of {LOOKS} looks\n")
    print(table((*heads, "unharmed that pass, year 1", "year 5"), rows))
    levels = online_fdr.levels(1, 12, 60, alpha=EARNED)
    spent = online_fdr.levels(1, 12, 60, alpha=ALPHA)
    told = [(k, f"{spent[k][0]:.2g}", *(f"{x:.2g}" for x in levels[k][1:])) for k in levels]
    print("\n" + table(("look", "spend", "earn, nothing released", "earn, all released"), told))


if __name__ == "__main__":
    main()
