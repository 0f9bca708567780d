"""Two groups' changes differ by at most the limit: compression moves no two groups apart."""

from functools import partial

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, difference_bounds
from faircompress.evaluation.preview import Preview, change_on, difference
from faircompress.evaluation.rule_pairs import (
    evidence_of_both,
    places_in_pairs,
    tests_of_difference,
    values_of,
)
from faircompress.evaluation.rules import (
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    tests_of_change,
)
from faircompress.statistics import sample_size
from faircompress.statistics.metrics import Metric


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    both = evidence_of_both(comparison, metric, place.groups)
    if isinstance(both, Undefined):
        return both
    one, other = both.one, both.other

    def bounds(alpha: float) -> tuple[float, float]:
        low, high = sorted(metric.sign * end for end in difference_bounds(one, other, alpha))
        return low, high

    def smallest(factor: float, power: float = plan.power) -> float:
        if one.same_file:
            return 0.0
        pair, power = (one.observed, other.observed), sample_size.both_ways(power)
        return min(sample_size.smallest_difference_limit(*pair, plan.alpha, power, factor), 2.0)

    def needed(power: float) -> int | None:
        return sample_size.settled(both.rarer.observed, partial(smallest, power=power), plan.limit)

    first, second = (tests_of_change(found, metric) for found in (one, other))
    form = None if one.same_file else values_of(both, place.groups, metric, change=True)
    at_most, at_least = tests_of_difference(bounds, first, second, form)
    return Measured(
        estimate=metric.sign * (one.change - other.change),
        bounds=bounds,
        at_most=at_most,
        at_least=at_least,
        evidence=both.rarer,
        scarce=both.scarce(place),
        smallest_limit=smallest(1.0),
        needed=needed,
        apart=(abs(one.baseline - other.baseline), abs(one.candidate - other.candidate)),
    )


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(-limit, limit)


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    changes = f"changes of {metric.title} differ by at most {limit:g}"
    return f"{changes} {scope.pairs}{scope.counted}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"changed differently ({value:+.3f})"


def _allowed(limit: float, metric: Metric) -> str:
    return f"a difference of at most {limit:g} is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    one, other = (change_on(comparison, metric, group) for group in place.groups)
    return difference(one, other)


disparity_change = Kind(
    places_in_pairs,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    of_pairs=True,
    heading="Differences between groups",
    question="Has compression moved any two groups apart?",
    figure="difference between groups' changes",
)
