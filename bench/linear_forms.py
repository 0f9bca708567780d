"""E-values of ratios, differences and excess losses: level at the limit, and power.

    OMP_NUM_THREADS=1 python bench/linear_forms.py [--draws 4000]

*Ratio* 4/5 of two independent groups: at the limit the expected value and the chance of 1 / alpha
or more, summed over all tables. *Difference* and *excess loss*: the same by simulation, harm
exactly at the limit; draws are seeded by scenario. *Power*: no group is harmed (1 % lost, 1 %
gained, or 5 %; equal rates); beside it the mean of one e-value a group, and of ratios two bounds at
alpha / 2 each.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from scipy.stats import binom
from simulated import table

from faircompress.statistics import e_values
from faircompress.statistics.linear_forms import Values, of_linear_form, of_rates
from faircompress.statistics.paired_proportions import share_lower, share_upper

ALPHA, FACTOR = 0.025, 0.8
LEFT_OUT = 1e-7  # chance of tables
Counts = tuple[int, int]


def rate(hits: int, rows: int) -> Values:
    """Return a group of which so many rows count."""
    return Values((0.0, 1.0), (rows - hits, hits), 0.0)


def change(moved: Counts, rows: int) -> Values:
    """Return a group that lost and gained so many rows."""
    return Values((-1.0, 0.0, 1.0), (moved[0], rows - sum(moved), moved[1]), -1.0)


def exact_ratio(rows: Counts, other: float) -> tuple[float, float]:
    """Return expected value and level at a ratio of exactly 4/5."""
    mean = level = 0.0
    tails = [binom(n, p) for n, p in zip(rows, (FACTOR * other, other), strict=True)]
    spans = [range(int(d.ppf(LEFT_OUT)), int(d.isf(LEFT_OUT)) + 1) for d in tails]
    chances = [d.pmf(list(span)) for d, span in zip(tails, spans, strict=True)]
    for (i, a), (j, b) in product(*(list(enumerate(span)) for span in spans)):
        pair = rate(a, rows[0]), rate(b, rows[1])
        found = of_linear_form(*pair, ALPHA, factor=FACTOR, shift=0.0)
        chance = chances[0][i] * chances[1][j]
        mean, level = mean + chance * found, level + chance * (found >= 1 / ALPHA)
    return mean, level


def drawn(rng: np.random.Generator, rows: int, lost: float, gained: float) -> Counts:
    """Draw lost and gained rows."""
    counts = rng.multinomial(rows, [lost, gained, 1 - lost - gained])
    return int(counts[0]), int(counts[1])


def simulated(
    rows: Counts, limit: float, excess: bool, moved: float, harm: float, draws: int, seed: list[int]
) -> Iterator[tuple[float, bool]]:
    """Give the e-value, and whether the mean of two e-values rejects.

    Args:
        rows: Of the group, and of the others.
        limit: Of the rule.
        excess: On the loss beyond everyone's; else on the difference of both changes.
        moved: Share lost and share gained in either group.
        harm: Share that the group loses besides.
        draws: How many.
        seed: Of the scenario.
    """
    shift = limit / (rows[1] / sum(rows) if excess else 1.0)
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        one, other = drawn(rng, rows[0], moved + harm, moved), drawn(rng, rows[1], moved, moved)
        pair = change(one, rows[0]), change(other, rows[1])
        found = of_linear_form(*pair, ALPHA, factor=1.0, shift=shift)
        first = partial(e_values.of_paired_share, *one, rows[0], alpha=ALPHA / 2)
        second = partial(e_values.of_paired_share, *other[::-1], rows[1], alpha=ALPHA / 2)
        two = e_values.of_difference(first, second, shift)
        yield found, two >= 1 / ALPHA


def power_of_ratio(rows: int, same: float, draws: int) -> tuple[float, float, float]:
    """Return how often equal rates pass: one form, the mean of two, two bounds."""
    rng, passed = np.random.default_rng([rows, int(same * 100)]), np.zeros(3)
    for a, b in rng.binomial(rows, same, (draws, 2)).tolist():
        form = of_linear_form(rate(a, rows), rate(b, rows), ALPHA, factor=FACTOR, shift=0.0)
        first = partial(e_values.of_rate, a, rows, alpha=ALPHA / 2)
        misses = partial(e_values.of_rate, rows - b, rows, alpha=ALPHA / 2)
        two = of_rates(first, partial(_at_least, misses), factor=FACTOR, shift=0.0)
        low = share_lower(a, rows, ALPHA / 2) / share_upper(b, rows, ALPHA / 2)
        passed += [form >= 1 / ALPHA, two >= 1 / ALPHA, low > FACTOR]
    form, two, bounds = (passed / draws).tolist()
    return form, two, bounds


def _at_least(misses: e_values.AgainstAtMost, nulls: np.ndarray) -> np.ndarray:
    return misses(1 + nulls)


def main() -> None:
    """Print four tables."""
    command = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    command.add_argument("--draws", type=int, default=4000)
    draws = command.parse_args().draws
    print(f"ratio .8 exactly, alpha {ALPHA}, all tables\n")
    exact = [
        (*rows, other, *(f"{x:.4f}" for x in exact_ratio(rows, other)))
        for rows in ((40, 40), (100, 100), (60, 20), (20, 200))
        for other in (0.02, 0.1, 0.5, 0.9, 1.0)
    ]
    print(table(("rows of a", "rows of b", "rate of b", "mean", "level"), exact))
    heads = ("rule", "limit", "rows", "others", "moved", "mean", "error", "one form", "mean of two")
    for harmed in (True, False):
        print(f"\n{'harm at the limit' if harmed else 'unharmed'}, {draws} draws\n")
        print(table(heads, list(_rows(harmed, draws))))
    print(f"\nequal rates, ratio .8, {draws} draws\n")
    powers = [
        (n, same, *(f"{x:.3f}" for x in power_of_ratio(n, same, draws)))
        for n, same in ((100, 0.9), (150, 0.9), (300, 0.7), (400, 0.5), (2000, 0.1))
    ]
    print(table(("rows each", "rate", "one form", "mean of two", "two bounds"), powers))


def _rows(harmed: bool, draws: int) -> Iterator[tuple[object, ...]]:
    cases = product((True, False), (0.05, 0.1), ((60, 340), (150, 150), (400, 2800)), (0.01, 0.05))
    for number, (excess, limit, rows, moved) in enumerate(cases):
        shift = limit / (rows[1] / sum(rows) if excess else 1.0)
        harm = shift if harmed else 0.0
        found = list(simulated(rows, limit, excess, moved, harm, draws, [number, harmed]))
        e, two = (np.array(x) for x in zip(*found, strict=True))
        rates = (f"{x.mean():.4f}" for x in (e >= 1 / ALPHA, two))
        name = "excess_loss" if excess else "difference"
        mean, error = f"{e.mean():.3f}", f"{e.std() / draws**0.5:.3f}"
        yield name, limit, *rows, moved, *((mean, error) if harmed else "--"), *rates


if __name__ == "__main__":
    main()
