"""What rules on two groups share: their places, the evidence of both, the tests of a difference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.rules import Place, Test, testable, tests_of_bounds
from faircompress.metrics import Metric
from faircompress.statistics import e_values
from faircompress.statistics.procedures import AtLimit


@dataclass(frozen=True, eq=False)
class Both:
    """The evidence of two groups."""

    one: Evidence
    other: Evidence

    @property
    def rarer(self) -> Evidence:
        """Return that of the group with fewer units, of equals the first."""
        return min((self.one, self.other), key=lambda found: found.effective_n)

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


def tests_of_difference(
    bounds: Callable[[float], tuple[float, float]],
    one: tuple[Test, Test],
    other: tuple[Test, Test],
) -> tuple[Test, Test]:
    """Return the tests of the difference of two groups' values.

    Args:
        bounds: Of the difference, from below and above, each at an alpha.
        one: Tests that the first group's value is at most, and at least, a number.
        other: Those of the second group.
    """
    at_most, at_least = tests_of_bounds(bounds)

    def at_most_with_e(number: float, alpha: float) -> AtLimit:
        e_value = partial(_e_value, one[0], other[1], number, alpha)
        return replace(at_most(number, alpha), e_value=e_value)

    def at_least_with_e(number: float, alpha: float) -> AtLimit:
        e_value = partial(_e_value, other[0], one[1], -number, alpha)
        return replace(at_least(number, alpha), e_value=e_value)

    return at_most_with_e, at_least_with_e


def _e_value(first: Test, second: Test, number: float, alpha: float) -> float:
    """Return an e-value against "a - b is at most a number below 0"; see ``of_difference``.

    Args:
        first: Test that a is at most a number.
        second: Test that b is at least a number.
        number: Below 0; of others none is known.
        alpha: What the bets aim at.
    """
    if number >= 0:
        return 0.0

    def against_first(nulls: np.ndarray) -> np.ndarray:
        return np.array([first(float(null), alpha / 2).e_value() for null in nulls])

    def against_second(nulls: np.ndarray) -> np.ndarray:
        return np.array([second(-float(null), alpha / 2).e_value() for null in nulls])

    return e_values.of_difference(against_first, against_second, -number)
