"""The study's own question, answered for each method: harm to the subgroup that the plan names.

Beside every method stand two rows that need no training: the dense model, and the dense model with
its threshold moved until it says yes as often as the method does at one half. What a method does
beyond the second is not a moved threshold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from faircompress.study import layers
from faircompress.study.cells import ALL, AUROC, Part
from faircompress.study.comparison import Comparison
from faircompress.study.layers import Told
from faircompress.study.plan import Cell, Threshold
from faircompress.study.resampling import SHARE, Draws, Estimate, estimate, holm, redrawn
from faircompress.support.errors import InputError

Measured = tuple[float, np.ndarray]  # a run's value, and its value in each draw of people


@dataclass(frozen=True)
class Harm:
    """One method at the endpoint's speed-up; all but the first two are changes from dense.

    Args:
        method: Of the plan.
        dense: Share of the subgroup that the dense model decides rightly, at one half.
        moved: The same where its threshold says yes as often as the method does at one half.
        half: At one half.
        selection_rate: At the dense model's selection rate.
        false_positive_rate: At the dense model's false positive rate in the subgroup's group; None
            where that is undefined.
        beyond_moved: At one half, method minus the dense model with its threshold moved.
        flips: Share of the subgroup that the dense model decides rightly and the method does not,
            both at the dense model's selection rate.
        cross_group_auroc: Of the subgroup's group; None for several classes.
        accuracy: Of all rows, at the dense model's selection rate.
        thresholds: At the dense model's selection rate, of each seed; empty for several classes.
    """

    method: str
    dense: Estimate
    moved: Estimate
    half: Estimate
    selection_rate: Estimate
    false_positive_rate: Estimate | None
    beyond_moved: Estimate
    flips: Estimate
    cross_group_auroc: Estimate | None
    accuracy: Estimate
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class Gain:
    """One method against a baseline, as the plan wants it judged.

    Args:
        method: Of the plan.
        against: The baseline.
        gain: In the subgroup, at the plan's threshold; above 0: less harm.
        flips: Method's share of flips minus the baseline's.
        accuracy: Method's accuracy minus the baseline's, at the dense model's selection rate.
        p: Of the gain, corrected (Holm) over all methods and baselines; None with one seed.
        helps: What the plan's margins say; None with one seed.
    """

    method: str
    against: str
    gain: Estimate
    flips: Estimate
    accuracy: Estimate
    p: float | None = None
    helps: bool | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """What is measured of one run.

    Args:
        comparison: The study.
        cell: The run.
    """

    comparison: Comparison
    cell: Cell

    @cached_property
    def told(self) -> Told:
        """Return what the run's model said."""
        return self._told(self.cell)

    @cached_property
    def dense(self) -> Told:
        """Return what the dense model said."""
        return self._told(self.cell.dense)

    def _told(self, cell: Cell) -> Told:
        return Told(*(self.comparison.said(cell, split) for split in ("validation", "test")))

    @property
    def draws(self) -> Draws:
        """Return the draws of the seed's people."""
        return self.comparison.draws_of(self.cell.seed)

    @cached_property
    def subgroup(self) -> Part:
        """Return the rows that the study is about."""
        name = self.comparison.plan.endpoint.subgroup
        if name not in self.comparison.parts:
            known = [part.name for part in self.comparison.parts.values() if part.is_cell]
            raise InputError(f"endpoint.subgroup: no cell {name!r}; there are: {'; '.join(known)}")
        return self.comparison.part(self.cell.seed, str(name))

    @cached_property
    def everyone(self) -> Part:
        """Return all rows."""
        return self.comparison.part(self.cell.seed, ALL)

    @cached_property
    def group(self) -> Part | None:
        """Return the subgroup's group, if it is a class of one."""
        return layers.group_of(self.subgroup, self.comparison.parts_of(self.cell.seed))

    def mean(self, values: np.ndarray, part: Part) -> Measured:
        """Return the weighted mean of values of a part's rows, also in each draw."""
        weights = self.told.test.weights[part.rows]
        times = self.draws.rows[:, part.rows] * weights
        with np.errstate(invalid="ignore"):
            drawn = (times @ values) / times.sum(1)
        return float(np.average(values, weights=weights)), drawn

    def at_half(self) -> tuple[Measured, Measured, Measured]:
        """Return the subgroup's rate: dense, dense with its threshold moved, and the method."""
        rows = self.subgroup.rows
        values = (
            layers.right_at_half(self.dense),
            layers.right_at_rate(self.told, self.dense),
            layers.right_at_half(self.told),
        )
        dense, moved, method = (self.mean(v[rows], self.subgroup) for v in values)
        return dense, moved, method

    def matched(self) -> tuple[Measured, Measured, Measured]:
        """Return change of the subgroup and of all rows at the dense selection rate, and flips."""
        before, after = layers.right_at_half(self.dense), self._right_at_rate
        rows = self.subgroup.rows
        lost = (before > after).astype(float)
        return (
            self.mean((after - before)[rows], self.subgroup),
            self.mean((after - before)[self.everyone.rows], self.everyone),
            self.mean(lost[rows], self.subgroup),
        )

    @cached_property
    def _right_at_rate(self) -> np.ndarray:
        return layers.right_at_rate(self.dense, self.told)

    def at_own_rate(self) -> Measured | None:
        """Return the change of the subgroup at its group's dense false positive rate."""
        if self.group is None:
            return None
        both = [
            layers.found_at_own_rate(self.dense, model, self.subgroup, self.group.rows)
            for model in (self.dense, self.told)
        ]
        if both[0] is None or both[1] is None:
            return None
        return self.mean(both[1] - both[0], self.subgroup)

    def cross_group(self) -> Measured | None:
        """Return the change of the group's cross-group AUROC."""
        if self.group is None or not self.told.binary:
            return None
        part = layers.against_everybody(self.told.test, self.group)
        before, after = (
            redrawn(model.test, part, AUROC, self.draws) for model in (self.dense, self.told)
        )
        return after[0] - before[0], after[1] - before[1]

    def threshold(self) -> float | None:
        """Return where the method decides at the dense model's selection rate."""
        return layers.as_often(self.dense, self.told).threshold if self.told.binary else None


