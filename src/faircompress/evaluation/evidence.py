"""What the test set says about one metric in one group, and how sure one can be of it.

Changes are oriented here: below 0 is worse, whatever the metric's better direction. Rates are not.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from faircompress.evaluation.choosing import Sample, choose
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import (
    Estimate,
    Undefined,
    estimate,
    estimate_of_class,
    left_out,
    of_measures,
    truth_of,
)
from faircompress.evaluation.groups import Group
from faircompress.statistics.class_products import ClassRounds, ranking_rounds, share_rounds
from faircompress.statistics.independent_units import DEALS
from faircompress.statistics.metrics import Answers, Mean, Measure, Metric, Ranking, metric
from faircompress.statistics.procedures import AtLimit, NullSample, Procedure
from faircompress.statistics.procedures.betting_mean import BettingMean
from faircompress.statistics.procedures.class_mean import ClassMean
from faircompress.statistics.procedures.class_rounds import ClassRoundsMean
from faircompress.statistics.procedures.unbounded import Unbounded
from faircompress.statistics.sample_size import Observed


@metric(better="lower", title="newly wrong share")
def negative_flips(answers: Answers) -> Mean:
    """Hold the place of a metric: flips are of two models."""
    raise TypeError("negative flips are of two models, not of one")


@dataclass(frozen=True, eq=False)
class Evidence:
    """One metric in one group: both rates, their oriented change, and bounds.

    Args:
        baseline: The baseline's rate.
        candidate: The candidate's.
        change: Oriented: candidate minus baseline, or the reverse where lower is better.
        rows: Rows that the metric conditions on.
        clusters: Clusters among them; None where each row is its own.
        effective_n: Independent units of equal weight that carry as much.
        kind: Class of these rows; empty: all classes.
        procedure: Its bounds and tests.
        same_file: Both rates come from one file; its change is exactly 0.
        left_out: Classes left out of a mean over classes.
    """

    baseline: float
    candidate: float
    change: float
    rows: int
    clusters: int | None
    effective_n: float
    kind: str
    procedure: Procedure
    same_file: bool
    left_out: tuple[str, ...] = ()
    _known: dict[tuple[str, float], float] = field(default_factory=dict)

    def lower(self, alpha: float) -> float:
        """Bound the change from below."""
        return 0.0 if self.same_file else min(self._once("change_lower", alpha), self.change)

    def upper(self, alpha: float) -> float:
        """Bound the change from above."""
        return 0.0 if self.same_file else max(self._once("change_upper", alpha), self.change)

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Test that the change is at most a value."""
        if self.same_file:
            return AtLimit("identity", 0.0, change < 0, lambda: math.inf if change < 0 else 0.0)
        return self.procedure.change_at_most(change, alpha)

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Test that the change is at least a value."""
        if self.same_file:
            return AtLimit("identity", 0.0, change > 0, lambda: math.inf if change > 0 else 0.0)
        return self.procedure.change_at_least(change, alpha)

    def rate_lower(self, alpha: float) -> float:
        """Bound the candidate's rate from below."""
        return min(self._once("rate_lower", alpha), self.candidate)

    def rate_upper(self, alpha: float) -> float:
        """Bound the candidate's rate from above."""
        return max(self._once("rate_upper", alpha), self.candidate)

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's rate from below."""
        return self._once("baseline_lower", alpha)

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Return a sample as it may come out without a true change."""
        lower = self.observed.null_lower(alpha, quantile, factor)
        return NullSample(self.procedure.null_sample(alpha, quantile, factor).change, lower)

    @property
    def method(self) -> str:
        """Name the method of the change's bounds."""
        return self.procedure.method

    @property
    def parts(self) -> tuple["Evidence", ...]:
        """Return the evidence of each class in a mean over classes, else itself."""
        if isinstance(self.procedure, ClassMean):
            return tuple(part for part in self.procedure.parts if isinstance(part, Evidence))
        return (self,)

    @property
    def observed(self) -> Observed:
        """Return what planning needs."""
        return Observed(
            procedure=self.procedure,
            n=self.rows if self.clusters is None else self.clusters,
            effective_n=self.effective_n,
            change=self.change,
            rate=self.candidate,
            lower=self.lower,
            unchanged=self.same_file,
        )

    def _once(self, which: str, alpha: float) -> float:
        key = (which, alpha)
        if key not in self._known:
            self._known[key] = float(getattr(self.procedure, which)(alpha))
        return self._known[key]


def evidence(comparison: PairedComparison, metric: Metric, group: Group) -> Evidence | Undefined:
    """Return what the test set says about a metric in a group."""
    key = (metric.name, group.key)
    if key not in comparison.known:
        comparison.known[key] = _evidence(comparison, metric, group)
    found: Evidence | Undefined = comparison.known[key]
    return found


def evidence_of_class(
    comparison: PairedComparison, metric: Metric, group: Group, question: int | None
) -> Evidence | Undefined:
    """Return what the test set says about one class against the rest."""
    measures = comparison.measures(metric, group, question)
    return _bounded(comparison, metric, group, question, measures)


def flips(comparison: PairedComparison, group: Group, label: int) -> Evidence | Undefined:
    """Return the share of a class's rows that the baseline has right and the candidate wrong.

    The baseline's rate is 0, so the change is minus the share.
    """
    key = (negative_flips.name, f"{group.key} of class {label}")
    if key not in comparison.known:
        labels = comparison.baseline.labels
        rows = group.rows[labels[group.rows] == label]
        right = [m.decisions[rows] == label for m in (comparison.baseline, comparison.candidate)]
        every, flipped = np.ones(len(rows), bool), right[0] & ~right[1]
        measures = (Mean(np.zeros(len(rows), bool), every), Mean(flipped, every))
        own = Group(key[1], group.column, rows, where=group.where)
        comparison.known[key] = _bounded(comparison, negative_flips, own, label, measures)
    found: Evidence | Undefined = comparison.known[key]
    return found


