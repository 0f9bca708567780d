"""What was found, by rule, check, group and cost: frozen values, as in verdict.json.

Numbers are in natural units: a change is candidate minus baseline, whatever is better.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Json = dict[str, Any]
Better = Literal["higher", "lower", "neither"]


class Outcome(StrEnum):
    """What a check, a rule or the verdict comes to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not tested"  # of a rule alone: there is nothing to compare with yet


def place_name(group: str, other: str | None, subgroup: str | None) -> str:
    """Return a group, subgroup or pair by name."""
    name = f"{group} against {other}" if other else group
    return f"{subgroup} in {name}" if subgroup else name


def check_name(rule: str, metric: str, against: str, place: str) -> str:
    """Return the name by which a check is known again on other rows."""
    return f"{rule} {metric} against {against}: {place}"


@dataclass(frozen=True)
class TippingPoint:
    """How many test labels would have to be wrong for a check to come out otherwise.

    Args:
        test: Fewest under which a pass is none, or a failure is none; None: see ``why``.
        estimate: Fewest that bring the estimate to the limit.
        why: Why there is no number; else empty.
    """

    __pydantic_config__ = STRICT

    test: int | None
    estimate: int | None
    why: str = ""


@dataclass(frozen=True)
class CheckResult:
    """A rule in one group, subgroup or pair of groups.

    Args:
        group: Such as ``skin=dark``; ``all``: all rows.
        other: The second group of a pair.
        subgroup: The class of the group's rows, for flips.
        estimate: What was found; None: undefined.
        lower: Its bound from below, at the rule's alpha.
        upper: Its bound from above, at the rule's alpha.
        limit_lower: The least value allowed; None: no limit on this side.
        limit_upper: The largest value allowed.
        baseline: The baseline's rate; of a pair, of the group with fewer units.
        candidate: The candidate's.
        method: Name of the bounds' method; None: undefined.
        kind: Class of the rows that the metric conditions on; empty: all classes.
        n: Rows that it conditions on, of two sides the rarer.
        clusters: Clusters among them; None: each row is its own.
        effective_n: Independent units of equal weight that carry as much.
        outcome: Pass, fail or inconclusive.
        reason: Why, in a sentence or two.
        statistic: What the tests at the limits are: ``tail`` (rejects at alpha or below),
            ``wealth`` (at 1 / alpha or above), ``bounds`` (beyond the limit), ``identity``.
        at_limit_lower: That statistic against "at or below the lower limit".
        at_limit_upper: That statistic against "at or above the upper limit".
        e_value: Against "at or beyond a limit", where looks are earned or topped up; 0: a pass is
            not earned.
        e_value_of_parts: Its product over all parts of a look that rows top up.
        rank: Place in the order in which failures are confirmed, from 1; None: Holm.
        harm_likely: The estimate lies beyond the limit, and some harm is confirmed.
        failed_at: Level at which harm beyond the limit was confirmed.
        smallest_limit: The smallest limit that these rows can certify.
        n_needed: Clusters, or rows where there are none, that would settle it.
        baseline_lower: Of a minimum that is not passed, the baseline's own rate bounded from below.
        baseline_upper: And from above, on the same rows at the same alpha.
        tipping: Wrong labels that would tip it; None: it is open, or not on decided rates.
    """

    __pydantic_config__ = STRICT

    group: str
    other: str | None
    subgroup: str | None
    estimate: float | None
    lower: float | None
    upper: float | None
    limit_lower: float | None
    limit_upper: float | None
    baseline: float | None
    candidate: float | None
    method: str | None
    kind: str
    n: int
    clusters: int | None
    effective_n: float
    outcome: Outcome
    reason: str
    statistic: str = "none"
    at_limit_lower: float | None = None
    at_limit_upper: float | None = None
    e_value: float | None = None
    e_value_of_parts: float | None = None
    rank: int | None = None
    harm_likely: bool = False
    failed_at: float | None = None
    smallest_limit: float | None = None
    n_needed: int | None = None
    baseline_lower: float | None = None
    baseline_upper: float | None = None
    tipping: TippingPoint | None = None

    @property
    def place(self) -> str:
        """Return the group, subgroup or pair by name."""
        return place_name(self.group, self.other, self.subgroup)


