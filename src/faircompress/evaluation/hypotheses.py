"""Each rule tested at each place it binds: what is found, and whether it passes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from faircompress.config import plugins
from faircompress.config.rules import FLIPS, Rule
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, negative_flips
from faircompress.evaluation.groups import POOLED, Group, of_columns, refuse_equal_names
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.results import check_name, place_name
from faircompress.evaluation.row_counts import needed_of_everyone
from faircompress.evaluation.rules import Kind, Limits, Measured, Place, Plan
from faircompress.evaluation.skill import doubt
from faircompress.statistics.e_values import LARGEST
from faircompress.statistics.metrics import Metric
from faircompress.statistics.procedures import AtLimit
from faircompress.statistics.procedures.unbounded import Unbounded
from faircompress.support.errors import InputError


@dataclass(frozen=True)
class Hypothesis:
    """A rule, and with which chance of error it is tested.

    Args:
        rule: The rule.
        alpha: Chance of error that it may spend at this look.
        power: For the counts that would settle it.
        captions: What the models, rows and clusters are called.
        by_e_value: Is it held to ``1 / alpha`` by e-values alone?
        parts: Which part of a look the rows are that may be topped up; None: it may not.
    """

    rule: Rule
    alpha: float
    power: float
    captions: Captions
    by_e_value: bool = False
    parts: Parts | None = None

    @property
    def own_alpha(self) -> float:
        """Return the chance of error of what is tested on these rows and is no e-value."""
        return self.alpha if self.parts is None else self.parts.own_alpha(self.alpha)

    @property
    def start(self) -> str:
        """Return with what the names of its checks start."""
        return check_name(self.rule.rule, self.rule.metric, self.rule.against, "").rstrip(": ")

    @cached_property
    def metric(self) -> Metric:
        """Return the rule's metric."""
        name = self.rule.metric
        found: Metric = negative_flips if name == FLIPS else plugins.find("metrics", name)
        return found

    @cached_property
    def kind(self) -> Kind:
        """Return the kind of rule."""
        found: Kind = plugins.find("rules", self.rule.rule)
        return found

    @property
    def limits(self) -> Limits:
        """Return the values that it allows."""
        return self.kind.limits(self.rule.limit, self.metric)