def harms(comparison: Comparison) -> list[Harm]:
    """Return every method's harm to the subgroup at the endpoint's speed-up."""
    at = comparison.plan.endpoint.speedup
    found = {method: comparison.of(method, at) for method in comparison.plan.methods}
    return [_harm(comparison, method, cells) for method, cells in found.items() if cells]


def _harm(comparison: Comparison, method: str, cells: Sequence[Cell]) -> Harm:
    runs = [Run(comparison, cell) for cell in cells]
    halves, matched = [run.at_half() for run in runs], [run.matched() for run in runs]
    draws = comparison.draws
    own, cross = ([getattr(run, name)() for run in runs] for name in ("at_own_rate", "cross_group"))
    thresholds = [run.threshold() for run in runs]
    return Harm(
        method=method,
        dense=estimate([dense for dense, _, _ in halves], draws, SHARE),
        moved=estimate([moved for _, moved, _ in halves], draws, SHARE),
        half=estimate([_less(mine, dense) for dense, _, mine in halves], draws),
        selection_rate=estimate([change for change, _, _ in matched], draws),
        false_positive_rate=_estimate(own, draws),
        beyond_moved=estimate([_less(mine, moved) for _, moved, mine in halves], draws),
        flips=estimate([flips for _, _, flips in matched], draws, SHARE),
        cross_group_auroc=_estimate(cross, draws),
        accuracy=estimate([accuracy for _, accuracy, _ in matched], draws),
        thresholds=tuple(t for t in thresholds if t is not None),
    )


def gains(comparison: Comparison) -> list[Gain]:
    """Return each method against each baseline, corrected together, and what the plan concludes."""
    raw = list(_gains(comparison))
    known = [gain.gain.p for gain in raw if gain.gain.p is not None]
    if len(known) < len(raw):
        return raw
    margins, found = comparison.plan.endpoint.margins, []
    for gain, p in zip(raw, holm(known) if known else [], strict=True):
        low, cost = gain.gain.low or 0.0, gain.accuracy.low or 0.0
        helps = low > margins.gain and p < 0.05 and cost > -margins.accuracy
        found.append(replace(gain, p=p, helps=helps))
    return found


def _gains(comparison: Comparison) -> Iterator[Gain]:
    end, draws = comparison.plan.endpoint, comparison.draws
    for baseline in end.baselines:
        theirs = [
            _judged(comparison, cell, end.at) for cell in comparison.of(baseline, end.speedup)
        ]
        for method in comparison.plan.methods:
            cells = [] if method == baseline else comparison.of(method, end.speedup)
            mine = [_judged(comparison, cell, end.at) for cell in cells]
            if mine and theirs:
                less = [
                    [_less(a, b) for a, b in zip(*pair, strict=True)]
                    for pair in zip(mine, theirs, strict=True)
                ]
                gain, flips, accuracy = (
                    estimate(list(one), draws) for one in zip(*less, strict=True)
                )
                yield Gain(method, baseline, gain, flips, accuracy)


def _judged(comparison: Comparison, cell: Cell, at: Threshold) -> tuple[Measured, ...]:
    """Return the subgroup's change at the plan's threshold, its flips and the accuracy's change."""
    run = Run(comparison, cell)
    change, accuracy, flips = run.matched()
    if at == "half":
        dense, _, mine = run.at_half()
        change = _less(mine, dense)
    elif at == "false_positive_rate":
        own = run.at_own_rate()
        if own is None:
            raise InputError(
                "endpoint.at is false_positive_rate, and that rate is undefined for "
                f"{run.subgroup.name!r}: it needs two classes, and a group with both"
            )
        change = own
    return change, flips, accuracy


def _less(one: Measured, other: Measured) -> Measured:
    return one[0] - other[0], one[1] - other[1]


def _estimate(values: Sequence[Measured | None], draws: Draws) -> Estimate | None:
    known = [value for value in values if value is not None]
    return estimate(known, draws) if len(known) == len(values) else None
