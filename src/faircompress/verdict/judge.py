"""The verdict: may this pruned file go out?"""

from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from faircompress.predictions import Predictions, check, check_pair
from faircompress.verdict import Gate, words
from faircompress.verdict.budgets import Bill, Costs, bill_all
from faircompress.verdict.findings import FAIL, PASS, Finding, confirmed_failures, find_all
from faircompress.verdict.groups import groups_of
from faircompress.verdict.hearing import hear, in_order
from faircompress.verdict.plain import Json, Word, bill_values, group_values, rule_values, whole
from faircompress.verdict.rates import most_accurate_threshold

SCHEMA: Literal[1] = 1


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
        rules: The rules on groups with their findings; see ``plain.rule_values``.
        groups: All rates of all groups, all rows first; see ``plain.group_values``.
        thresholds: Of the two-class decision; None for more classes.
        models: sha256 of both files.
        data: sha256 of the data set.
        classes: Names of the classes.
        positive: Name of the positive class, if there are two.
        rows: Rows of the test set.
        checks: Pairs of a rule and a group (or two), over which failures were corrected.
        power: With which the counts hold.
        assumption: What the counts rest on.
        budgets: The rules on cost and what they find; see ``plain.bill_values``.
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
    budgets: list[Json] = field(default_factory=list)

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
    costs: Costs | None = None,
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
        costs: Sizes and latencies of both files, for rules that bind them.

    Raises:
        ValueError: If predictions are unfit, do not belong together, or a rule cannot be put.
    """
    _check(dense, pruned, validation, gate)
    thresholds = _thresholds(gate, dense, validation)
    dense, pruned = in_order(dense), in_order(pruned)
    hearing = hear(dense, pruned, thresholds)
    groups = groups_of(dense, intersections=gate.intersections)
    bills = bill_all(gate.budgets, costs or Costs())
    per_rule = find_all(gate.harms, hearing, groups, gate.power)
    findings = [finding for found in per_rule for finding in found]
    failed = confirmed_failures(findings)
    told = [(f, _word(f, i in failed)) for i, f in enumerate(findings)]
    left = iter(told)
    return _verdict(
        told,
        bills,
        rules=[rule_values([next(left) for _ in found], gate.power) for found in per_rule],
        groups=[group_values(g, hearing, gate) for g in (hearing.everyone(), *groups)],
        thresholds=thresholds,
        models=(dense, pruned),
        power=gate.power,
    )


def _verdict(
    told: list[tuple[Finding, Word]],
    bills: list[Bill],
    *,
    rules: list[Json],
    groups: list[Json],
    thresholds: tuple[float | None, float | None],
    models: tuple[Predictions, Predictions],
    power: float,
) -> Verdict:
    word, dense = whole([*(word for _, word in told), *(b.verdict for b in bills)]), models[0]
    worst_first = sorted(told, key=lambda one: (one[1] != FAIL, -one[0].excess))
    return Verdict(
        schema=SCHEMA,
        verdict=word,
        sentence=words.headline(word, worst_first, bills),
        reasons=[
            *(words.reason(f, w, power) for f, w in worst_first if w != PASS),
            *(bill.reason for bill in bills if bill.verdict != PASS),
        ],
        next=words.what_next(word, worst_first, bills),
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
        budgets=[bill_values(bill) for bill in bills],
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
