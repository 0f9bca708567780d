"""A verdict as two small tables for ``dvc plots``: rates by group, and how near limits are."""

from typing import Any

from faircompress.config.rules import BASELINE
from faircompress.evaluation.captions import group_phrase
from faircompress.evaluation.results import CheckResult, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.worst_check import room

Rows = list[dict[str, Any]]
MOST = 16  # checks in a plot


def rates_by_group(verdict: Verdict) -> Rows:
    """Return a row for each group and model, with all rates."""
    names = list(dict.fromkeys(name for group in verdict.groups for name in group.metrics))
    return [
        {"group": f"{group.group}, {caption}", "model": caption}
        | {
            name: getattr(group.metrics[name], side) if name in group.metrics else None
            for name in names
        }
        for group in verdict.groups
        for side, caption in (
            ("baseline", verdict.captions.baseline),
            ("candidate", verdict.captions.candidate),
        )
    ]


def limits_used(verdict: Verdict) -> Rows:
    """Return a row for each check: which share of its limit the estimate uses; above 1: beyond.

    Of many checks those are kept that use most: more names than that cover each other.
    """
    found: Rows = [
        {
            "check": _named(rule, check),
            "share of the limit": round(1 - room(rule, check), 4),
            "outcome": str(check.outcome),
        }
        for rule in verdict.tested
        for check in rule.checks
        if check.estimate is not None
    ]
    return sorted(found, key=lambda row: -row["share of the limit"])[:MOST]


def _named(rule: RuleResult, check: CheckResult) -> str:
    """Name a check as people do: "hair=short: AUROC"."""
    named = rule.rule in ("change", "flips")  # "newly wrong share" says it
    kind = "" if named else f", {rule.rule.replace('_', ' ')}"
    against = "" if rule.against == BASELINE else f" from the {rule.against.replace('_', ' ')}"
    return f"{group_phrase(check.place)}: {rule.title}{kind}{against}"
