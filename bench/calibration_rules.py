"""How often do a drift, a floor, an excess and a fall of precision exactly at the limit pass?

Like bench/calibration.py, which is about changes of AUROC and TPR; every pass is false.

- drift: the first group falls by the limit, the second is unharmed; or (both) the first falls by
  twice the limit, the second by the limit; or (apart) the first falls and the second rises by half.
- excess: the second group is three times the first, which falls by 4/3 of the limit.
- floor: the pruned rate is the floor, after a fall.
- precision: hits are lost, or wrong rows are chosen too (added), or scores are shaken (noise).

`python bench/calibration_rules.py --quick` takes a minute and prints Markdown.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np
from calibration_bets import ALPHA, above, holds, within
from calibration_draws import (
    BEFORE,
    LINE,
    MEAN,
    NEGATIVES,
    Cell,
    Drawn,
    as_groups,
    draw,
    hearing,
    normal,
)
from faircompress.verdict.findings import Terms
from faircompress.verdict.hearing import Hearing
from faircompress.verdict.putting import put_all
from scipy.optimize import brentq
from scipy.special import ndtr

from faircompress import plugins
from faircompress.evaluation.evidence import Bets, Evidence
from faircompress.evaluation.rule_config import Rule
from faircompress.metrics import Metric
from faircompress.statistics import betting

AT_ONCE = 100  # sets whose bets are placed together
PRIOR = 0.25  # share of positive rows, for precision
CHOSEN = PRIOR * 0.9 + (1 - PRIOR) * float(ndtr(-LINE))  # share of rows the dense file chooses
PRECISION = PRIOR * 0.9 / CHOSEN


@dataclass(frozen=True)
class Case:
    """One rule, with the harm that puts a group exactly at its limit."""

    metric: str
    binds: str
    limit: float
    shape: str
    size: int
    people: bool

    @property
    def plugin(self) -> Metric:
        """Return the metric."""
        found: Metric = plugins.find("metrics", self.metric)
        return found

    def rng(self) -> np.random.Generator:
        """Return the case's own luck, always the same."""
        return np.random.default_rng([self.size, *f"{self.binds} {self.shape}".encode()])


SIZES = (15, 28, 60, 150, 500, 1000)
SHAPES = ("few", "noise", "shift")
CASES = (  # metric, binds, limit, shapes, sizes
    ("true_positive_rate", "drift", 0.10, (*SHAPES, "both", "apart"), (28, 60, 150, 500, 1000)),
    ("auroc", "drift", 0.05, (*SHAPES, "both", "apart"), (60, 150, 500)),
    ("accuracy", "excess", 0.05, SHAPES, (60, 150, 500, 1000)),
    ("true_positive_rate", "floor", 0.80, SHAPES, (15, 28, 60, 150, 500, 1000)),
    ("auroc", "floor", 0.90, SHAPES, (15, 28, 60, 150, 500)),
    ("precision", "change", 0.05, ("lost", "added", "noise"), (60, 150, 500)),
)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 sets, sizes up to 150")
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--shapes", nargs="+", help="of harm; without: all")
    asked = parser.parse_args()
    sets, most = (200, 150) if asked.quick else (asked.sets, 10**9)
    print(f"| rule | limit | rows | harm | {' | '.join(map(str, SIZES))} | holds |")
    print(f"|---|--:|---|---|{'--:|' * len(SIZES)}---|")
    for people, (metric, binds, limit, shapes, sizes) in product((False, True), CASES):
        for shape in [shape for shape in shapes if shape in (asked.shapes or shapes)]:
            cases = [
                Case(metric, binds, limit, shape, size, people) for size in sizes if size <= most
            ]
            print(row(cases, sets), flush=True)


def row(cases: list[Case], sets: int) -> str:
    """Return a row of the table: the share of false passes at each size."""
    found = {case.size: float(np.mean(list(islice(passes(case), sets)))) for case in cases}
    told = " | ".join(f"{found[size]:.3f}" if size in found else "" for size in SIZES)
    held = "yes" if all(holds(share, sets) for share in found.values()) else "NO"
    one, rows = cases[0], "people" if cases[0].people else "independent"
    return f"| {one.metric} {one.binds} | {one.limit} | {rows} | {one.shape} | {told} | {held} |"


def passes(case: Case) -> Iterator[bool]:
    """Tell of each drawn test set whether the harmed group passes."""
    if case.binds in ("drift", "excess"):
        return map(_pair_passes(case), _pairs(case))
    if case.binds == "floor":
        return _alone(case, _harmed(case, case.limit), above)
    return _alone(case, _precision(case), within)


