"""The few numbers by which runs are compared: one pair for each rule of the gate."""

from faircompress.evaluation.results import Outcome, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.worst_check import room, worst_of

SETTLED = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


def gated_numbers(verdict: Verdict) -> dict[str, float]:
    """Return what each rule found where it is worst, and which share of its limit that is.

    Returns:
        ``worst.change.auroc`` and ``limit_used.change.auroc``, for each rule that was tested; more
        than 1 is beyond the limit. Then ``accuracy.baseline`` and ``accuracy.candidate`` of all
        rows, and ``checks.fail``, ``checks.inconclusive``, ``checks.pass``.
    """
    found: dict[str, float] = {}
    for rule in sorted(verdict.tested, key=lambda one: -_used(one)):
        check = worst_of(rule)
        if check is None or check.estimate is None:
            continue
        name = _name(rule)
        found.setdefault(f"worst.{name}", check.estimate)
        found.setdefault(f"limit_used.{name}", _used(rule))
    outcomes = [check.outcome for rule in verdict.rules for check in rule.checks]
    found |= {f"checks.{name}": sum(one == name for one in outcomes) for name in SETTLED}
    accuracy = verdict.groups[0].metrics.get("accuracy")
    for side in ("baseline", "candidate"):
        rate = getattr(accuracy, side, None)
        if rate is not None:
            found[f"accuracy.{side}"] = rate
    return found


def _used(rule: RuleResult) -> float:
    check = worst_of(rule)
    return 1 - room(rule, check) if check and check.estimate is not None else 0.0


def _name(rule: RuleResult) -> str:
    against = "" if rule.against in ("", "baseline") else f".{rule.against}"
    return f"{rule.rule}.{rule.metric}{against}"
