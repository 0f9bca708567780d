"""What the confidence claims, and what a fail asks for beyond the bounds that are drawn."""

from collections.abc import Sequence

from faircompress.config import plugins
from faircompress.evaluation.fail_order import HOLM
from faircompress.evaluation.results import CheckResult, Outcome, RuleResult
from faircompress.evaluation.rules import Kind
from faircompress.evaluation.verdict import Verdict
from faircompress.statistics import multiplicity
from faircompress.support.number_text import percent

Checks = Sequence[tuple[RuleResult, CheckResult]]


def claim(verdict: Verdict) -> str:
    """Say in plain words what the outcome claims at its confidence, and what not; or nothing.

    Where looks are earned, the verdict has words of its own: it claims something else.
    """
    checks = _checks(verdict)
    decided = any(check.outcome == verdict.outcome for _, check in checks)
    if not decided or (not verdict.parts and any(c.e_value is not None for _, c in checks)):
        return ""
    error = max(rule.alpha for rule, _ in checks)
    start, times = f"At {percent(1 - error)} confidence", f"at most {_times(error)}"
    return {
        Outcome.PASS: f"{start}: if a limit were in truth broken in any group, a test like this "
        f"would pass {times}. It does not say that nobody is harmed: harm within the limits may "
        "be there.",
        Outcome.FAIL: f"{start}: if no limit were in truth broken in any group, a test like this "
        f"would find one broken {times}.",
        Outcome.INCONCLUSIVE: f"{start}: a pass may be wrong {times}, and so may a fail; these "
        f"{verdict.captions.rows} allow neither.",
    }[Outcome(verdict.outcome)]


def beyond_bounds(check: CheckResult) -> bool:
    """Tell whether the bounds that are drawn lie wholly beyond a limit."""
    low, high = check.limit_lower, check.limit_upper
    return (low is not None and check.upper is not None and check.upper < low) or (
        high is not None and check.lower is not None and check.lower > high
    )


def open_beyond(verdict: Verdict, rule: RuleResult, check: CheckResult) -> str:
    """Say why a check is open though its bounds lie beyond the limit; empty: they do not."""
    if check.outcome != Outcome.INCONCLUSIVE or not beyond_bounds(check):
        return ""
    level = fail_level(verdict, rule, check)
    more = "more" if level is None else _percent(1 - level)
    return f"beyond at {percent(rule.confidence)}, but a fail here needs {more}"


def fail_level(verdict: Verdict, rule: RuleResult, check: CheckResult) -> float | None:
    """Return the chance of error at which harm is confirmed in a check; None: not known.

    It is smaller than that of the bounds, since the checks that did not fail share it.
    """
    if verdict.parts:
        return None
    remaining = [one for one in _checks(verdict) if one[1].failed_at is None]
    if verdict.failures == HOLM:
        share = 1 / len(remaining)
    else:
        ordered = sorted(remaining, key=lambda one: one[1].rank or 0)
        at = next(k for k, one in enumerate(ordered) if one[1] is check)
        tests = [multiplicity.Check(bool, r.alpha, _of_pairs(r)) for r, _ in ordered]
        share = multiplicity.halving_shares(tests, list(range(len(tests))))[at]
    both = check.limit_lower is not None and check.limit_upper is not None
    return share * rule.alpha / (2 if both else 1)


def _times(error: float) -> str:
    """Write a chance of error as people say it: 0.025 as 2.5 times in 100."""
    among = 100 if error >= 0.01 else 1000 if error >= 0.001 else 100_000
    return f"{error * among:.3g} times in {among:,}"


def _percent(confidence: float) -> str:
    """Write a confidence near 1 with two digits of what it leaves."""
    return f"{100 - float(f'{100 * (1 - confidence):.2g}'):.10g} %"


def _of_pairs(rule: RuleResult) -> bool:
    kind: Kind = plugins.find("rules", rule.rule)
    return kind.of_pairs


def _checks(verdict: Verdict) -> Checks:
    return [(rule, check) for rule in verdict.tested for check in rule.checks]
