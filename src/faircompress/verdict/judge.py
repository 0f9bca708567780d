"""The verdict: may this pruned file go out?"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from faircompress import plugins
from faircompress.metrics import Metric
from faircompress.params import Gate
from faircompress.predictions import Predictions, check, check_pair
from faircompress.verdict import words
from faircompress.verdict.evidence import Evidence
from faircompress.verdict.findings import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    Finding,
    confirmed_failures,
    find_all,
    natural_bounds,
)
from faircompress.verdict.groups import Group, groups_of
from faircompress.verdict.hearing import Hearing, hear
from faircompress.verdict.rates import most_accurate_threshold

SCHEMA: Literal[1] = 1
CONFIDENCE = 0.95  # of the bounds in ``groups`` where no rule on changes states another
Word = Literal["pass", "fail", "inconclusive"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The judge's word and everything a reader needs to check it. Plain values, never NaN.

    Numbers are in natural units: a change is pruned minus dense, whatever is better.

    Args:
        schema: Version of this shape.
        verdict: Pass: all checks passed. Fail: harm is confirmed in at least one.
        sentence: The verdict in one sentence.
        reasons: One sentence for each check that did not pass, worst first.
        next: What to do, most useful first.
        rules: The rules with their findings; see ``_rule``.
        groups: All rates of all groups, all rows first; see ``_group``.
        thresholds: Of the two-class decision; None for more classes.
        models: sha256 of both files.
        data: sha256 of the data set.
        classes: Names of the classes.
        positive: Name of the positive class, if there are two.
        rows: Rows of the test set.
        checks: Pairs of a rule and a group (or two), over which failures were corrected.
        power: With which the counts hold.
        assumption: What the counts rest on.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    schema: Literal[1]
    verdict: Word
    sentence: str
    reasons: list[str]
    next: list[str]
    rules: list[Json]
    groups: list[Json]
    thresholds: dict[str, float | None]
    models: dict[str, str]
    data: str
    classes: list[str]
    positive: str | None
    rows: int
    checks: int
    power: float
    assumption: str

    def to_json(self) -> Json:
        """Return the verdict as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Json) -> "Verdict":
        """Read a verdict; refuse another schema, missing or unknown keys."""
        try:
            return TypeAdapter(cls).validate_python(raw, strict=False)
        except ValidationError as error:
            places = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise ValueError(
                f"this is no verdict of schema {SCHEMA}: {'; '.join(places)}. Judge again."
            ) from None


def judge(
    dense: Predictions,
    pruned: Predictions,
    gate: Gate,
    *,
    validation: tuple[Predictions, Predictions],
) -> Verdict:
    """Decide whether a pruned file harms no group more than the rules allow.

    Each rule is put to each group. It passes where the bound of the harm lies within the limit,
    fails where harm beyond it is confirmed after Holm's correction over all checks, and is
    inconclusive otherwise. All must pass for a pass, so passing needs no correction
    (intersection-union). Alpha is for one look at one test set.

    Args:
        dense: The dense file's word on the test split.
        pruned: The pruned file's, on the same rows.
        gate: Rules, threshold and power.
        validation: Both files' word on the validation split, dense first.

    Raises:
        ValueError: If predictions are unfit, do not belong together, or a rule cannot be put.
    """
    _check(dense, pruned, validation, gate)
    thresholds = _thresholds(gate, dense, validation)
    hearing = hear(dense, pruned, thresholds)
    groups = groups_of(dense, intersections=gate.intersections)
    per_rule = find_all(gate.rules, hearing, groups, gate.power)
    findings = [finding for found in per_rule for finding in found]
    failed = confirmed_failures(findings)
    told = [(f, _word(f, i in failed)) for i, f in enumerate(findings)]
    left = iter(told)
    return _verdict(
        told,
        rules=[_rule([next(left) for _ in found], gate.power) for found in per_rule],
        groups=[_group(g, hearing, gate) for g in (hearing.everyone(), *groups)],
        thresholds=thresholds,
        models=(dense, pruned),
        power=gate.power,
    )


