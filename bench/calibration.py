"""How often does a bound let harm at the limit pass, and how often does an unharmed file pass?

One group's true change lies exactly at the limit; every pass is false. All other groups are
unharmed and would pass, so the whole verdict passes no more often than this group does: the least
favourable case. Scores are normal, AUROC 0.95 and TPR 0.9 before pruning. Harm comes in shapes:

- few: few positives lose everything;
- noise: scores of all rows are shaken;
- shift: scores of all positives fall a little.

Rows are independent, or belong to people with 1 to 3 pictures that fare much alike. The deciding
bounds stand beside the normal approximation (Wald; DeLong for AUROC) and the percentile bootstrap,
which know the people too. A cell holds if its false passes are at most alpha plus two Monte-Carlo
errors. Power is the chance that 8 groups all pass when nothing truly changed.

`python bench/calibration.py --quick` takes half a minute and prints Markdown.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, islice

import numpy as np
from scipy.special import ndtr, ndtri

from faircompress.metrics import Measure, Metric, Ranking
from faircompress.metrics.auroc import auroc
from faircompress.metrics.true_positive_rate import true_positive_rate
from faircompress.verdict import betting
from faircompress.verdict.bootstrap import changes
from faircompress.verdict.delong import standard_error
from faircompress.verdict.evidence import Bets, Evidence
from faircompress.verdict.hearing import Hearing, Undefined
from faircompress.verdict.rates import Decided, rate
from faircompress.verdict.tango import certainty_floor
from faircompress.verdict.units import Units

ALPHA = 0.05
LIMITS = {"auroc": 0.025, "true_positive_rate": 0.05}
METRICS: dict[str, Metric] = {"auroc": auroc, "true_positive_rate": true_positive_rate}
SHAPES = ("few", "noise", "shift")  # of harm; "none" for power
POSITIVES = (15, 28, 60, 150, 500, 1000, 5000)
NEGATIVES = 3  # for each positive
MEAN = math.sqrt(2) * float(ndtri(0.95))  # of positives' scores; negatives' is 0
LINE = MEAN - float(ndtri(0.9))  # scores above are decided to be positive
ALIKE = 0.7  # correlation of a person's pictures
GROUPS = 8
CHURN = 0.15  # spread of what pruning adds where nothing truly changes
BOOTSTRAP_ROWS = 2000  # beyond, few sets
LARGE_SETS = 50
REPLICATES = 500


@dataclass(frozen=True)
class Cell:
    """One case of the table."""

    metric: str
    shape: str
    positives: int
    people: bool


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 sets, up to 150 positives")
    parser.add_argument("--sets", type=int, default=2000, help="for the deciding bounds")
    parser.add_argument("--bootstrap-sets", type=int, default=300)
    parser.add_argument("--positives", type=int, nargs="+", default=list(POSITIVES))
    parser.add_argument("--metrics", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    parser.add_argument("--power-sets", type=int, default=300)
    asked = parser.parse_args()
    if asked.quick:
        asked.sets, asked.bootstrap_sets, asked.positives = 400, 60, [15, 28, 60, 150]
        asked.power_sets = 100
    print("| metric | rows | harm | positives | deciding | normal | bootstrap | holds |")
    print("|---|---|---|--:|--:|--:|--:|---|")
    for people in (False, True):
        for name in asked.metrics:
            for shape in SHAPES:
                for positives in asked.positives:
                    cell = Cell(name, shape, positives, people)
                    print(false_passes(cell, asked.sets, asked.bootstrap_sets), flush=True)
    print(f"\n| metric | limit | positives in each of {GROUPS} groups | power |\n|---|--:|--:|--:|")
    for name in asked.metrics:
        for positives in asked.positives:
            print(power(Cell(name, "none", positives, False), asked.power_sets), flush=True)


def false_passes(cell: Cell, sets: int, bootstrap_sets: int) -> str:
    """Return a row of the table."""
    limit = LIMITS[cell.metric]
    share = np.mean(passes(cell, limit, sets))
    holds = share <= ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / sets)
    few = cell.positives * (1 + NEGATIVES) <= BOOTSTRAP_ROWS
    normal, bootstrap = naive(
        cell, limit, sets if few else bootstrap_sets, bootstrap_sets if few else LARGE_SETS
    )
    rows = "people" if cell.people else "independent"
    return (
        f"| {cell.metric} | {rows} | {cell.shape} | {cell.positives} | {share:.3f} | {normal:.3f} "
        f"| {bootstrap:.3f} | {'yes' if holds else 'NO'} |"
    )


def power(cell: Cell, sets: int) -> str:
    """Return a row of the table of power; groups are independent of each other."""
    limit = LIMITS[cell.metric]
    whole = np.mean(passes(cell, limit, sets)) ** GROUPS
    return f"| {cell.metric} | {limit} | {cell.positives} | {whole:.2f} |"


def passes(cell: Cell, limit: float, sets: int) -> list[bool]:
    """Tell for each drawn test set whether the deciding bound lies within the limit."""
    drawn, found = heard(cell), []
    at_once = max(1, min(100, 100_000 // cell.positives))
    while len(found) < sets:
        hearings = islice(drawn, min(at_once, sets - len(found)))
        evidence = [h.evidence(METRICS[cell.metric], h.everyone()) for h in hearings]
        found += within(evidence, limit)
    return found


def within(evidence: list[Evidence | Undefined], limit: float) -> list[bool]:
    """Tell where the bound of the change is above minus the limit; undefined never passes.

    Bets against one null are placed in all sets at once. To win the bet at the limit is what the
    bound needs to lie above it.
    """
    enough = [isinstance(e, Evidence) and certainty_floor(e.units, ALPHA) < limit for e in evidence]
    told = list(compress(evidence, enough))
    bets = [e.bounds.units for e in told if isinstance(e.bounds, Bets)]
    won = iter(bets_won(bets, limit) if bets else [e.lower(ALPHA) > -limit for e in told])
    return [ok and next(won) for ok in enough]


def bets_won(units: list[Units], limit: float) -> list[bool]:
    """Bet in many sets of units at once; a unit without weight is not there."""
    width, orders = max(u.weights.shape[1] for u in units), min(len(u.weights) for u in units)

    def wide(numbers: list[np.ndarray]) -> np.ndarray:
        pads = [np.pad(x[:orders], ((0, 0), (0, width - x.shape[1]))) for x in numbers]
        return np.concatenate(pads)

    changes, weights = wide([u.pruned - u.dense for u in units]), wide([u.weights for u in units])
    log = betting.log_wealth(changes, weights, np.array([-limit]), ALPHA, low=-1)
    wealth = np.exp(np.minimum(log[0], 700)).reshape(len(units), orders).mean(axis=1)
    return [bool(w >= 1 / ALPHA) for w in wealth]


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


def heard(cell: Cell) -> Iterator[Hearing]:
    """Draw one group's test sets without end, always the same ones."""
    rng = np.random.default_rng([cell.positives, *cell.shape.encode()])
    while True:
        who, positive = crowd(cell, rng)
        dense, pruned = scores(cell, who, positive, rng)
        yield Hearing(
            dense=decided(dense, positive),
            pruned=decided(pruned, positive),
            who=who,
            has_identities=cell.people,
            weights=np.ones(len(who)),
            classes=("no", "yes"),
            same_file=False,
        )


