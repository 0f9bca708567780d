"""A group's accuracy falls by at most the limit more than everyone's.

With a share q of all weight, everyone's change is q times the group's plus 1 - q times the others'.
So a group's change beyond everyone's is 1 - q times the difference between the group's and the
others', who have no row in common; q is taken as the test set has it.

Source:
    psi of Hashemizadeh et al., Balancing act, ICLR 2024.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from faircompress.evaluation.choosing import NO_BOUND
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, difference_bounds, evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.preview import Preview, change_on, difference
from faircompress.evaluation.rule_pairs import Both, evidence_of_both, tests_of_both, values_of
from faircompress.evaluation.rules import (
    Kind,
    Limits,
    Measured,
    Place,
    Plan,
    Scope,
    places_in_groups,
)
from faircompress.statistics import e_values, linear_forms, paired_proportions, sample_size
from faircompress.statistics.metrics import Metric
from faircompress.statistics.procedures.betting_mean import BettingMean
from faircompress.statistics.procedures.unbounded import Unbounded


def _places(comparison: PairedComparison, metric: Metric, groups: Sequence[Group]) -> list[Place]:
    found = places_in_groups(comparison, metric, groups)
    return [p for p in found if len(comparison.alone(p.group).rows) < len(comparison.cluster)]


def _measure(
    comparison: PairedComparison, metric: Metric, place: Place, plan: Plan
) -> Measured | Undefined:
    own = comparison.alone(place.group)
    others = comparison.others(own)
    both = evidence_of_both(comparison, metric, (own, others))
    if isinstance(both, Undefined):
        return both
    one, other = both.one, both.other
    e_value = _e_value(both, (own, others), metric, comparison)
    if comparison.caps is not None:
        one = replace(one, procedure=Unbounded(f"a loss beyond everyone's: {NO_BOUND}"), _known={})
    share = float(comparison.weights[others.rows].sum() / comparison.weights.sum())

    def bounds(alpha: float) -> tuple[float, float]:
        if comparison.caps is not None:
            return -1.0, 1.0  # nothing is excluded
        low, high = difference_bounds(one, other, alpha)
        return share * low, share * high

    def smallest(factor: float, power: float = plan.power) -> float:
        if one.same_file:
            return 0.0
        pair, how = (one.observed, other.observed), (plan.alpha, power, factor)
        difference = sample_size.smallest_difference_limit(*pair, *how)
        least = paired_proportions.certainty_floor(one.effective_n * factor, plan.alpha)
        return min(max(share * difference, least), 1.0)

    def needed(power: float) -> int | None:
        return sample_size.settled(one.observed, partial(smallest, power=power), plan.limit)

    at_most, at_least = tests_of_both(bounds, e_value)
    return Measured(
        estimate=share * (one.change - other.change),
        bounds=bounds,
        at_most=at_most,
        at_least=at_least,
        evidence=one,
        scarce=place.group,
        smallest_limit=smallest(1.0),
        needed=needed,
    )


def _e_value(
    both: Both, groups: tuple[Group, Group], metric: Metric, comparison: PairedComparison
) -> Callable[..., float]:
    """Return e-values against "the excess is at most a number".

    Of rows that are alike it is a share of the difference of two groups. Else it is the change of
    the group less that of everyone, of whom the group is a part: the mean of one e-value for each.
    """
    form = values_of(both, groups, metric, change=True)
    share = 1 - len(groups[0].rows) / len(comparison.cluster)

    def e_value(number: float, alpha: float, *, up: bool) -> float:
        if up or number >= 0:
            return 0.0  # of others none is known
        if both.one.same_file:
            return math.inf
        if form is not None:
            return linear_forms.of_linear_form(*form, alpha, factor=1.0, shift=-number / share)
        everyone = evidence(comparison, metric, comparison.everyone())
        own = both.one.procedure
        of_all = None if isinstance(everyone, Undefined) else everyone.procedure
        if not (isinstance(own, BettingMean) and isinstance(of_all, BettingMean)):
            return 0.0
        falls = partial(of_all.e_falls_at_most, alpha=alpha / 2)
        changes = partial(own.e_changes_at_most, alpha=alpha / 2)
        return e_values.of_difference(changes, falls, -number)

    return e_value


def _limits(limit: float, metric: Metric) -> Limits:
    return Limits(-limit, None)


def _describe(limit: float, metric: Metric, scope: Scope) -> str:
    falls = f"{metric.title} falls by at most {limit:g} more than everyone's"
    return f"{falls} {scope.everywhere}{scope.counted}"


def _shown(metric: Metric, found: Evidence, value: float) -> str:
    return f"changed by {value:+.3f} beyond everyone's"


def _allowed(limit: float, metric: Metric) -> str:
    return f"a fall of at most {limit:g} beyond everyone's is allowed"


def _preview(comparison: PairedComparison, metric: Metric, place: Place) -> Preview | None:
    own = change_on(comparison, metric, comparison.alone(place.group))
    return difference(own, change_on(comparison, metric, comparison.everyone()))


excess_loss = Kind(
    _places,
    _measure,
    _limits,
    _describe,
    _shown,
    _allowed,
    _preview,
    heading="Harm beyond everyone's",
    question="Does any group lose more than all do together?",
    figure="change by group beyond everyone's",
)
