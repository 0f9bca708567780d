"""What compression changes in a group, and over all rows, is at most the limit."""

from collections.abc import Sequence

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, evidence, natural_bounds
from faircompress.evaluation.groups import Group
from faircompress.evaluation.preview import Preview, change_on
from faircompress.evaluation.rules import (
    FALL,
    FALLS,
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    places_in_groups,
    tests_of_change,
)
from faircompress.statistics import sample_size
from faircompress.statistics.metrics import Metric


def _places(comparison: PairedComparison, metric: Metric, groups: Sequence[Group]) -> list[Place]:
    return places_in_groups(comparison, metric, groups)


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    found = evidence(comparison, metric, place.group)
    if isinstance(found, Undefined):
        return found

    def of_sides(power: float) -> float:
        return sample_size.both_ways(power) if metric.better == "neither" else power

    def needed(power: float) -> int | None:
        observed = found.observed
        return sample_size.change_n_needed(observed, plan.limit, plan.alpha, of_sides(power))

    at_most, at_least = tests_of_change(found, metric)
    return Measured(
        estimate=found.candidate - found.baseline,
        bounds=lambda alpha: natural_bounds(found, metric, alpha),
        at_most=at_most,
        at_least=at_least,
        evidence=found,
        scarce=place.group,
        smallest_limit=sample_size.smallest_change_limit(
            found.observed, plan.alpha, of_sides(plan.power)
        ),
        needed=needed,
    )


def _limits(limit: float, metric: Metric) -> Limits:
    return {
        "higher": Limits(-limit, None),
        "lower": Limits(None, limit),
        "neither": Limits(-limit, limit),
    }[metric.better]


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    falls = f"{metric.title} {FALLS[metric.better]} by at most {limit:g}"
    return f"{falls} {scope.everywhere}{scope.counted}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    if found.baseline == found.candidate:
        return f"is unchanged ({found.baseline:.3f})"
    return f"went from {found.baseline:.3f} to {found.candidate:.3f} ({value:+.3f})"


def _allowed(limit: float, metric: Metric) -> str:
    return f"a {FALL[metric.better]} of at most {limit:g} is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    return change_on(comparison, metric, place.group)


change = Kind(
    _places,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    heading="Harm by group",
    question="Is any group harmed more than allowed?",
    figure="change by group",
)
