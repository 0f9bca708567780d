"""What rules on two groups share: their places, the evidence of both, their tests."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.rules import Place, Test, testable, tests_of_bounds
from faircompress.statistics import e_values, linear_forms
from faircompress.statistics.linear_forms import Values
from faircompress.statistics.metrics import Metric
from faircompress.statistics.procedures.paired_proportions import PairedProportions

LinearForm = tuple[Values, Values]  # of two groups that have no row in common


@dataclass(frozen=True, eq=False)
class Both:
    """The evidence of two groups."""

    one: Evidence
    other: Evidence

    @property
    def rarer(self) -> Evidence:
        """Return that of the group with fewer units, of equals the first."""
        return min((self.one, self.other), key=lambda found: round(found.effective_n, 3))

    def scarce(self, place: Place) -> Group:
        """Return the group with fewer units."""
        return place.groups[0 if self.rarer is self.one else 1]


def evidence_of_both(
    comparison: PairedComparison, metric: Metric, groups: Sequence[Group]
) -> Both | Undefined:
    """Return the evidence of two groups; where one has none, why."""
    found = []
    for group in groups:
        one = evidence(comparison, metric, group)
        if isinstance(one, Undefined):
            return one
        found.append(one)
    return Both(*found)


def places_in_pairs(
    comparison: PairedComparison, metric: Metric, groups: Sequence[Group]
) -> list[Place]:
    """Return every pair of groups of the same column."""
    kept = [group for group in groups if testable(comparison, metric, group)]
    return [
        Place(one, other)
        for k, one in enumerate(kept)
        for other in kept[k + 1 :]
        if one.column == other.column
    ]


def values_of(
    both: Both, groups: Sequence[Group], metric: Metric, *, change: bool
) -> LinearForm | None:
    """Return both groups' rows, value by value, where they are alike and none is in both.

    Args:
        both: The evidence of two groups.
        groups: The groups.
        metric: Of the evidence.
        change: Candidate minus baseline, in natural units; else the candidate's own values.
    """
    if len(np.intersect1d(groups[0].rows, groups[1].rows)):
        return None
    found = [_values(one, metric, change=change) for one in (both.one, both.other)]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _values(found: Evidence, metric: Metric, *, change: bool) -> Values | None:
    rows = found.procedure
    if not isinstance(rows, PairedProportions):
        return None
    if not change:
        return Values((0.0, 1.0), (rows.n - rows.hits, rows.hits), 0.0)
    moved = (rows.lost, rows.gained)[:: 1 if metric.sign > 0 else -1]
    return Values((-1.0, 0.0, 1.0), (moved[0], rows.n - sum(moved), moved[1]), -1.0)


def tests_of_difference(
    bounds: Callable[[float], tuple[float, float]],
    one: tuple[Test, Test],
    other: tuple[Test, Test],
    form: LinearForm | None,
    *,
    of_rates: bool = False,
) -> tuple[Test, Test]:
    """Return the tests of the difference of two groups' values.

    Args:
        bounds: Of the difference, from below and above, each at an alpha.
        one: Tests that the first group's value is at most, and at least, a number.
        other: Those of the second group.
        form: Both groups' rows, where the e-value is a bet on the difference itself; see
            ``values_of``. None: it is the mean of one e-value a group.
        of_rates: Are the values in 0-1, not changes?
    """

    def e_value(number: float, alpha: float, *, up: bool) -> float:
        first, second, shift = (other, one, number) if up else (one, other, -number)
        if shift <= 0:
            return 0.0  # of others none is known
        if form is None:
            tests = _e_values(first[0], 1, alpha / 2), _e_values(second[1], -1, alpha / 2)
            if of_rates:
                return linear_forms.of_rates(*tests, factor=1.0, shift=shift)
            return e_values.of_difference(*tests, shift)
        pair = form[::-1] if up else form
        return linear_forms.of_linear_form(*pair, alpha, factor=1.0, shift=shift)

    return tests_of_both(bounds, e_value)


def tests_of_ratio(
    bounds: Callable[[float], tuple[float, float]],
    one: tuple[Test, Test],
    other: tuple[Test, Test],
    form: LinearForm | None,
) -> tuple[Test, Test]:
    """Return the tests of the ratio of two groups' rates; see ``tests_of_difference``."""

    def e_value(number: float, alpha: float, *, up: bool) -> float:
        factor = (1 / number if number else math.inf) if up else number
        if not 0 < factor < 1:
            return 0.0  # of others none is known
        first, second = (other, one) if up else (one, other)
        if form is None:
            tests = _e_values(first[0], 1, alpha / 2), _e_values(second[1], -1, alpha / 2)
            return linear_forms.of_rates(*tests, factor=factor, shift=0.0)
        pair = form[::-1] if up else form
        return linear_forms.of_linear_form(*pair, alpha, factor=factor, shift=0.0)

    return tests_of_both(bounds, e_value)


def tests_of_both(
    bounds: Callable[[float], tuple[float, float]], e_value: Callable[..., float]
) -> tuple[Test, Test]:
    """Return the tests of a value that bounds are known of, with e-values.

    Args:
        bounds: From below and above, each at an alpha.
        e_value: Of a number and an alpha; ``up``: against "at least", else against "at most".
    """
    at_most, at_least = tests_of_bounds(bounds)
    return (
        lambda number, alpha: replace(
            at_most(number, alpha), e_value=partial(e_value, number, alpha, up=False)
        ),
        lambda number, alpha: replace(
            at_least(number, alpha), e_value=partial(e_value, number, alpha, up=True)
        ),
    )


def _e_values(test: Test, sign: int, alpha: float) -> Callable[[np.ndarray], np.ndarray]:
    def against(nulls: np.ndarray) -> np.ndarray:
        at_once = test(sign * float(nulls[0]), alpha).e_values if len(nulls) else None
        if at_once is not None:
            return at_once(nulls)
        return np.array([test(sign * float(m), alpha).e_value() for m in nulls])

    return against
