"""The check that decides a verdict: who is served worst, against which limit."""

import math

from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import CheckResult, Outcome, RuleResult
from faircompress.evaluation.rules import Limits
from faircompress.evaluation.verdict import Verdict

SEVERITY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
Worst = tuple[RuleResult, CheckResult]


def worst_check(verdict: Verdict) -> Worst | None:
    """Return the check that decided; None: no check.

    Of a pass it is the nearest to its limit, of a fail the furthest beyond, and where a verdict is
    open that whose bounds reach furthest beyond. Of those that came out as the verdict did, and of
    groups before all rows, where there are any.
    """
    found = [(rule, check) for rule in verdict.tested for check in rule.checks]
    groups = [one for one in found if one[1].group != POOLED and one[1].estimate is not None]
    first = [one for one in groups if one[1].outcome == verdict.outcome]
    by = in_doubt if verdict.outcome == Outcome.INCONCLUSIVE else room
    return min(first or groups or found, key=lambda one: by(*one), default=None)


def worst_of(rule: RuleResult) -> CheckResult | None:
    """Return the check of a rule that is worst; None: it was not tested."""
    return min(rule.checks, key=lambda check: _order(rule, check), default=None)


def _order(rule: RuleResult, check: CheckResult) -> tuple[int, float]:
    return SEVERITY.index(check.outcome), room(rule, check)


def room(rule: RuleResult, check: CheckResult) -> float:
    """Return how far the estimate is inside the limit, in limits; below 0: outside."""
    if check.estimate is None:
        return math.inf
    inside = -_limits(check).beyond(check.estimate, check.estimate)
    return min(inside, abs(rule.limit)) / (abs(rule.limit) or 1.0)


def in_doubt(rule: RuleResult, check: CheckResult) -> float:
    """Return how far the bounds are inside the limit, in limits; below 0: outside."""
    return -_limits(check).beyond(check.lower, check.upper) / (abs(rule.limit) or 1.0)


def _limits(check: CheckResult) -> Limits:
    return Limits(check.limit_lower, check.limit_upper)
