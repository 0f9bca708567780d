"""In every subgroup the candidate gets few rows wrong that the baseline had right."""

from collections.abc import Sequence

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence
from faircompress.evaluation.evidence import flips as evidence_of_flips
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.preview import Preview, flips_on
from faircompress.evaluation.rules import (
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    measure_of_rate,
    tests_of_bounds,
)
from faircompress.statistics.metrics import Metric


def _places(comparison: PairedComparison, metric: Metric, groups: Sequence[Group]) -> list[Place]:
    """Return each class in each group; a class that is a group has no rows beyond those of all."""
    everyone = any(group.key == POOLED for group in groups)
    kept = [group for group in groups if group.question is None or not everyone]
    return [
        Place(group, label=label)
        for group in kept
        for label in comparison.expected_classes(group)
        if group.question in (None, label)
    ]


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    found = evidence_of_flips(comparison, place.group, place.label or 0)
    if isinstance(found, Undefined):
        return found
    if found.same_file:
        at_most, at_least = tests_of_bounds(lambda alpha: (0.0, 0.0))
        return Measured(
            0.0, lambda _: (0.0, 0.0), at_most, at_least, found, place.group, 0.0, lambda _: 0
        )
    return measure_of_rate(found, place, plan, higher=False)


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(None, limit)


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    turn = f"of each class's {scope.captions.rows} at most {limit:g} turn from right to wrong"
    return f"{turn} {scope.everywhere}{scope.counted}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"is {value:.3f}"


def _allowed(limit: float, metric: Metric) -> str:
    return f"at most {limit:g} is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    return flips_on(comparison, place.group, place.label or 0)


flips = Kind(
    _places,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    heading="Newly wrong",
    question="Is any group newly decided wrongly too often?",
    figure="newly wrong by class and group",
)
