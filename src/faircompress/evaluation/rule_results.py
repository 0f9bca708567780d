"""Rules and their checks as the values that verdict.json holds."""

import math
from collections.abc import Sequence
from dataclasses import replace

from faircompress.evaluation import messages
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.hypotheses import Check, Hypothesis
from faircompress.evaluation.results import CheckResult, Outcome, RuleResult, worst
from faircompress.evaluation.tipping import tipping_point
from faircompress.statistics.e_values import LARGEST
from faircompress.statistics.procedures import AtLimit


def rule_result(
    hypothesis: Hypothesis,
    found: Sequence[tuple[Check, Outcome]],
    failures: Sequence[tuple[float | None, int | None]],
    comparison: PairedComparison,
) -> RuleResult:
    """Return a rule and what it comes to everywhere.

    Args:
        hypothesis: The rule.
        found: Its checks, each with its outcome.
        failures: Level at which each was rejected, for those that fail, and its place in the order.
        comparison: The models it is about.
    """
    checks = [
        replace(
            check_result(check, outcome, *failure),
            tipping=tipping_point(check, comparison, outcome, failure[0]),
        )
        for (check, outcome), failure in zip(found, failures, strict=True)
    ]
    return _rule(hypothesis, worst([outcome for _, outcome in found]), "", checks)


def not_tested(hypothesis: Hypothesis, why: str | None) -> RuleResult:
    """Return a rule that was not tested; it blocks only where a reference cannot be compared."""
    outcome = Outcome.INCONCLUSIVE if why else Outcome.NOT_TESTED
    return _rule(hypothesis, outcome, messages.not_tested(hypothesis, why), [])


def check_result(
    check: Check, outcome: Outcome, level: float | None, rank: int | None
) -> CheckResult:
    """Return a check as a value."""
    found, bounds, limits = check.measured, check.bounds, check.hypothesis.limits
    known = None if isinstance(found, Undefined) else found
    evidence = check.evidence
    place = check.place
    alone = None if outcome == Outcome.PASS else check.of_baseline
    own = alone.bounds if alone else None
    return CheckResult(
        group=place.group.key,
        other=place.other.key if place.other else None,
        subgroup=None if place.label is None else check.classes[place.label],
        estimate=known.estimate if known else None,
        lower=_finite(bounds[0]) if bounds else None,
        upper=_finite(bounds[1]) if bounds else None,
        limit_lower=limits.lower,
        limit_upper=limits.upper,
        baseline=known.evidence.baseline if known else None,
        candidate=known.evidence.candidate if known else None,
        method=_method(check),
        kind=evidence.kind,
        n=evidence.rows,
        clusters=evidence.clusters,
        effective_n=round(evidence.effective_n, 3),
        outcome=outcome,
        reason=messages.reason(check, outcome),
        statistic=next(test.statistic for test in check.at_limits if test is not None),
        at_limit_lower=_value(check.at_limits[0]),
        at_limit_upper=_value(check.at_limits[1]),
        e_value=_e_value(check),
        e_value_of_parts=check.e_value_of_parts,
        harm_likely=check.harm_likely,
        failed_at=level,
        rank=rank,
        smallest_limit=known.smallest_limit if known else None,
        n_needed=check.n_needed,
        baseline_lower=own[0] if own else None,
        baseline_upper=own[1] if own else None,
    )


def _method(check: Check) -> str | None:
    if isinstance(check.measured, Undefined):
        return None
    evidence = check.measured.evidence
    same = evidence.same_file and check.hypothesis.kind.of_changes
    return "identity" if same else evidence.method


def _e_value(check: Check) -> float | None:
    if not check.hypothesis.by_e_value:
        return None
    if check.hypothesis.parts is not None:
        return check.counted
    return 0.0 if check.doubt else min(check.e_value, math.exp(LARGEST))


def _value(test: AtLimit | None) -> float | None:
    return None if test is None else _finite(test.value)


def _finite(number: float) -> float | None:
    return number if abs(number) < float("inf") else None


def _rule(
    hypothesis: Hypothesis, outcome: Outcome, reason: str, checks: list[CheckResult]
) -> RuleResult:
    rule, metric = hypothesis.rule, hypothesis.metric
    return RuleResult(
        rule=rule.rule,
        metric=rule.metric,
        title=metric.title,
        better=metric.better,
        against=rule.against,
        limit=rule.limit,
        confidence=round(1 - hypothesis.alpha, 12),
        alpha=hypothesis.alpha,
        columns=rule.groups,
        because=rule.because,
        description=messages.description(hypothesis),
        outcome=outcome,
        reason=reason,
        checks=checks,
    )
