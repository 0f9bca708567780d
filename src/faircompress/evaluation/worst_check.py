"""The check that decides a verdict in a few words: who is served worst, against which limit."""

from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import CheckResult, Outcome, RuleResult
from faircompress.evaluation.verdict import Verdict

SEVERITY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
Worst = tuple[RuleResult, CheckResult]


def worst_check(verdict: Verdict) -> Worst | None:
    """Return the check that decided: nearest to its limit or furthest beyond; None: no check.

    Of those that came out as the verdict did, and of groups before all rows, where there are any.
    """
    found = [(rule, check) for rule in verdict.tested for check in rule.checks]
    groups = [one for one in found if one[1].group != POOLED and one[1].estimate is not None]
    first = [one for one in groups if one[1].outcome == verdict.outcome]
    return min(first or groups or found, key=lambda one: room(*one), default=None)


def worst_of(rule: RuleResult) -> CheckResult | None:
    """Return the check of a rule that is worst; None: it was not tested."""
    return min(rule.checks, key=lambda check: _order(rule, check), default=None)


def _order(rule: RuleResult, check: CheckResult) -> tuple[int, float]:
    return SEVERITY.index(check.outcome), room(rule, check)


def room(rule: RuleResult, check: CheckResult) -> float:
    """Return how far the estimate is inside the limit, in limits; below 0: outside."""
    if check.estimate is None:
        return float("inf")
    rooms = [abs(rule.limit)]
    if check.limit_lower is not None:
        rooms.append(check.estimate - check.limit_lower)
    if check.limit_upper is not None:
        rooms.append(check.limit_upper - check.estimate)
    return min(rooms) / (abs(rule.limit) or 1.0)


def worst_sentence(verdict: Verdict) -> str:
    """Return what was found where it is worst, and what is allowed there; empty: no check."""
    found = worst_check(verdict)
    if found is None:
        return ""
    rule, check = found
    return f"{rule.title} {_where(check)}: {observed(rule, check)}, allowed {allowed(rule, check)}"


def _where(check: CheckResult) -> str:
    """Return where; a subgroup's name says "blond in hair=short" already."""
    return f"of {check.place}" if check.subgroup else f"in {check.place}"


def observed(rule: RuleResult, check: CheckResult) -> str:
    """Return the estimate, with both rates where it is their difference."""
    if check.estimate is None:
        return "undefined"
    if rule.rule == "change" and check.baseline is not None and check.candidate is not None:
        return f"{check.baseline:.3f} -> {check.candidate:.3f} ({check.estimate:+.3f})"
    return f"{check.estimate:.3f}"


def allowed(rule: RuleResult, check: CheckResult) -> str:
    """Return the limits of a check in a few words."""
    sign = "+" if rule.rule in ("change", "disparity_change") else ""
    low, high = check.limit_lower, check.limit_upper
    if low is not None and high is not None:
        return f"{low:{sign}g} to {high:{sign}g}"
    if low is not None:
        return f"at least {low:{sign}g}"
    return f"at most {high:{sign}g}" if high is not None else "anything"
