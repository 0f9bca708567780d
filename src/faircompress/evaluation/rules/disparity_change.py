"""Two groups' changes differ by at most the limit: compression moves no two groups apart."""

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, difference_bounds, evidence
from faircompress.evaluation.preview import Preview, change_on, difference
from faircompress.evaluation.rules import (
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    places_in_pairs,
    tests_of_change,
    tests_of_difference,
)
from faircompress.metrics import Metric
from faircompress.statistics import sample_size


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    pair = []
    for group in place.groups:
        found = evidence(comparison, metric, group)
        if isinstance(found, Undefined):
            return found
        pair.append(found)
    one, other = pair
    scarce = place.groups[0 if one.effective_n <= other.effective_n else 1]

    def bounds(alpha: float) -> tuple[float, float]:
        low, high = sorted(metric.sign * end for end in difference_bounds(one, other, alpha))
        return low, high

    def smallest(factor: float) -> float:
        if one.same_file:
            return 0.0
        power = sample_size.both_ways(plan.power)
        pair = one.observed, other.observed
        return min(sample_size.smallest_difference_limit(*pair, plan.alpha, power, factor), 2.0)

    rarer = min((one, other), key=lambda found: found.effective_n)
    of_both = (tests_of_change(found, metric) for found in (one, other))
    at_most, at_least = tests_of_difference(bounds, *of_both)
    return Measured(
        estimate=metric.sign * (one.change - other.change),
        bounds=bounds,
        at_most=at_most,
        at_least=at_least,
        evidence=rarer,
        scarce=scarce,
        smallest_limit=smallest(1.0),
        n_needed=sample_size.settled(rarer.observed, smallest, plan.limit),
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
    places_in_pairs, _measure, _limits, _describe, _shown, _allowed, _preview, of_pairs=True
)
