"""A candidate that is better than its baseline as surely as harm fails: were they exchanged?"""

from faircompress.auditing.spelling import spelt
from faircompress.config.rules import BASELINE
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import CheckResult, Outcome
from faircompress.evaluation.verdict import Verdict


def exchanged(verdict: Verdict) -> list[str]:
    """Return what to look at before a release where the other way round would be confirmed harm.

    Args:
        verdict: Of an audit; only a pass is doubted.
    """
    if verdict.outcome != Outcome.PASS:
        return []
    found = [
        f"{rule.title} {'over all rows' if check.group == POOLED else f'in {check.group}'}"
        for rule in verdict.rules
        if rule.rule == "change" and rule.against == BASELINE
        for check in rule.checks
        if _better(check, rule.better, rule.limit)
    ]
    if not found:
        return []
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return [
        f"See that {spelt('baseline')} and {spelt('candidate')} are the right way round: the "
        f"candidate is better by more than the limit, surely, in {', '.join(found[:2])}{more}. If "
        "they are exchanged, this pass is a confirmed harm."
    ]


def _better(check: CheckResult, better: str, limit: float) -> bool:
    if check.lower is None or check.upper is None:
        return False
    return check.lower > limit if better == "higher" else better == "lower" and check.upper < -limit
