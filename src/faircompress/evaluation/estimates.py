"""Both models' rates in a group, without bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faircompress.evaluation.choosing import conditioned
from faircompress.evaluation.comparison import MIN_CLUSTERS, PairedComparison
from faircompress.evaluation.decisions import answers
from faircompress.evaluation.groups import Group
from faircompress.statistics.clusters import count_clusters
from faircompress.statistics.metrics import Mean, Measure, Metric, Ranking
from faircompress.statistics.rates import rate

if TYPE_CHECKING:
    from faircompress.statistics.crosscheck import CrossChecks


@dataclass(frozen=True)
class Estimate:
    """Both models' rates.

    Args:
        baseline: The baseline's.
        candidate: The candidate's.
        rows: Rows that the metric conditions on, of two sides the rarer.
        clusters: Clusters among them; None where each row is its own.
        effective_n: Kish's number of independent units among them.
        kind: Class of these rows; empty: all classes.
        left_out: Classes left out of a mean over classes.
    """

    baseline: float
    candidate: float
    rows: int
    clusters: int | None
    effective_n: float
    kind: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value in a group, and what it had to go by."""

    why: str
    rows: int
    clusters: int | None
    effective_n: float
    kind: str


def estimate(comparison: PairedComparison, metric: Metric, group: Group) -> Estimate | Undefined:
    """Return both rates; of several classes the mean over those where it is defined."""
    asked = comparison.questions(metric, group)
    parts = [estimate_of_class(comparison, metric, group, question) for question in asked]
    known = [part for part in parts if isinstance(part, Estimate)]
    if len(parts) == 1 or not known:
        return parts[0]
    return mean_of(known, left_out(comparison, asked, parts))


def estimate_of_class(
    comparison: PairedComparison, metric: Metric, group: Group, question: int | None
) -> Estimate | Undefined:
    """Return both rates of one class against the rest; of None, of right decisions."""
    key = ("rates", f"{metric.name} of class {question} in {group.key}")
    if key not in comparison.known:
        measures = comparison.measures(metric, group, question)
        rows = comparison.rows_of(metric, group, question)
        truth = truth_of(comparison, rows, question)
        comparison.known[key] = of_measures(comparison, measures, rows, truth, question)
    found: Estimate | Undefined = comparison.known[key]
    return found


def truth_of(comparison: PairedComparison, rows: np.ndarray, question: int | None) -> np.ndarray:
    """Tell which rows are of the class that is asked for; all, if none is, ``(rows,)``, bool."""
    if question is None:
        return np.ones(len(rows), bool)
    return np.asarray(comparison.baseline.labels[rows] == question)


def of_measures(
    comparison: PairedComparison,
    measures: tuple[Measure, Measure],
    rows: np.ndarray,
    truth: np.ndarray,
    question: int | None,
) -> Estimate | Undefined:
    """Return both rates of what a metric made of both models' answers.

    Args:
        comparison: The models.
        measures: What it made of them.
        rows: Positions of the rows it read.
        truth: Is a row of the class that was asked for? ``(rows,)``, bool.
        question: The class.
    """
    lacking = _lacking(comparison, measures, rows, truth, question)
    if lacking is not None:
        return lacking
    over = conditioned(measures, comparison.cluster[rows])
    found = [rate(measure, comparison.weights[rows]) for measure in measures]
    baseline, candidate = (float("nan") if value is None else value for value in found)
    return Estimate(
        baseline,
        candidate,
        int(over.sum()),
        comparison.count_clusters(rows[over]),
        comparison.effective_n(rows[over]),
        _kind(comparison, over, truth, question),
    )


def mean_of(known: Sequence[Estimate], left_out: tuple[str, ...]) -> Estimate:
    """Return the mean over classes; counts are those of the scarcest."""
    scarcest = min(known, key=lambda part: part.effective_n)
    return Estimate(
        float(np.mean([part.baseline for part in known])),
        float(np.mean([part.candidate for part in known])),
        scarcest.rows,
        scarcest.clusters,
        scarcest.effective_n,
        scarcest.kind,
        left_out,
    )


def left_out(
    comparison: PairedComparison, asked: Sequence[int | None], parts: Sequence[object]
) -> tuple[str, ...]:
    """Return the names of the classes in which a metric is undefined."""
    pairs = zip(asked, parts, strict=True)
    return tuple(comparison.classes[k or 0] for k, part in pairs if isinstance(part, Undefined))


def crosschecks(
    comparison: PairedComparison,
    metric: Metric,
    group: Group,
    without: Sequence[str],
    alpha: float,
) -> "CrossChecks":
    """Return other intervals of candidate minus baseline, without some classes of a mean."""
    from faircompress.statistics.crosscheck import CrossChecks, crosscheck  # seldom asked, heavy

    asked = comparison.questions(metric, group, without)
    if comparison.same_file or (metric.cross_group and len(asked) > 1):
        return CrossChecks(None, None)
    rows = comparison.rows_of(metric, group, asked[0])
    pairs = [comparison.measures(metric, group, question) for question in asked]
    return crosscheck(pairs, comparison.cluster[rows], comparison.weights[rows], alpha)


def baseline_rate(
    comparison: PairedComparison, metric: Metric, group: Group, without: Sequence[str]
) -> float | None:
    """Return the baseline's rate; of a mean over classes, without some.

    None where it is undefined in any class, since a mean over fewer is another number.
    """
    found = []
    for question in comparison.questions(metric, group, without):
        rows = comparison.rows_of(metric, group, question)
        measure = metric(answers(comparison.baseline, rows, question))
        found.append(rate(measure, comparison.weights[rows]))
    known = [number for number in found if number is not None]
    return float(np.mean(known)) if len(known) == len(found) else None


def _kind(
    comparison: PairedComparison, over: np.ndarray, truth: np.ndarray, question: int | None
) -> str:
    """Name the class of the rows that a metric conditions on; mixed rows have no name."""
    if question is None or not ((over == truth).all() or (over == ~truth).all()):
        return ""
    classes = comparison.classes
    if (over == truth).all():
        return classes[question]
    return classes[1 - question] if len(classes) == 2 else f"not {classes[question]}"


def _lacking(
    comparison: PairedComparison,
    measures: tuple[Measure, Measure],
    rows: np.ndarray,
    truth: np.ndarray,
    question: int | None,
) -> Undefined | None:
    """Say that the scarcer side has too few clusters, if it has."""
    first = measures[0]
    if isinstance(first, Ranking):
        sides = [first.above, ~first.above]
    else:
        sides = [measure.over for measure in measures if isinstance(measure, Mean)]
    scarcer = min(sides, key=lambda side: count_clusters(comparison.cluster[rows[side]]))
    own = rows[scarcer]
    count = count_clusters(comparison.cluster[own])
    if count >= MIN_CLUSTERS:
        return None
    why = f"at least {MIN_CLUSTERS} independent rows are needed"
    clusters = comparison.count_clusters(own)
    kind = _kind(comparison, scarcer, truth, question)
    return Undefined(why, len(own), clusters, float(count), kind)