def _verdict(
    told: list[tuple[Finding, Word]],
    *,
    rules: list[Json],
    groups: list[Json],
    thresholds: tuple[float | None, float | None],
    models: tuple[Predictions, Predictions],
    power: float,
) -> Verdict:
    word, dense = _whole([word for _, word in told]), models[0]
    worst_first = sorted(told, key=lambda one: (one[1] != FAIL, -one[0].excess))
    return Verdict(
        schema=SCHEMA,
        verdict=word,
        sentence=words.headline(word, worst_first),
        reasons=[words.reason(f, w, power) for f, w in worst_first if w != PASS],
        next=words.what_next(word, worst_first),
        rules=rules,
        groups=groups,
        thresholds=dict(zip(("dense", "pruned"), thresholds, strict=True)),
        models={"dense": dense.model, "pruned": models[1].model},
        data=dense.data,
        classes=list(dense.classes),
        positive=dense.classes[1] if len(dense.classes) == 2 else None,
        rows=len(dense.ids),
        checks=len(told),
        power=power,
        assumption=words.assumption(power),
    )


def _check(
    dense: Predictions, pruned: Predictions, validation: tuple[Predictions, Predictions], gate: Gate
) -> None:
    for predictions in (dense, pruned, *validation):
        check(predictions)
    check_pair(dense, pruned)
    check_pair(*validation)
    for name, test, tuned in zip(("dense", "pruned"), (dense, pruned), validation, strict=True):
        if test.model != tuned.model or test.classes != tuned.classes:
            raise ValueError(
                f"{name} validation predictions are of file {tuned.model} and classes "
                f"{tuned.classes}, test predictions of {test.model} and {test.classes}; they must "
                "be of the same file. Run export again."
            )
    shared = np.intersect1d(dense.ids, validation[0].ids)
    if gate.threshold == "validation" and len(shared):
        raise ValueError(
            f"{len(shared)} rows, such as {str(shared[0])!r}, are in validation and test; a "
            "threshold may not be chosen on test rows. Correct the splits."
        )


def _thresholds(
    gate: Gate, dense: Predictions, validation: tuple[Predictions, Predictions]
) -> tuple[float | None, float | None]:
    if len(dense.classes) != 2:
        return None, None
    if gate.threshold == "validation":
        return most_accurate_threshold(validation[0]), most_accurate_threshold(validation[1])
    return gate.threshold, gate.threshold


def _word(finding: Finding, failed: bool) -> Word:
    if finding.passes:
        return "pass"
    return "fail" if failed else "inconclusive"


def _whole(found: list[Word]) -> Word:
    if FAIL in found:
        return "fail"
    return "inconclusive" if INCONCLUSIVE in found else "pass"


def _rule(told: list[tuple[Finding, Word]], power: float) -> Json:
    rule, metric = told[0][0].rule, told[0][0].metric
    return {
        "metric": rule.metric,
        "title": metric.title,
        "better": metric.better,
        "binds": rule.binds,
        "limit": rule.limit,
        "confidence": rule.confidence,
        "columns": rule.groups,
        "reads": words.reads(rule, metric),
        "verdict": _whole([word for _, word in told]),
        "findings": [_finding(f, word, power) for f, word in told],
    }


def _finding(finding: Finding, word: Word, power: float) -> Json:
    evidence, rule = finding.evidence, finding.rule
    down = finding.metric.better == "higher" and rule.binds == "change"
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
        "reason": words.reason(finding, word, power),
        "smallest_certifiable_limit": finding.smallest_limit,
        "units_needed": finding.units_needed,
    }


def _method(evidence: Evidence, binds: str) -> str:
    return "identity" if evidence.same_file and binds != "floor" else evidence.method


def _group(group: Group, hearing: Hearing, gate: Gate) -> Json:
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
        "metrics": {name: _rates(name, group, hearing, gate) for name in names},
    }


def _rates(name: str, group: Group, hearing: Hearing, gate: Gate) -> Json:
    metric: Metric = plugins.find("metrics", name)  # type: ignore[assignment]
    stated = [r.confidence for r in gate.rules if (r.metric, r.binds) == (name, "change")]
    confidence = max(stated, default=CONFIDENCE)
    evidence = hearing.evidence(metric, group)
    counts = {
        "rows": evidence.rows,
        "people": evidence.people,
        "units": round(evidence.units, 3),
        "kind": evidence.kind,
        "better": metric.better,
        "title": metric.title,
        "confidence": confidence,
    }
    if not isinstance(evidence, Evidence):
        empty = dict.fromkeys(("dense", "pruned", "change", "lower", "upper", "method"))
        return {**empty, **counts, "left_out": [], "undefined": evidence.why}
    lower, upper = natural_bounds(evidence, metric, round(1 - confidence, 12))
    return {
        "dense": evidence.dense,
        "pruned": evidence.pruned,
        "change": evidence.pruned - evidence.dense,
        "lower": lower,
        "upper": upper,
        "method": _method(evidence, "change"),
        **counts,
        "left_out": list(evidence.left_out),
        "undefined": None,
    }