def _evidence(comparison: PairedComparison, metric: Metric, group: Group) -> Evidence | Undefined:
    asked = comparison.questions(metric, group)
    if len(asked) > 1:
        whole = _of_rounds(comparison, metric, group)
        if whole is not None:
            return whole
    parts = [evidence_of_class(comparison, metric, group, k) for k in asked]
    known = tuple(part for part in parts if isinstance(part, Evidence))
    if len(parts) == 1 or not known:
        return parts[0]
    scarcest = min(known, key=lambda part: round(part.effective_n, 3))
    unbounded = [part.procedure for part in known if isinstance(part.procedure, Unbounded)]
    return replace(
        scarcest,
        baseline=float(np.mean([part.baseline for part in known])),
        candidate=float(np.mean([part.candidate for part in known])),
        change=float(np.mean([part.change for part in known])),
        procedure=unbounded[0] if unbounded else ClassMean(known),
        left_out=left_out(comparison, asked, parts),
        _known={},
    )


def _of_rounds(comparison: PairedComparison, metric: Metric, group: Group) -> Evidence | None:
    """Return the mean over classes by rounds of one unit a class; None: no such deal is known."""
    found = estimate(comparison, metric, group)
    rounds = None
    if isinstance(found, Estimate) and not found.left_out:
        rounds = _in_rounds(comparison, metric, group)
    if not isinstance(found, Estimate) or rounds is None or rounds.count < rounds.classes:
        return None
    return Evidence(
        baseline=found.baseline,
        candidate=found.candidate,
        change=found.candidate - found.baseline,
        rows=found.rows,
        clusters=found.clusters,
        effective_n=rounds.count,
        kind=found.kind,
        procedure=ClassRoundsMean(rounds),
        same_file=comparison.same_file,
    )


def _in_rounds(comparison: PairedComparison, metric: Metric, group: Group) -> ClassRounds | None:
    """Return rounds in which every class gives a unit; None: no such deal is known."""
    rows = group.rows
    labels = comparison.baseline.labels[rows]
    if metric.cross_group or metric.own_rows or metric.sign < 0:
        return None
    measures = [comparison.measures(metric, group, k) for k in range(len(comparison.classes))]
    every = range(len(comparison.classes))
    caps = [comparison.cap_in_rounds(k, group) for k in every]
    ours, theirs = comparison.baseline, comparison.candidate
    sample, seed = comparison.rows(rows, group), comparison.seed
    if all(isinstance(pair[0], Ranking) for pair in measures):
        one, other = (m.probabilities[rows].astype(float) for m in (ours, theirs))
        return ranking_rounds(one, other, labels, sample, caps, seed=seed)
    if all(isinstance(of, Mean) and (of.over == (labels == k)).all()
           for k, pair in enumerate(measures) for of in pair):  # fmt: skip
        before, after = (m.decisions[rows] == labels for m in (ours, theirs))
        return share_rounds(before, after, labels, sample, caps, seed=seed)
    return None


def _bounded(
    comparison: PairedComparison,
    metric: Metric,
    group: Group,
    question: int | None,
    measures: tuple[Measure, Measure],
) -> Evidence | Undefined:
    """Return both rates of one class against the rest with their bounds."""
    flipped = metric is negative_flips
    rows = group.rows if flipped else comparison.rows_of(metric, group, question)
    truth = truth_of(comparison, rows, question)
    own = of_measures(comparison, measures, rows, truth, question) if flipped else None
    found = own or estimate_of_class(comparison, metric, group, question)
    if isinstance(found, Undefined):
        return found
    sample = _sample(comparison, metric, group, question, rows)
    procedure = choose(measures, metric, truth, sample)
    dealt = procedure.dealt if isinstance(procedure, BettingMean) else None
    return Evidence(
        baseline=found.baseline,
        candidate=found.candidate,
        change=metric.sign * (found.candidate - found.baseline),
        rows=found.rows,
        clusters=found.clusters,
        effective_n=found.effective_n if dealt is None else dealt.count,
        kind=found.kind,
        procedure=procedure,
        same_file=comparison.same_file,
    )


def _sample(
    comparison: PairedComparison,
    metric: Metric,
    group: Group,
    question: int | None,
    rows: np.ndarray,
) -> Sample:
    """Return how the rows were drawn."""
    if comparison.caps is None:
        return Sample(comparison.rows(rows, group), None, 1.0, DEALS, comparison.seed)
    caps = comparison.caps_of(group, question, cross_group=metric.cross_group)
    every = range(len(comparison.classes))
    served = [question or 0] if metric is negative_flips else every
    whole = comparison.caps.of(served, group.where)
    return Sample(comparison.rows(rows, group), caps, whole, DEALS, comparison.seed)


def difference_bounds(one: Evidence, other: Evidence, alpha: float) -> tuple[float, float]:
    """Bound the difference of two groups' changes from both sides, each at alpha.

    Each group's bound spends half of alpha, so the difference holds whatever the groups share.
    """
    half = alpha / 2
    return one.lower(half) - other.upper(half), one.upper(half) - other.lower(half)


def natural_bounds(found: Evidence, metric: Metric, alpha: float) -> tuple[float, float]:
    """Return bounds of candidate minus baseline."""
    lower, upper = found.lower(alpha), found.upper(alpha)
    return (lower, upper) if metric.sign > 0 else (0.0 - upper, 0.0 - lower)
