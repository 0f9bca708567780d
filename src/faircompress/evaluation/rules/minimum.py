"""The candidate itself reaches a rate in every group; where lower is better, it stays below."""

from dataclasses import replace
from functools import partial

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, evidence
from faircompress.evaluation.preview import Preview, rate_on
from faircompress.evaluation.rules import (
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    measure_of_rate,
    places_in_groups,
)
from faircompress.statistics.metrics import Metric


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    found = evidence(comparison, metric, place.group)
    if isinstance(found, Undefined):
        return found
    measured = measure_of_rate(found, place, plan, higher=metric.better == "higher")
    alone = partial(_measure, comparison.baseline_alone, metric, place, plan)
    return replace(measured, of_baseline=alone)


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(limit, None) if metric.better == "higher" else Limits(None, limit)


def _least(metric: Metric) -> str:
    return "at least" if metric.better == "higher" else "at most"


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    model = scope.captions.candidate
    return f"{metric.title} of the {model} model is {_least(metric)} {limit:g} {scope.everywhere}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"is {value:.3f}"


def _allowed(limit: float, metric: Metric) -> str:
    return f"{_least(metric)} {limit:g} is needed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    return rate_on(comparison, metric, place.group)


minimum = Kind(
    places_in_groups,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    of_changes=False,
    neutral=None,
    heading="Minimums",
    question="Is the model good enough for each group, whatever it was before?",
    figure="minimum by group",
)