def _alone(
    case: Case, drawn: Iterator[Drawn], told: Callable[[list, float], list[bool]]
) -> Iterator[bool]:
    while True:
        heard = [hearing([one], people=case.people) for one in islice(drawn, AT_ONCE)]
        yield from told([h.evidence(case.plugin, h.everyone()) for h in heard], case.limit)


def _harmed(case: Case, floor: float) -> Iterator[Drawn]:
    """Draw a group whose rate falls to a floor."""
    fall = BEFORE[case.metric] - floor
    cell = Cell(case.metric, case.shape, case.size, case.people, fall)
    rng = case.rng()
    while True:
        yield draw(cell, rng)


def _pairs(case: Case) -> Iterator[list[Drawn]]:
    """Draw the harmed group and the other one, by the shape of the harm."""
    limit, rng = case.limit, case.rng()
    shapes, falls = {
        "both": (("few", "few"), (2 * limit, limit)),
        "apart": (("few", "few"), (limit / 2, limit / 2)),
    }.get(case.shape, ((case.shape, "none"), (limit, 0.0)))
    sizes, metric, negatives = (case.size, case.size), case.metric, NEGATIVES
    if case.binds == "excess":
        sizes, falls = (case.size, 3 * case.size), (limit * 4 / 3, 0.0)
        # accuracy asks whether a row is right, so that rows of one class will do
        metric, negatives = "true_positive_rate", 0
    cells = [
        Cell(metric, shape, size, case.people, fall, negatives)
        for shape, size, fall in zip(shapes, sizes, falls, strict=True)
    ]
    while True:
        one, other = (draw(cell, rng) for cell in cells)
        if case.shape == "apart":
            other = replace(other, dense=other.pruned, pruned=other.dense)
        yield [one, other]


def _pair_passes(case: Case) -> Callable[[list[Drawn]], bool]:
    """Put the rule to the first group, where it has a chance to pass.

    The distances of both groups' bounds are joined, so the first's own must lie within the limit
    of where the second stands.
    """
    terms = Terms(Rule(metric=case.metric, binds=case.binds, limit=case.limit), ALPHA, power=0.8)
    reach = case.limit * (4 / 3 if case.binds == "excess" else 1)

    def told(drawn: list[Drawn]) -> bool:
        before_the_judge, groups = hearing(drawn, people=case.people), as_groups(drawn)
        a, b = (before_the_judge.evidence(case.plugin, group) for group in groups)
        if not (isinstance(a, Evidence) and isinstance(b, Evidence)) or not _near(a, b, reach):
            return False
        return _found(terms, before_the_judge, groups)

    return told


def _near(a: Evidence, b: Evidence, reach: float) -> bool:
    null = b.change - reach
    if not isinstance(a.bounds, Bets):
        return a.lower(ALPHA) > null
    values, weights = a.bounds.changes, a.bounds.units.weights
    return bool(betting.excluded(values, weights, np.array([null]), ALPHA, low=-1)[0])


def _found(terms: Terms, before_the_judge: Hearing, groups: list) -> bool:
    return put_all([terms], {"dense": before_the_judge}, groups)[0][0].passes


def _precision(case: Case) -> Iterator[Drawn]:
    """Draw a group whose precision falls by the limit; ``size`` rows are chosen on average.

    Classes are drawn too, by person, since precision's rows are of both.
    """
    after, rng = PRECISION - case.limit, case.rng()
    rows, hits = round(case.size / CHOSEN), PRIOR * 0.9
    lost = 1 - (CHOSEN - hits) * after / (1 - after) / hits
    added = (hits * (1 - after) / after - (CHOSEN - hits)) / (1 - PRIOR - CHOSEN + hits)
    shaken = brentq(lambda s: _precision_if_shaken(s) - after, 0, 5)
    while True:
        who = np.arange(rows)
        if case.people:
            who = np.repeat(who, rng.integers(1, 4, size=rows))[:rows]
        positive = (rng.random(rows) < PRIOR)[who]
        dense = MEAN * positive + normal(who, case.people, rng)
        luck = normal(who, case.people, rng)
        pruned = {
            "lost": np.where(positive & (ndtr(luck) < lost), -99.0, dense),
            "added": np.where(~positive & (ndtr(luck) < added), 99.0, dense),
            "noise": dense + shaken * luck,
        }[case.shape]
        yield Drawn(who, positive, dense, pruned)


def _precision_if_shaken(spread: float) -> float:
    wide = math.sqrt(1 + spread**2)
    hits = PRIOR * float(ndtr((MEAN - LINE) / wide))
    return hits / (hits + (1 - PRIOR) * float(ndtr(-LINE / wide)))


if __name__ == "__main__":
    main()
