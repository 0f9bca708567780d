"""The candidate's rate of one group is at least the limit times that of another: the 4/5 rule.

A ratio's bounds are the quotients of two bounds, each at half of alpha; a rate may be 0.
"""

import math

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence
from faircompress.evaluation.preview import Preview, rate_on
from faircompress.evaluation.rule_pairs import (
    evidence_of_both,
    places_in_pairs,
    tests_of_ratio,
    values_of,
)
from faircompress.evaluation.rules import Kind, Limits, Measured, Place, Plan, Scope
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
        half = alpha / 2
        low = _over(one.rate_lower(half), other.rate_upper(half))
        return low, _over(one.rate_upper(half), other.rate_lower(half))

    estimate = _over(one.candidate, other.candidate) if other.candidate else None
    if one.candidate == other.candidate == 0:
        estimate = None
    low, high = bounds(plan.alpha)
    first, second = ((f.procedure.rate_at_most, f.procedure.rate_at_least) for f in (one, other))
    form = values_of(both, place.groups, metric, change=False)
    at_most, at_least = tests_of_ratio(bounds, first, second, form)

    def needed(power: float) -> int | None:
        """Return the rows at which the bounds would stay within the limits, in logarithms."""
        if not estimate or not low or math.isinf(high) or not other.rate_lower(plan.alpha / 2):
            return None
        room = min(math.log(estimate / plan.limit), math.log(1 / (plan.limit * estimate)))
        reaches = [_log_reach(f, plan.alpha / 2) for f in (one, other)]
        how = plan.alpha, sample_size.both_ways(power)
        return sample_size.of_two(both.rarer.observed.n, reaches, room, *how)

    return Measured(
        estimate=estimate,
        bounds=bounds,
        at_most=at_most,
        at_least=at_least,
        evidence=both.rarer,
        scarce=both.scarce(place),
        smallest_limit=min(low, 1 / high if high else 0.0),
        needed=needed,
    )


def _over(one: float, other: float) -> float:
    return one / other if other > 0 else math.inf


def _log_reach(found: Evidence, alpha: float) -> float:
    """Return how far the bounds of a rate reach from it, as factors, in logarithms."""
    ends = found.rate_lower(alpha), found.rate_upper(alpha)
    return max(math.log(found.candidate / ends[0]), math.log(ends[1] / found.candidate))


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(limit, 1 / limit)


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    model = scope.captions.candidate
    differs = f"{metric.title} of the {model} model differs by at most a factor of {limit:g}"
    return f"{differs} {scope.pairs}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"has a ratio of {value:.3f}"


def _allowed(limit: float, metric: Metric) -> str:
    return f"between {limit:g} and {1 / limit:.3g} is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    one, other = (rate_on(comparison, metric, group) for group in place.groups)
    if one is None or other is None or not other[0]:
        return None
    value = one[0] / other[0]
    return value, math.hypot(one[1], value * other[1]) / other[0]


ratio = Kind(
    places_in_pairs,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    of_pairs=True,
    of_changes=False,
    neutral=1.0,
    heading="Ratios",
    question="Are any two groups served unlike, as a ratio?",
    figure="ratio between groups",
)
