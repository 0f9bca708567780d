"""Levels of the exact bounds for rates, summed over all tables, beside those of naive methods.

`OMP_NUM_THREADS=1 python bench/exact_levels.py` prints three tables; no draws. A change is exactly
at the limit, so every pass is false; the level is the worst over discordances from the limit (then
nothing is gained) to four times the limit and to 1. Naive: the estimate within the limit; a normal
bound of the paired change (Wald); of two unpaired rates, which takes both to be of other rows.
"""

import math
from collections.abc import Callable
from itertools import count, product

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom
from simulated import row, table

from faircompress.statistics.paired_proportions import excludes, share_upper

ALPHAS = (0.05, 0.025, 0.0125, 0.05 / 6)
SMALLEST = 1e-10  # chance of tables that are left out
Passing = Callable[[int, int, int, float, float], bool]  # lost, gained, rows, limit, alpha


def ours(lost: int, gained: int, rows: int, limit: float, alpha: float) -> bool:
    """Tell whether the exact tail excludes the limit."""
    return excludes(lost, gained, rows, -limit, alpha)


def estimate(lost: int, gained: int, rows: int, limit: float, alpha: float) -> bool:
    """Tell whether the estimate lies within the limit."""
    return (gained - lost) / rows > -limit


def wald(lost: int, gained: int, rows: int, limit: float, alpha: float) -> bool:
    """Tell whether the normal bound of the paired change does."""
    change = (gained - lost) / rows
    error = math.sqrt(max((lost + gained) / rows - change**2, 0) / rows)
    return change + float(ndtri(alpha)) * error > -limit


def unpaired(lost: int, gained: int, rows: int, limit: float, alpha: float) -> bool:
    """Tell whether the normal bound of two unpaired rates does, the baseline's being .9."""
    change = (gained - lost) / rows
    rates = (0.9, min(max(0.9 + change, 0.0), 1.0))
    error = math.sqrt(sum(p * (1 - p) for p in rates) / rows)
    return change + float(ndtri(alpha)) * error > -limit


def boundary(passing: Passing, rows: int, limit: float, alpha: float, most_lost: int) -> list[int]:
    """Return for each number of lost rows the fewest gained that pass; beyond the rows: none."""
    fewest, found = 0, []
    for lost in range(most_lost + 1):
        while fewest <= rows - lost and not passing(lost, fewest, rows, limit, alpha):
            fewest += 1
        found.append(fewest)
    return found


def level(rows: int, limit: float, alpha: float, passing: Passing = ours) -> tuple[float, float]:
    """Return the worst chance that a fall of the limit passes, and the discordance it is at."""
    ends = [min(limit * k, 1.0) for k in (1, 1.1, 1.2, 1.5, 2, 2.5, 3, 4)]
    most = int(binom.isf(SMALLEST, rows, (max(ends) + limit) / 2))
    fewest = boundary(passing, rows, limit, alpha, min(most, rows))
    return max((_chance(rows, limit, of, fewest), of) for of in ends)


def _chance(rows: int, limit: float, discordance: float, fewest: list[int]) -> float:
    lost, gained = (discordance + limit) / 2, (discordance - limit) / 2
    losses = np.arange(len(fewest))
    chance = binom.pmf(losses, rows, lost)
    passing = binom.sf(np.array(fewest) - 1, rows - losses, gained / (1 - lost))
    return float((chance * passing).sum())


def level_of_fail(rows: int, limit: float, alpha: float) -> float:
    """Return the worst chance that a fall of the limit is called more than the limit."""

    def failing(gained: int, lost: int, n: int, of: float, at: float) -> bool:
        return excludes(gained, lost, n, of, at)

    worst = 0.0
    for discordance in (limit, 1.2 * limit, 2 * limit, 4 * limit):
        lost, gained = (discordance + limit) / 2, (discordance - limit) / 2
        most = int(binom.isf(SMALLEST, rows, gained)) if gained > 1e-12 else 0
        fewest = boundary(failing, rows, limit, alpha, most)  # fewest lost, by gained
        gains = np.arange(len(fewest))
        chance = binom.pmf(gains, rows, gained)
        beyond = binom.sf(np.array(fewest) - 1, rows - gains, lost / (1 - gained))
        worst = max(worst, float((chance * beyond).sum()))
    return worst


def flips_level(rows: int, limit: float, alpha: float) -> float:
    """Return the chance that flips of exactly the limit pass (Clopper and Pearson)."""
    most = max((k for k in range(rows) if share_upper(k, rows, alpha) < limit), default=-1)
    return float(binom.cdf(most, rows, limit)) if most >= 0 else 0.0


def main() -> None:
    """Print three tables."""
    print(row("alpha", "limit", "rows", "exact", "at discordance", "flips", "estimate", "Wald",
              "unpaired"))  # fmt: skip
    print(f"|{'--:|' * 9}")
    for alpha, limit, rows in product(ALPHAS, (0.05, 0.10), (50, 150, 500)):
        worst, at = level(rows, limit, alpha)
        naive = [f"{level(rows, limit, alpha, of)[0]:.3f}" for of in (estimate, wald, unpaired)]
        flips = f"{flips_level(rows, limit, alpha):.4f}"
        print(row(f"{alpha:.4g}", limit, rows, f"{worst:.4f}", f"{at:.3g}", flips, *naive),
              flush=True)  # fmt: skip
    print(f"\nworst of {len(SIZES)} sizes from {SIZES[0]} to {SIZES[-1]}:\n")
    print(table(("alpha", "limit", "worst level", "at rows"), worst_sizes()))
    print("\n| limit | lost | gained | alpha | fewest rows | that any bound needs |")
    print("|--:|--:|--:|--:|--:|--:|")
    for limit, moved, alpha in product((0.05, 0.10), (0, 3), ALPHAS):
        rows = next(n for n in count(10) if excludes(moved, moved, n, -limit, alpha))
        least = math.ceil(math.log(alpha) / math.log1p(-limit))
        print(row(limit, moved, moved, f"{alpha:.4g}", rows, least), flush=True)


SIZES = tuple(range(40, 201, 8))


def worst_sizes() -> list[tuple[object, ...]]:
    """Return the worst level over sizes, for each alpha and limit."""
    found: list[tuple[object, ...]] = []
    for alpha, limit in product((0.05, 0.025), (0.05, 0.10)):
        worst, rows = max((level(n, limit, alpha)[0], n) for n in SIZES)
        found.append((alpha, limit, f"{worst:.4f}", rows))
    return found


if __name__ == "__main__":
    main()
