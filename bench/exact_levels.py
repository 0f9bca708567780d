"""The level of the exact paired bound, summed over all tables, and the fewest rows that it takes.

`python bench/exact_levels.py` prints both in two minutes of one core.
"""

import math
from itertools import count, product

import numpy as np
from scipy.stats import binom

from faircompress.statistics.paired_proportions import excludes

ALPHAS = (0.05, 0.025, 0.05 / 6)


def main() -> None:
    """Print two tables."""
    print("| alpha | limit | rows | worst level | at discordance |\n|--:|--:|--:|--:|--:|")
    for alpha, limit, rows in product(ALPHAS, (0.05, 0.10), (50, 150)):
        found = {limit * k: level(rows, limit, limit * k, alpha) for k in (1, 1.2, 2, 4)}
        worst = max(found, key=lambda one: found[one])
        print(f"| {alpha:.4g} | {limit} | {rows} | {found[worst]:.4f} | {worst:.3g} |", flush=True)
    print("\n| limit | lost | gained | alpha | fewest rows | that any bound needs |")
    print("|--:|--:|--:|--:|--:|--:|")
    for limit, moved, alpha in product((0.05, 0.10), (0, 3), ALPHAS):
        rows = next(n for n in count(10) if excludes(moved, moved, n, -limit, alpha))
        least = math.ceil(math.log(alpha) / math.log1p(-limit))
        print(f"| {limit} | {moved} | {moved} | {alpha:.4g} | {rows} | {least} |")


def level(rows: int, limit: float, discordance: float, alpha: float) -> float:
    """Return the chance that a fall of the limit, which is the true one, is excluded."""
    lost, gained = (discordance + limit) / 2, (discordance - limit) / 2
    total, fewest = 0.0, 0
    for loss in np.arange(int(binom.isf(1e-9, rows, lost)) + 1):
        rest = rows - int(loss)
        while fewest <= rest and not excludes(int(loss), fewest, rows, -limit, alpha):
            fewest += 1
        if fewest > rest:
            break
        chance = binom.pmf(loss, rows, lost) * binom.sf(fewest - 1, rest, gained / (1 - lost))
        total += float(chance)
    return total


if __name__ == "__main__":
    main()