@dataclass(frozen=True, eq=False)
class Check:
    """One hypothesis at one place.

    Args:
        hypothesis: The rule, and how it is tested.
        place: Where.
        measured: What was measured; Undefined: there is no number.
        doubt: Why a pass would mean nothing, or no bound is known; empty: nothing against it.
        needed: Gives the clusters, or rows where there are none, that would settle it with a power.
        classes: Names of the classes.
    """

    hypothesis: Hypothesis
    place: Place
    measured: Measured | Undefined
    doubt: str
    needed: Callable[[float], int | None]
    classes: tuple[str, ...]

    @cached_property
    def n_needed(self) -> int | None:
        """Return what would settle it with the power that is asked for; None: unknown."""
        return self.needed(self.hypothesis.power)

    @property
    def rule(self) -> Rule:
        """Return the rule."""
        return self.hypothesis.rule

    @property
    def metric(self) -> Metric:
        """Return the rule's metric."""
        return self.hypothesis.metric

    @property
    def name(self) -> str:
        """Return the name by which the check is known again on other rows."""
        place, rule = self.place, self.rule
        label = None if place.label is None else self.classes[place.label]
        other = place.other.key if place.other else None
        where = place_name(place.group.key, other, label)
        return check_name(rule.rule, rule.metric, rule.against, where)

    @property
    def evidence(self) -> Evidence | Undefined:
        """Return what the check rests on, of two groups that with fewer units."""
        return self.measured if isinstance(self.measured, Undefined) else self.measured.evidence

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """Return the bounds at alpha, on that side of each limit on which its test puts them."""
        if isinstance(self.measured, Undefined):
            return None
        lower, upper = self.measured.bounds(self.hypothesis.alpha)
        limits, tests = self.hypothesis.limits, self.at_limits
        if limits.lower is not None and tests[0] is not None and tests[0].rejects:
            lower = max(lower, math.nextafter(limits.lower, math.inf))
        if limits.upper is not None and tests[1] is not None and tests[1].rejects:
            upper = min(upper, math.nextafter(limits.upper, -math.inf))
        return lower, upper

    @cached_property
    def at_limits(self) -> tuple[AtLimit | None, AtLimit | None]:
        """Return the tests, at alpha, that the value lies at or beyond each limit."""
        if isinstance(self.measured, Undefined):
            return (AtLimit("none", 0.0, rejects=False), None)
        limits, alpha = self.hypothesis.limits, self.hypothesis.alpha
        return (
            None if limits.lower is None else self.measured.at_most(limits.lower, alpha),
            None if limits.upper is None else self.measured.at_least(limits.upper, alpha),
        )

    @property
    def within(self) -> bool:
        """Tell whether the bounds lie within the limits."""
        if self.hypothesis.by_e_value:
            return self.e_value >= 1 / self.hypothesis.alpha
        return all(test.rejects for test in self.at_limits if test is not None)

    @cached_property
    def e_value(self) -> float:
        """Return an e-value against "the value lies at or beyond a limit", of these rows."""
        return min(test.e_value() for test in self.at_limits if test is not None)

    @cached_property
    def of_baseline(self) -> "Check | None":
        """Return the same check of the baseline alone; None: it is not of one model's rate."""
        if isinstance(self.measured, Undefined) or self.measured.of_baseline is None:
            return None
        alone = replace(self.hypothesis, by_e_value=False)
        return replace(self, hypothesis=alone, measured=self.measured.of_baseline(), doubt="")

    @property
    def counted(self) -> float:
        """Return what these rows count for in a product: 1 where they tell nothing."""
        silent = self.doubt or isinstance(self.measured, Undefined)
        return 1.0 if silent else min(self.e_value, math.exp(LARGEST))

    @property
    def e_value_of_parts(self) -> float | None:
        """Return the product over all parts; None where rows top up nothing."""
        parts = self.hypothesis.parts
        return None if parts is None else parts.together(self.name, self.counted)

    @property
    def passes(self) -> bool:
        """Tell whether they do, and the pass is earned."""
        product = self.e_value_of_parts
        if product is not None:
            return product >= 1 / self.hypothesis.alpha
        return self.within and not self.doubt

    def fails_at(self, level: float, first: float | None = None) -> bool:
        """Tell whether harm is confirmed at a level, by bets and bounds for that asked first."""
        if isinstance(self.measured, Undefined) or self.passes:
            return False
        limits, of = self.hypothesis.limits, self.measured
        sides = 2 if limits.both else 1
        aim = (first or level) / sides
        tests = [] if limits.lower is None else [of.at_least(limits.lower, aim)]
        tests += [] if limits.upper is None else [of.at_most(limits.upper, aim)]
        return any(test.rejects_at(level / sides) for test in tests)

    @property
    def harm_likely(self) -> bool:
        """Tell whether the estimate lies beyond the limit and some harm is confirmed."""
        found, neutral = self.measured, self.hypothesis.kind.neutral
        if isinstance(found, Undefined) or found.estimate is None or neutral is None:
            return False
        limits, bounds = self.hypothesis.limits, self.bounds
        beyond = limits.broken(found.estimate, found.estimate)
        ends = (None if end is None else neutral for end in (limits.lower, limits.upper))
        return beyond and bounds is not None and Limits(*ends).broken(*bounds)

    @property
    def distance(self) -> float:
        """Return how many limits the estimate lies beyond the limit; below 0: within."""
        if isinstance(self.measured, Undefined) or self.measured.estimate is None:
            return 0.0
        value = self.measured.estimate
        return self.hypothesis.limits.beyond(value, value) / self.rule.limit


