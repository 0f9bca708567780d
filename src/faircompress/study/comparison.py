"""Methods set against each other: harm by group with intervals, endpoints with a test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from faircompress.data.predictions import Predictions
from faircompress.study.cells import AUROC, RIGHT, Part, parts, rates
from faircompress.study.plan import Cell, Plan
from faircompress.study.resampling import Draws, Estimate, draw, estimate, holm, redrawn
from faircompress.support.errors import InputError

Said = Callable[[Cell, str], Predictions]  # (run, split) -> what its model said
RAREST, WORST = "rarest subgroup", "worst group"


@dataclass(frozen=True)
class Line:
    """One rate of one method, its change averaged over seeds.

    Args:
        data: Data set of the plan.
        model: Model of the plan.
        method: Method of the plan.
        speedup: Dense over pruned multiply-adds.
        part: Group or cell.
        metric: ``right`` or ``auroc``.
        dense: Dense models' mean rate.
        change: Pruned minus dense.
    """

    data: str
    model: str
    method: str
    speedup: float
    part: str
    metric: str
    dense: float
    change: Estimate


@dataclass(frozen=True)
class Test:
    """One method against the baseline at one endpoint.

    Args:
        data: Data set of the plan.
        model: Model of the plan.
        method: Method of the plan.
        against: The baseline it is compared with.
        endpoint: ``rarest subgroup`` or ``worst group``.
        part: Which cell or group that is, for this method.
        change: The method's own.
        baseline: The baseline's.
        gain: Change less the baseline's change, paired by seed and person: above 0, less harm.
        p: Of ``gain``, corrected over all tests of one data set and model.
    """

    data: str
    model: str
    method: str
    against: str
    endpoint: str
    part: str
    change: Estimate
    baseline: Estimate
    gain: Estimate
    p: float | None


@dataclass(eq=False)
class Comparison:
    """Everything that is compared on one data set with one model.

    Args:
        plan: The study.
        data: Data set.
        model: Model.
        cells: Runs that came to an end.
        said: Gives what a run's model said.
        rarest: Name of the rarest subgroup.
    """

    plan: Plan
    data: str
    model: str
    cells: list[Cell]
    said: Said
    rarest: str
    _known: dict[tuple[Cell, str, str], tuple[float, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seeds = sorted({cell.seed for cell in self.cells})
        tested = {seed: self._tested(seed) for seed in self.seeds}
        first = tested[self.seeds[0]]
        self.own_people = not all(_same_rows(first, of_seed) for of_seed in tested.values())
        self._parts = {s: {part.name: part for part in parts(tested[s])} for s in self.seeds}
        self.parts = {
            name: part
            for name, part in self._parts[self.seeds[0]].items()
            if all(name in of_seed for of_seed in self._parts.values())
        }
        self.draws = draw(first, len(self.seeds))
        self._draws = {
            seed: draw(tested[seed], len(self.seeds), place=place)
            if self.own_people
            else self.draws
            for place, seed in enumerate(self.seeds)
        }

    def _tested(self, seed: int) -> Predictions:
        """Return what the first run of a seed said on its test rows.

        Raises:
            InputError: If another run of the seed was tested on other rows.
        """
        mine = [cell for cell in self.cells if cell.seed == seed]
        first = self.said(mine[0], "test")
        for cell in mine:
            if not _same_rows(first, self.said(cell, "test")):
                raise InputError(
                    f"{cell.key} was tested on other rows than {mine[0].key}; a seed may have test "
                    "rows of its own, a method never"
                )
        return first

    def part(self, seed: int, name: str) -> Part:
        """Return a group or cell of a seed's test rows."""
        return self._parts[seed][name]

    def parts_of(self, seed: int) -> dict[str, Part]:
        """Return the groups and cells of a seed's test rows, by name."""
        return self._parts[seed]

    def draws_of(self, seed: int) -> Draws:
        """Return how often each of a seed's test rows counts in each draw."""
        return self._draws[seed]

    def of(self, method: str, speedup: float) -> list[Cell]:
        """Return a method's runs, by seed; none if a seed is missing, for seeds are paired."""
        found = [c for c in self.cells if (c.method, c.speedup) == (method, speedup)]
        complete = {c.seed for c in found} == set(self.seeds)
        return sorted(found, key=lambda cell: cell.seed) if complete else []

    def lines(self) -> Iterator[Line]:
        """Give every rate's change, by method and speed-up."""
        for method in self.plan.methods:
            for speedup in self.plan.speedups:
                runs = self.of(method, speedup)
                for part in self.parts.values() if runs else ():
                    for metric in (RIGHT, AUROC):
                        if self._defined(part, metric, runs):
                            yield self._line(runs, part, metric)

    def tests(self) -> list[Test]:
        """Return each method against each baseline at both endpoints, corrected together."""
        raw = [one for baseline in self.plan.endpoint.baselines for one in self._tests(baseline)]
        p_values = [one[-1].p for one in raw]
        known = [p for p in p_values if p is not None]
        corrected: list[float | None] = list(holm(known)) if known else [None] * len(raw)
        return [Test(self.data, self.model, *one, p) for one, p in zip(raw, corrected, strict=True)]

    def _tests(
        self, baseline: str
    ) -> Iterator[tuple[str, str, str, str, Estimate, Estimate, Estimate]]:
        at = self.plan.endpoint.speedup
        base = self.of(baseline, at)
        if not base:
            return
        places = {RAREST: (self.rarest, RIGHT), WORST: self.worst(base)}
        for method in self.plan.methods:
            runs = [] if method == baseline else self.of(method, at)
            for endpoint, place in places.items() if runs else ():
                mine = place if endpoint == RAREST else self.worst(runs)
                found = self._against(runs, mine, base, place)
                yield method, baseline, endpoint, mine[0], *found

    def worst(self, runs: list[Cell]) -> tuple[str, str]:
        """Return the group that a method harmed most on validation rows, and by which metric.

        AUROC where groups have it, else the share decided rightly of the cells.
        """
        tables = [rates(self.said(c.dense, "validation"), self.said(c, "validation")) for c in runs]
        table = pd.concat(tables)
        groups = table[~table["is_cell"] & (table["part"] != "all")]
        metric = AUROC if (groups["metric"] == AUROC).any() else RIGHT
        pool = groups[groups["metric"] == metric] if metric == AUROC else table[table["is_cell"]]
        pool = pool[pool["part"].isin(self.parts)]
        return str(pool.groupby("part")["change"].mean().idxmin()), metric

    def change(self, cell: Cell, part: str, metric: str) -> tuple[float, np.ndarray]:
        """Return one run's change of a rate, and the same in each draw of people."""
        key = (cell, part, metric)
        if key not in self._known:
            before, after = self._rate(cell.dense, part, metric), self._rate(cell, part, metric)
            self._known[key] = (after[0] - before[0], after[1] - before[1])
        return self._known[key]

    def _rate(self, cell: Cell, part: str, metric: str) -> tuple[float, np.ndarray]:
        key = (cell, part, f"rate {metric}")
        where, draws = self._parts[cell.seed][part], self._draws[cell.seed]
        if cell.method:
            return redrawn(self.said(cell, "test"), where, metric, draws)
        if key not in self._known:
            self._known[key] = redrawn(self.said(cell, "test"), where, metric, draws)
        return self._known[key]

    def _line(self, runs: list[Cell], part: Part, metric: str) -> Line:
        dense = [self._rate(run.dense, part.name, metric)[0] for run in runs]
        changes = [self.change(run, part.name, metric) for run in runs]
        one = runs[0]
        return Line(
            self.data, self.model, one.method, one.speedup, part.name, metric,
            float(np.mean(dense)), estimate(changes, self.draws),
        )  # fmt: skip

    def _against(
        self, runs: list[Cell], mine: tuple[str, str], base: list[Cell], theirs: tuple[str, str]
    ) -> tuple[Estimate, Estimate, Estimate]:
        ours = [self.change(run, *mine) for run in runs]
        before = [self.change(run, *theirs) for run in base]
        gains = [(a[0] - b[0], a[1] - b[1]) for a, b in zip(ours, before, strict=True)]
        found = [estimate(values, self.draws) for values in (ours, before, gains)]
        return found[0], found[1], found[2]

    def _defined(self, part: Part, metric: str, runs: list[Cell]) -> bool:
        if metric == RIGHT:
            return len(part.rows) > 0 and not part.name.startswith("label=")
        labels = self.said(runs[0], "test").labels[part.rows]
        return part.question is not None and 0 < (labels == part.question).sum() < len(labels)


def _same_rows(one: Predictions, other: Predictions) -> bool:
    """Tell whether two speak of the same people in the same order, as far as can be known."""
    pairs = [(one.ids, other.ids), (one.labels, other.labels)]
    pairs += [(values, other.groups[name]) for name, values in one.groups.items()]
    return all(np.array_equal(a, b) for a, b in pairs)


def balanced(dense: Predictions, pruned: Predictions) -> float:
    """Return the pruned model's mean rate over all cells of class and group, by which tries win."""
    table = rates(dense, pruned)
    return float(table[table["is_cell"]]["pruned"].mean())
