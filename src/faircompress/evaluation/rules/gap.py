"""The candidate's rates of two groups differ by at most the limit.

On the true positive rate this is equal opportunity, on it and the false positive rate equalized
odds, on the selection rate demographic parity. Two bounds, each at half of alpha, so it holds
whatever the groups share.
"""

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence
from faircompress.evaluation.preview import Preview, difference, rate_on
from faircompress.evaluation.rule_pairs import (
    evidence_of_both,
    places_in_pairs,
    tests_of_difference,
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
        return one.rate_lower(half) - other.rate_upper(half), one.rate_upper(
            half
        ) - other.rate_lower(half)

    low, high = bounds(plan.alpha)
    difference = one.candidate - other.candidate
    reach = max(difference - low, high - difference)
    first, second = ((f.procedure.rate_at_most, f.procedure.rate_at_least) for f in (one, other))
    form = values_of(both, place.groups, metric, change=False)
    at_most, at_least = tests_of_difference(bounds, first, second, form, of_rates=True)

    def needed(power: float) -> int | None:
        """Return the rows at which the bounds would stay within the limit."""
        room = plan.limit - abs(difference)
        reaches = [reach_of_rate(f, plan.alpha / 2) for f in (one, other)]
        how = plan.alpha, sample_size.both_ways(power)
        return sample_size.of_two(both.rarer.observed.n, reaches, room, *how)

    return Measured(
        estimate=difference,
        bounds=bounds,
        at_most=at_most,
        at_least=at_least,
        evidence=both.rarer,
        scarce=both.scarce(place),
        smallest_limit=min(abs(difference) + reach, 1.0),
        needed=needed,
    )


def reach_of_rate(found: Evidence, alpha: float) -> float:
    """Return how far the bounds of a rate reach from it."""
    return max(found.candidate - found.rate_lower(alpha), found.rate_upper(alpha) - found.candidate)


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(-limit, limit)


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    model = scope.captions.candidate
    return f"{metric.title} of the {model} model differs by at most {limit:g} {scope.pairs}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"differs by {value:+.3f}" if value else "does not differ (0.000)"


def _allowed(limit: float, metric: Metric) -> str:
    return f"a difference of at most {limit:g} is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    one, other = (rate_on(comparison, metric, group) for group in place.groups)
    return difference(one, other)


gap = Kind(
    places_in_pairs,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    of_pairs=True,
    of_changes=False,
    heading="Gaps",
    question="Are any two groups served unlike, whatever they were before?",
    figure="difference between groups",
)