def check_all(
    hypotheses: Sequence[Hypothesis],
    comparisons: Mapping[str, PairedComparison],
    groups: Sequence[Group],
) -> list[list[Check]]:
    """Test each rule in every group or pair of groups that it binds.

    Args:
        hypotheses: The rules.
        comparisons: The candidate beside each model from which a rule counts changes.
        groups: Of the test rows.

    Raises:
        ValueError: If a rule names a column that is not there, or binds nothing; or if two groups
            have one name, under which the evidence of one would be taken for that of the other.
    """
    refuse_equal_names(groups)
    return [_test(one, comparisons[one.rule.against], groups) for one in hypotheses]


def places_of(
    hypothesis: Hypothesis, comparison: PairedComparison, groups: Sequence[Group]
) -> list[Place]:
    """Return where a rule is tested: everyone, where it names no columns, and its groups."""
    rule, kind = hypothesis.rule, hypothesis.kind
    apart = kind.of_pairs or rule.rule == "excess_loss" or rule.groups is not None
    everyone = [] if apart else [comparison.everyone()]
    named = of_columns(rule.groups, list(groups))
    return kind.places(comparison, hypothesis.metric, [*everyone, *named])


def refuse_unbound(
    hypothesis: Hypothesis, comparison: PairedComparison, groups: list[Group], places: list[Place]
) -> None:
    """Raise if a rule names a column that is not there, or binds no group and so cannot fail."""
    rule, columns = hypothesis.rule, {group.column for group in groups}
    missing = set(rule.groups or ()) - columns
    if missing:
        raise InputError(
            f"rule {rule.name} on {rule.metric} names group column {', '.join(sorted(missing))}; "
            f"the predictions have {', '.join(sorted(columns)) or 'none'}. Correct the rules."
        )
    named, classes = of_columns(rule.groups, groups), {group.question for group in groups} - {None}
    bound = any(p.group.key != POOLED or p.label in classes for p in places)
    if not bound and not any(comparison.lacks_by_design(hypothesis.metric, g) for g in named):
        raise InputError(
            f"rule {rule.name} on {rule.metric} binds no group, so it cannot fail; the predictions "
            f"have groups {', '.join(g.key for g in groups) or 'none'}. A rule on pairs needs two. "
            "Leave the rule out, or name other groups."
        )


def _test(
    hypothesis: Hypothesis, comparison: PairedComparison, groups: Sequence[Group]
) -> list[Check]:
    places = places_of(hypothesis, comparison, groups)
    refuse_unbound(hypothesis, comparison, list(groups), places)
    return [_check(hypothesis, comparison, place) for place in places]


def _check(hypothesis: Hypothesis, comparison: PairedComparison, place: Place) -> Check:
    rule, metric, kind = hypothesis.rule, hypothesis.metric, hypothesis.kind
    plan = Plan(hypothesis.alpha, hypothesis.power, rule.limit)
    measured = kind.measure(comparison, metric, place, plan)
    if isinstance(measured, Undefined):
        guess = partial(needed_of_everyone, rule, metric, comparison, hypothesis.alpha)
        return Check(hypothesis, place, measured, "", guess, comparison.classes)
    procedure = measured.evidence.procedure
    check = Check(hypothesis, place, measured, "", measured.needed, comparison.classes)
    why = procedure.why if isinstance(procedure, Unbounded) else ""
    if why and not (hypothesis.by_e_value and check.e_value):
        return replace(check, doubt=why)
    speaks_for_it = check.within if hypothesis.parts is None else check.e_value > 1
    if not speaks_for_it:
        return check
    captions = hypothesis.captions
    earned = doubt(
        comparison, kind, metric, place, limit=rule.limit, alpha=hypothesis.own_alpha,
        models=(captions.model(rule.against), captions.candidate),
    )  # fmt: skip
    return replace(check, doubt=earned)