@dataclass(frozen=True)
class RuleResult:
    """A rule on groups, and what it comes to everywhere.

    Args:
        rule: Kind of rule.
        metric: Its metric.
        title: The metric in a sentence.
        better: Direction in which the metric gets better.
        against: Model from which changes are counted.
        limit: Of the rule.
        confidence: One-sided, of each check's bounds at this look.
        alpha: 1 minus it.
        columns: Group columns that it binds; None: all.
        because: Why this limit.
        description: What it demands.
        outcome: Of all checks together.
        reason: Why it was not tested; else empty.
        checks: One a place; empty: not tested.
    """

    __pydantic_config__ = STRICT

    rule: str
    metric: str
    title: str
    better: Better
    against: str
    limit: float
    confidence: float
    alpha: float
    columns: list[str] | None
    because: str
    description: str
    outcome: Outcome
    reason: str
    checks: list[CheckResult]

    def name_of(self, check: CheckResult) -> str:
        """Return the name by which a check of this rule is known again on other rows."""
        return check_name(self.rule, self.metric, self.against, check.place)

    @property
    def two_sided(self) -> bool:
        """Tell whether values are limited on both sides."""
        return self.rule in ("disparity_change", "gap", "ratio") or (
            self.rule == "change" and self.better == "neither"
        )


@dataclass(frozen=True)
class MetricResult:
    """Both models' rates of a group; bounds of the change where a rule tests the metric.

    Args:
        title: The metric in a sentence.
        better: Direction in which it gets better.
        baseline: The baseline's rate; None: undefined.
        candidate: The candidate's.
        change: Candidate minus baseline.
        lower: Bound of the change from below; None: no rule tests it.
        upper: Bound from above.
        confidence: One-sided, of the bounds.
        method: Name of their method.
        kind: Class of the rows that it conditions on; empty: all classes.
        n: Rows that it conditions on.
        clusters: Clusters among them.
        effective_n: Independent units of equal weight that carry as much.
        left_out: Classes left out of a mean over classes.
        undefined: Why there is no rate.
        bootstrap: Another interval, which decides nothing.
        delong: Another interval, which decides nothing.
        references: Rates of other models, by name.
    """

    __pydantic_config__ = STRICT

    title: str
    better: Better
    baseline: float | None
    candidate: float | None
    change: float | None
    lower: float | None
    upper: float | None
    confidence: float | None
    method: str | None
    kind: str
    n: int
    clusters: int | None
    effective_n: float
    left_out: list[str] = field(default_factory=list)
    undefined: str | None = None
    bootstrap: list[float] | None = None
    delong: list[float] | None = None
    references: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupResult:
    """All rates of a group.

    Args:
        group: Its name; ``all``: all rows.
        column: Its column.
        rows: Its rows.
        clusters: Clusters among them; None: each row is its own.
        effective_n: Kish's number of independent units.
        positives: Rows of the positive class; None: there are several classes.
        negatives: The others.
        caps: The most that a cluster weighs, by class, by ``not `` and class, and ``all``; None:
            rows are alike.
        metrics: By name.
        reported: Numbers that no rule tests: ``evaluation/reported.py``.
    """

    __pydantic_config__ = STRICT

    group: str
    column: str
    rows: int
    clusters: int | None
    effective_n: float
    positives: int | None
    negatives: int | None
    caps: dict[str, float] | None
    metrics: dict[str, MetricResult]
    reported: Json


@dataclass(frozen=True)
class CostResult:
    """A rule on what the file costs, and what it comes to.

    Args:
        rule: ``latency`` or ``size``.
        limit: A share of the baseline's, or an amount.
        batch: Rows a run, of a latency.
        hardware: Where it is tested; None: anywhere.
        because: Why this limit.
        description: What it demands.
        outcome: What it comes to.
        reason: Why.
        estimate: A share of the baseline's cost, or bytes, or milliseconds.
        lower: Lower end of its interval; None: so few runs have none.
        upper: Upper end.
    """

    __pydantic_config__ = STRICT

    rule: str
    limit: float | str
    batch: int
    hardware: str | None
    because: str
    description: str
    outcome: Outcome
    reason: str
    estimate: float | None
    lower: float | None
    upper: float | None


def worst(outcomes: list[Outcome]) -> Outcome:
    """Join outcomes: one failure fails, one doubt leaves it open; not tested says nothing."""
    for one in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        if one in outcomes:
            return one
    return Outcome.PASS
