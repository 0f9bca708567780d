"""How often does a bound let harm at the limit pass, and how often does an unharmed file pass?

One group's true change lies exactly at the limit; every pass is false. All other groups are
unharmed and would pass, so the whole verdict passes no more often than this group does: the least
favourable case. Harm comes in the shapes of bench/calibration_draws.py. The deciding bounds stand
beside the normal approximation (Wald; DeLong for AUROC) and the percentile bootstrap, which know
the people too. A cell holds if its false passes are at most alpha plus two Monte-Carlo errors.

`python bench/calibration.py --quick` takes half a minute and prints Markdown; the other rules are
in bench/calibration_rules.py, the whole verdict in bench/calibration_verdict.py.
"""

import argparse
import math
from itertools import islice, product

import numpy as np
from calibration_bets import ALPHA, holds, within
from calibration_draws import LIMITS, NEGATIVES, Cell, heard
from faircompress.verdict.hearing import Hearing
from scipy.special import ndtri
from scipy.stats import binom

from faircompress.evaluation.decisions import rate
from faircompress.metrics import Measure, Metric, Ranking
from faircompress.metrics.auroc import auroc
from faircompress.metrics.true_positive_rate import true_positive_rate
from faircompress.statistics.bootstrap import changes
from faircompress.statistics.delong import standard_error
from faircompress.statistics.paired_proportions import certainty_floor, change_lower

METRICS: dict[str, Metric] = {"auroc": auroc, "true_positive_rate": true_positive_rate}
SHAPES = ("few", "noise", "shift")
POSITIVES = (15, 28, 60, 150, 500, 1000, 5000)
BOOTSTRAP_ROWS = 2000  # beyond, few sets
LARGE_SETS = 50
REPLICATES = 500


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 sets, up to 150 positives")
    parser.add_argument("--sets", type=int, default=2000, help="for the deciding bounds")
    parser.add_argument("--bootstrap-sets", type=int, default=300)
    parser.add_argument("--positives", type=int, nargs="+", default=list(POSITIVES))
    parser.add_argument("--metrics", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    asked = parser.parse_args()
    if asked.quick:
        asked.sets, asked.bootstrap_sets, asked.positives = 400, 60, [15, 28, 60, 150]
    sizes = " | ".join(map(str, asked.positives))
    print(f"| metric | rows | harm | {sizes} | holds |")
    print(f"|---|---|---|{'--:|' * len(asked.positives)}---|")
    for people, metric, shape in product((False, True), asked.metrics, SHAPES):
        cells = [Cell(metric, shape, positives, people) for positives in asked.positives]
        print(row(cells, asked.sets, asked.bootstrap_sets), flush=True)
    print("\n| positives | lost ones that pass | exact chance |\n|--:|--:|--:|")
    for positives in asked.positives:
        print(losses_only(positives))


def row(cells: list[Cell], sets: int, bootstrap_sets: int) -> str:
    """Return a row of the table: deciding / normal / bootstrap at each size."""
    found = [false_passes(cell, sets, bootstrap_sets) for cell in cells]
    told = " | ".join(" / ".join(f"{share:.3f}" for share in one) for one in found)
    held = "yes" if all(holds(one[0], sets) for one in found) else "NO"
    return f"| {cells[0].metric} | {cells[0].rows} | {cells[0].shape} | {told} | {held} |"


def false_passes(cell: Cell, sets: int, bootstrap_sets: int) -> tuple[float, float, float]:
    """Return how often the deciding bound, the normal one and the bootstrap let the harm pass."""
    limit = LIMITS[cell.metric]
    few = cell.positives * (1 + NEGATIVES) <= BOOTSTRAP_ROWS
    naives = naive(
        cell, limit, sets if few else bootstrap_sets, bootstrap_sets if few else LARGE_SETS
    )
    return float(np.mean(passes(cell, limit, sets))), *naives


def losses_only(positives: int) -> str:
    """Return the exact chance that independent positives pass, where TPR falls and none is won."""
    limit, most = LIMITS["true_positive_rate"], -1
    if certainty_floor(positives, ALPHA) < limit:
        while change_lower(most + 1, 0, positives, ALPHA) > -limit:
            most += 1
    chance = float(binom.cdf(most, positives, limit))
    return f"| {positives} | {f'up to {most}' if most >= 0 else 'none'} | {chance:.4f} |"


def passes(cell: Cell, limit: float, sets: int) -> list[bool]:
    """Tell for each drawn test set whether the deciding bound lies within the limit."""
    drawn, found = heard(cell), []
    at_once = max(1, min(100, 100_000 // cell.positives))
    while len(found) < sets:
        hearings = islice(drawn, min(at_once, sets - len(found)))
        found += within([h.evidence(METRICS[cell.metric], h.everyone()) for h in hearings], limit)
    return found


def naive(cell: Cell, limit: float, sets: int, bootstrap_sets: int) -> tuple[float, float]:
    """Return how often the normal bound and the bootstrap's let the harm pass."""
    metric, passed = METRICS[cell.metric], ([], [])
    for number, hearing in enumerate(islice(heard(cell), sets)):
        everyone = hearing.everyone()
        pair = hearing.measures(metric, everyone, 1)
        if number < bootstrap_sets:
            drawn = changes(*pair, hearing.who, hearing.weights, replicates=REPLICATES)
            passed[1].append(drawn is not None and np.quantile(drawn, ALPHA) > -limit)
        passed[0].append(normal_lower(pair, hearing) > -limit)
    return float(np.mean(passed[0])), float(np.mean(passed[1]))


def normal_lower(pair: tuple[Measure, Measure], hearing: Hearing) -> float:
    """Return the normal bound of a change: DeLong's, or Wald's for paired shares; by people."""
    dense, pruned = (rate(measure, hearing.weights) or 0.0 for measure in pair)
    if isinstance(pair[0], Ranking):
        error = standard_error(*pair, hearing.who, hearing.weights) or 0.0
    else:
        over = pair[0].over
        off = (pair[1].values.astype(float) - pair[0].values)[over] - (pruned - dense)
        error = math.sqrt((np.bincount(hearing.who[over], off) ** 2).sum()) / over.sum()
    return pruned - dense + float(ndtri(ALPHA)) * error


if __name__ == "__main__":
    main()
