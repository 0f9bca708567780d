"""Findings and rates as plain values, as they stand in verdict.json."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from faircompress import plugins
from faircompress.metrics import Metric
from faircompress.verdict import RIVALS, Gate, words
from faircompress.verdict.budgets import Bill
from faircompress.verdict.crosscheck import CrossChecks
from faircompress.verdict.evidence import Evidence
from faircompress.verdict.findings import FAIL, INCONCLUSIVE, Finding, Terms
from faircompress.verdict.groups import Group
from faircompress.verdict.hearing import Hearing
from faircompress.verdict.putting import natural_bounds
from faircompress.verdict.reported import reported

CONFIDENCE = 0.95  # of the bounds in ``groups`` where no rule on changes states another
Word = Literal["pass", "fail", "inconclusive"]
Json = dict[str, Any]


def whole(found: Sequence[str]) -> Word:
    """Join words: one failure fails, one doubt leaves it open; what is not judged says nothing."""
    if FAIL in found:
        return "fail"
    return "inconclusive" if INCONCLUSIVE in found else "pass"


def rule_values(told: list[tuple[Finding, Word]]) -> Json:
    """Return a rule and what it finds in each group or pair."""
    return {
        **_rule(told[0][0].terms),
        "verdict": whole([word for _, word in told]),
        "findings": [_finding(f, word) for f, word in told],
    }


def not_judged(terms: Terms, barred: str | None) -> Json:
    """Return a rule that was not put, and why; it blocks only where a rival cannot be asked."""
    reason = words.not_judged(terms.rule, terms.metric, barred)
    return {**_rule(terms), "verdict": INCONCLUSIVE if barred else "not judged", "reason": reason}


def _rule(terms: Terms) -> Json:
    rule, metric = terms.rule, terms.metric
    return {
        "metric": rule.metric,
        "title": metric.title,
        "better": metric.better,
        "binds": rule.binds,
        "limit": rule.limit,
        "confidence": round(1 - terms.alpha, 12),
        "alpha": terms.alpha,
        "columns": rule.groups,
        "reads": words.reads(rule, metric),
    }


def _finding(finding: Finding, word: Word) -> Json:
    evidence, rule = finding.evidence, finding.rule
    down = finding.metric.better == "higher" and rule.binds in ("change", "excess", *RIVALS)
    known = evidence if isinstance(evidence, Evidence) else None
    return {
        "group": finding.group.key,
        "other": finding.other.key if finding.other else None,
        "estimate": finding.estimate,
        "lower": finding.lower,
        "upper": finding.upper,
        "limit": rule.limit,
        "line": -rule.limit if down else rule.limit,
        "method": _method(known, rule.binds) if known else None,
        "kind": evidence.kind,
        "rows": evidence.rows,
        "people": evidence.people,
        "units": round(evidence.units, 3),
        "verdict": word,
        "reason": words.reason(finding, word),
        "smallest_certifiable_limit": finding.smallest_limit,
        "units_needed": finding.units_needed,
    }


def _method(evidence: Evidence, binds: str) -> str:
    return "identity" if evidence.same_file and binds != "floor" else evidence.method


def group_values(
    group: Group, hearings: Mapping[str, Hearing], gate: Gate, look: int | None
) -> Json:
    """Return all rates of a group, with bounds at what this look may spend.

    Rates of the champion and the anchor stand beside them where a rule binds these.
    """
    hearing, rivals = hearings["dense"], {n: h for n, h in hearings.items() if n in RIVALS}
    question = group.question if group.question is not None else 1
    told = group.question is not None or len(hearing.classes) == 2
    positives = int((hearing.dense.labels[group.rows] == question).sum()) if told else None
    names = plugins.names("metrics")
    return {
        "group": group.key,
        "column": group.column,
        "rows": len(group.rows),
        "people": hearing.people(group.rows),
        "units": round(hearing.units(group.rows), 3),
        "positives": positives,
        "negatives": None if positives is None else len(group.rows) - positives,
        "metrics": {
            name: _rates(name, group, hearing, gate, look)
            | _of_rivals(name, group, hearing, rivals)
            for name in names
        },
        "reported": reported(hearing, group),
    }


def _rates(name: str, group: Group, hearing: Hearing, gate: Gate, look: int | None) -> Json:
    metric: Metric = plugins.find("metrics", name)
    stated = [r.confidence for r in gate.harms if (r.metric, r.binds) == (name, "change")]
    alpha = gate.alpha(max(stated, default=CONFIDENCE), look)
    evidence = hearing.evidence(metric, group)
    counts = {
        "rows": evidence.rows,
        "people": evidence.people,
        "units": round(evidence.units, 3),
        "kind": evidence.kind,
        "better": metric.better,
        "title": metric.title,
        "confidence": round(1 - alpha, 12),
    }
    if not isinstance(evidence, Evidence):
        keys = ("dense", "pruned", "change", "lower", "upper", "method", "bootstrap", "delong")
        empty = dict.fromkeys(keys)
        return {**empty, **counts, "left_out": [], "undefined": evidence.why}
    lower, upper = natural_bounds(evidence, metric, alpha)
    return {
        "dense": evidence.dense,
        "pruned": evidence.pruned,
        "change": evidence.pruned - evidence.dense,
        "lower": lower,
        "upper": upper,
        "method": _method(evidence, "change"),
        **_crosschecks(hearing.crosschecks(metric, group, evidence.left_out, alpha)),
        **counts,
        "left_out": list(evidence.left_out),
        "undefined": None,
    }


def _of_rivals(
    name: str, group: Group, hearing: Hearing, rivals: Mapping[str, Hearing]
) -> dict[str, float | None]:
    metric: Metric = plugins.find("metrics", name)
    known = hearing.evidence(metric, group)
    if not isinstance(known, Evidence):
        return dict.fromkeys(rivals)
    return {n: h.rate_of_dense(metric, group, known.left_out) for n, h in rivals.items()}


def _crosschecks(found: CrossChecks) -> Json:
    """Return the intervals drawn beside the deciding one."""
    pairs = (("bootstrap", found.bootstrap), ("delong", found.delong))
    return {name: None if interval is None else list(interval) for name, interval in pairs}


def bill_values(bill: Bill) -> Json:
    """Return a rule on cost and what it finds."""
    return {
        **bill.budget.model_dump(),
        "reads": bill.reads,
        "verdict": bill.verdict,
        "reason": bill.reason,
        "estimate": bill.estimate,
        "lower": bill.lower,
        "upper": bill.upper,
    }
