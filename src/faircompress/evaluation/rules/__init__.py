"""Kinds of rules, one a file.

Contract: ``rules/NAME.py`` gives ``NAME``, a ``Kind``: where the rule is tested, what is measured
there, which values its limit allows, and how it reads. Everything else follows in
``hypotheses.py``: a check passes where the bounds at alpha lie within the limits, it fails where
they lie beyond a limit at the level that the order of failures leaves it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.preview import Preview
from faircompress.statistics import sample_size
from faircompress.statistics.metrics import Metric
from faircompress.statistics.procedures import AtLimit

if TYPE_CHECKING:
    from faircompress.evaluation.comparison import PairedComparison

FALLS = {"higher": "falls", "lower": "rises", "neither": "changes"}
FALL = {"higher": "fall", "lower": "rise", "neither": "change"}


Test = Callable[[float, float], AtLimit]  # of a number, at an alpha


@dataclass(frozen=True, eq=False)
class Place:
    """Where a rule is tested.

    Args:
        group: The group.
        other: The second group of a rule on pairs.
        label: The class of a rule on subgroups.
    """

    group: Group
    other: Group | None = None
    label: int | None = None

    @property
    def groups(self) -> list[Group]:
        """Return the group, or the two."""
        return [self.group] if self.other is None else [self.group, self.other]


@dataclass(frozen=True)
class Limits:
    """The values that a rule allows, in natural units; None: no limit on that side."""

    lower: float | None
    upper: float | None

    def broken(self, lower: float, upper: float) -> bool:
        """Tell whether an interval lies wholly beyond one limit."""
        return (self.lower is not None and upper < self.lower) or (
            self.upper is not None and lower > self.upper
        )

    def beyond(self, lower: float | None, upper: float | None) -> float:
        """Return how far an interval reaches beyond a limit; below 0: within; None: no end."""
        ends = [math.inf if lower is None else self.lower - lower] if self.lower is not None else []
        if self.upper is not None:
            ends.append(math.inf if upper is None else upper - self.upper)
        return max(ends, default=-math.inf)

    @property
    def both(self) -> bool:
        """Tell whether both sides are limited."""
        return self.lower is not None and self.upper is not None


@dataclass(frozen=True, eq=False)
class Measured:
    """What a rule measures at a place, in natural units: candidate minus baseline, or a rate.

    The tests decide; the bounds show what they come to.

    Args:
        estimate: The value; None: a ratio of two zeros.
        bounds: One-sided bounds from below and above, each at an alpha.
        at_most: Test that the value is at most a number, at an alpha.
        at_least: Test that the value is at least a number, at an alpha.
        evidence: What it rests on; of two groups that with fewer units.
        scarce: The group with fewer units, on which more rows would help most.
        smallest_limit: The smallest limit that these rows can certify.
        needed: Gives the clusters, or rows where there are none, that would settle it with a power;
            None: not known.
        of_baseline: Gives the same of the baseline, of a rule on the candidate's own rate.
        apart: How far the baseline's two rates lie apart, and the candidate's, of a rule on pairs.
    """

    estimate: float | None
    bounds: Callable[[float], tuple[float, float]]
    at_most: Test
    at_least: Test
    evidence: Evidence
    scarce: Group
    smallest_limit: float
    needed: Callable[[float], int | None]
    of_baseline: Callable[[], "Measured | Undefined"] | None = None
    apart: tuple[float, float] | None = None


@dataclass(frozen=True)
class Plan:
    """For which chance of error and which power counts are planned."""

    alpha: float
    power: float
    limit: float


@dataclass(frozen=True)
class Scope:
    """What a rule's description names.

    Args:
        groups: Such as ``group`` or ``group of skin``.
        against: The model from which changes are counted, in words; empty: the baseline.
        captions: What the models are called.
    """

    groups: str
    against: str
    captions: Captions

    @property
    def everywhere(self) -> str:
        """Name the groups of a rule on groups."""
        return f"in every {self.groups}"

    @property
    def pairs(self) -> str:
        """Name the groups of a rule on pairs."""
        name, of, columns = self.groups.partition(" of ")
        return f"between any two {name}s{of}{columns}"

    @property
    def counted(self) -> str:
        """Say from which model changes are counted, unless it is the baseline."""
        return f", counted from the {self.against} model" if self.against else ""


@dataclass(frozen=True)
class Kind:
    """A kind of rule.

    Args:
        places: Where it is tested, given the comparison, the metric and the groups it binds.
        measure: What is measured there.
        limits: Which values a limit allows.
        describe: What the rule demands, in a sentence without its end.
        shown: How a value is told, given its metric, both rates and the value, after the place.
        allowed: What is allowed, in words.
        preview: The value and its standard error on validation rows, which order the checks.
        of_pairs: Is it about two groups? Then it has a share of its own of what failures may err.
        of_changes: Is it about what compression does? Then no limit may exceed the baseline's
            proven skill.
        neutral: The value of no harm; None: there is none.
        heading: Of its part of the report; empty: its name.
        question: That this part answers.
        figure: What its figures show.
    """

    places: Callable[["PairedComparison", Metric, Sequence[Group]], list[Place]]
    measure: Callable[["PairedComparison", Metric, Place, Plan], Measured | Undefined]
    limits: Callable[[float, Metric], Limits]
    describe: Callable[[float, Metric, Scope], str]
    shown: Callable[[Metric, Evidence, float], str]
    allowed: Callable[[float, Metric], str]
    preview: Callable[["PairedComparison", Metric, Place], Preview | None]
    of_pairs: bool = False
    of_changes: bool = True
    neutral: float | None = 0.0
    heading: str = ""
    question: str = ""
    figure: str = ""


def tests_of_change(found: Evidence, metric: Metric) -> tuple[Test, Test]:
    """Return the tests that a change, in natural units, is at most or at least a number."""
    if metric.sign > 0:
        return found.change_at_most, found.change_at_least

    def natural(test: AtLimit) -> AtLimit:
        return replace(test, value=0.0 - test.value) if test.statistic == "bounds" else test

    def at_most(number: float, alpha: float) -> AtLimit:
        return natural(found.change_at_least(-number, alpha))

    def at_least(number: float, alpha: float) -> AtLimit:
        return natural(found.change_at_most(-number, alpha))

    return at_most, at_least


def tests_of_bounds(bounds: Callable[[float], tuple[float, float]]) -> tuple[Test, Test]:
    """Return the tests of a value that only bounds are known of; no e-value is known."""

    def at_most(number: float, alpha: float) -> AtLimit:
        lower = bounds(alpha)[0]
        return AtLimit("bounds", lower, lower > number)

    def at_least(number: float, alpha: float) -> AtLimit:
        upper = bounds(alpha)[1]
        return AtLimit("bounds", upper, upper < number)

    return at_most, at_least


def measure_of_rate(found: Evidence, place: Place, plan: Plan, *, higher: bool) -> Measured:
    """Return the candidate's own rate, for rules that limit it.

    Args:
        found: Its evidence.
        place: Where.
        plan: What its row counts are planned for.
        higher: Is a high rate good, and so a low one beyond the limit?
    """

    def needed(power: float) -> int | None:
        return sample_size.minimum_n_needed(
            found.observed, plan.limit, plan.alpha, power, higher=higher
        )

    return Measured(
        estimate=found.candidate,
        bounds=lambda alpha: (found.rate_lower(alpha), found.rate_upper(alpha)),
        at_most=found.procedure.rate_at_most,
        at_least=found.procedure.rate_at_least,
        evidence=found,
        scarce=place.group,
        smallest_limit=sample_size.best_minimum(
            found.observed, plan.alpha, plan.power, higher=higher
        ),
        needed=needed,
    )


def places_in_groups(
    comparison: "PairedComparison", metric: Metric, groups: Sequence[Group]
) -> list[Place]:
    """Return the groups that a metric can be tested in, one place each."""
    return [Place(group) for group in groups if testable(comparison, metric, group)]


def testable(comparison: "PairedComparison", metric: Metric, group: Group) -> bool:
    """Tell whether a metric says something of a group that it was not declared to lack."""
    if metric.cross_group and (group.question is not None or not group.where):
        return False  # it is the AUROC there
    return not comparison.lacks_by_design(metric, group)