def crowd(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return whose picture each row is, and which are positive; all of a person's are alike."""
    rows = cell.positives * (1 + NEGATIVES)
    positive = np.arange(rows) < cell.positives
    if not cell.people:
        return np.arange(rows), positive
    who, first = [], 0
    for side in (cell.positives, rows - cell.positives):
        sizes = rng.integers(1, 4, size=side)
        names = np.repeat(np.arange(side), sizes)[:side]
        who.append(first + names)
        first += int(names[-1]) + 1
    return np.concatenate(who), positive


def scores(
    cell: Cell, who: np.ndarray, positive: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return both files' scores; the true change is minus the limit, or 0 for shape none."""
    dense = MEAN * positive + normal(who, cell.people, rng)
    shaken = normal(who, cell.people, rng)
    before, limit = {"auroc": 0.95, "true_positive_rate": 0.9}[cell.metric], LIMITS[cell.metric]
    # distance of positives from what they must beat, and its spread without pruning
    far, spread = (MEAN, math.sqrt(2)) if cell.metric == "auroc" else (MEAN - LINE, 1.0)
    after = float(ndtri(before - limit))
    if cell.shape == "few":
        lost = ndtr(shaken) < limit / before
        return dense, np.where(positive & lost, -99.0, dense)
    if cell.shape == "shift":
        return dense, dense - positive * (far - spread * after)
    if cell.shape == "noise":
        return dense, dense + shaken * math.sqrt((far / after / spread) ** 2 - 1)
    other = normal(who, cell.people, rng)
    return dense + CHURN * shaken, dense + CHURN * other


def normal(who: np.ndarray, people: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw standard normal numbers, correlated within a person."""
    own = rng.normal(size=len(who))
    if not people:
        return own
    shared = rng.normal(size=int(who.max()) + 1)[who]
    return math.sqrt(ALIKE) * shared + math.sqrt(1 - ALIKE) * own


def decided(scores: np.ndarray, positive: np.ndarray) -> Decided:
    """Turn scores into what a file says and decides."""
    p = ndtr(scores - LINE)
    return Decided(positive.astype(int), np.stack([1 - p, p], axis=1), (scores > LINE).astype(int))


if __name__ == "__main__":
    main()
