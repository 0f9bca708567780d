"""The verdict: may this pruned file go out?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from faircompress import plugins
from faircompress.predictions import Predictions
from faircompress.verdict import Gate, words
from faircompress.verdict.admission import admit, admit_rivals, threshold_of
from faircompress.verdict.budgets import Bill, Costs, bill_all
from faircompress.verdict.findings import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    Finding,
    Terms,
    confirmed_failures,
)
from faircompress.verdict.groups import groups_of, without_rows
from faircompress.verdict.hearing import hear, in_order
from faircompress.verdict.plain import (
    Json,
    Word,
    bill_values,
    group_values,
    not_judged,
    rule_values,
    whole,
)
from faircompress.verdict.putting import put_all
from faircompress.verdict.skill import refuse_inverted
from faircompress.weighing import refuse_heavy

SCHEMA: Literal[1] = 1
NOBODY: Mapping[str, Predictions] = MappingProxyType({})


@dataclass(frozen=True)
class Verdict:
    """The judge's word and everything a reader needs to check it. Plain values, never NaN.

    Numbers are in natural units: a change is pruned minus dense, whatever is better.

    Args:
        schema: Version of this shape.
        verdict: Pass: all checks passed. Fail: harm is confirmed in at least one.
        sentence: The verdict in one sentence.
        reasons: One sentence for each check that did not pass, worst first, for each rule that
            was not judged, and one for the intersections that no row is in.
        next: What to do, most useful first.
        rules: The rules on groups with their findings; see ``plain.rule_values``.
        groups: All rates of all groups, all rows first; see ``plain.group_values``.
        thresholds: Of the two-class decision, by file; None for more classes.
        models: sha256 of each file.
        data: sha256 of the data set.
        classes: Names of the classes.
        positive: Name of the positive class, if there are two.
        rows: Rows of the test set.
        checks: Pairs of a rule and a group (or two), over which failures were corrected.
        power: With which the counts hold.
        assumption: What the counts rest on.
        budgets: The rules on cost and what they find; see ``plain.bill_values``.
        not_judged: The rules against a champion or an anchor that is not there, or that is and
            cannot be asked (then inconclusive), with the reason.
        look: Which look at this test set this is, from 1; None: looks were not counted.
        looks: What this look may spend of the rules' chance of error, in one sentence.
        notes: What else a reader must know of the rows.
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
    not_judged: list[Json] = field(default_factory=list)
    look: int | None = None
    looks: str = ""
    notes: list[str] = field(default_factory=list)

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
    rivals: Mapping[str, Predictions | str] = NOBODY,
    rivals_in_validation: Mapping[str, Predictions] = NOBODY,
    look: int | None = None,
) -> Verdict:
    """Decide whether a pruned file harms no group more than the rules allow.

    Each rule is put to each group. It passes where the bound of the harm lies within the limit,
    fails where harm beyond it is confirmed after Holm's correction over all checks, and is
    inconclusive otherwise. All must pass for a pass, so passing needs no correction
    (intersection-union). A rule against a rival that is not there is not judged and blocks
    nothing; one that is there and cannot be asked blocks. How much of alpha a look at the test set
    may spend, ``Gate.alpha`` says.

    Args:
        dense: The dense file's word on the test split.
        pruned: The pruned file's, on the same rows.
        gate: Rules, threshold and power.
        validation: Both files' word on the validation split, dense first.
        costs: Sizes and latencies of both files, for rules that bind them.
        rivals: What the ``champion`` and the ``anchor`` say of the same test rows; a sentence: why
            its file cannot be asked, which leaves the rules that bind it open.
        rivals_in_validation: And of the same validation rows, if a threshold is chosen there.
        look: Which look at this test set this is, from 1; None: looks are not counted.

    Raises:
        ValueError: If predictions are unfit, do not belong together, or a rule cannot be put.
    """
    if look is not None and look < 1:
        raise ValueError(f"look is {look}; the first look at a test set is 1")
    admit(dense, pruned, validation, gate)
    present = admit_rivals(gate, (pruned, validation[1]), rivals, rivals_in_validation)
    files = {"dense": (dense, validation[0]), "pruned": (pruned, validation[1]), **present}
    thresholds = {name: threshold_of(name, *both, gate) for name, both in files.items()}
    said = {name: in_order(test) for name, (test, _) in files.items()}
    tuned = None if validation[0] is dense else validation[0]
    hearings = {
        name: hear(
            one,
            said["pruned"],
            (thresholds[name], thresholds["pruned"]),
            validation=tuned,
            is_absent=gate.is_absent,
            decisive={rule.metric for rule in gate.harms},
        )
        for name, one in said.items()
        if name != "pruned"
    }
    groups = groups_of(said["dense"], intersections=gate.intersections)
    refuse_unfit(dense, pruned, gate, tuned)
    expected = [] if tuned is None else groups_of(tuned, intersections=gate.intersections)
    terms = [Terms(rule, gate.alpha(rule.confidence, look), gate.power) for rule in gate.harms]
    per_rule = put_all([t for t in terms if t.rule.against in hearings], hearings, groups)
    findings = [finding for found in per_rule for finding in found]
    failed = confirmed_failures(findings)
    told = [(f, _word(f, i in failed)) for i, f in enumerate(findings)]
    left, everyone = iter(told), hearings["dense"].everyone()
    return _verdict(
        told,
        bill_all(gate.budgets, costs or Costs()),
        gate,
        said,
        look,
        rules=[rule_values([next(left) for _ in found]) for found in per_rule],
        groups=[group_values(g, hearings, gate, look) for g in (everyone, *groups)],
        thresholds=thresholds,
        not_judged=[
            not_judged(t, _barred(rivals.get(t.rule.against)))
            for t in terms
            if t.rule.against not in hearings
        ],
        empty=without_rows(groups, expected, gate.is_absent),
    )


def refuse_unfit(
    dense: Predictions, pruned: Predictions, gate: Gate, validation: Predictions | None
) -> None:
    """Refuse rows whose verdict would mean nothing, before a look at them is spent.

    Args:
        dense: The dense file's predictions of the test split.
        pruned: The pruned file's.
        gate: Rules.
        validation: Other rows, weighted in the same way, if there are.

    Raises:
        ValueError: If a cluster weighs more than declared, or dense scores put a class last.
    """
    rows, against = in_order(dense), in_order(pruned)
    cut = 0.5 if len(dense.classes) == 2 else None
    hearing = hear(rows, against, (cut, cut), validation=validation)
    groups = groups_of(rows, intersections=gate.intersections)
    refuse_heavy(rows, hearing.caps, [group.where for group in groups])
    refuse_inverted(hearing, plugins.find("metrics", "auroc"))


def _verdict(
    told: list[tuple[Finding, Word]],
    bills: list[Bill],
    gate: Gate,
    said: Mapping[str, Predictions],
    look: int | None,
    *,
    rules: list[Json],
    groups: list[Json],
    thresholds: dict[str, float | None],
    not_judged: list[Json],
    empty: list[str],
) -> Verdict:
    barred = [rule["reads"] for rule in not_judged if rule["verdict"] == INCONCLUSIVE]
    found: list[str] = [*(word for _, word in told), *(b.verdict for b in bills)]
    found += [*(rule["verdict"] for rule in not_judged), *([INCONCLUSIVE] if empty else [])]
    word, dense = whole(found), said["dense"]
    worst_first = sorted(told, key=lambda one: (one[1] != FAIL, -one[0].excess))
    return Verdict(
        schema=SCHEMA,
        verdict=word,
        sentence=words.headline(word, worst_first, bills, [*barred, *words.nobody_in(empty)]),
        reasons=[
            *(words.reason(f, w) for f, w in worst_first if w != PASS),
            *(bill.reason for bill in bills if bill.verdict != PASS),
            *(rule["reason"] for rule in not_judged),
            *words.without_rows(empty),
        ],
        next=words.what_next(word, worst_first, bills),
        rules=rules,
        groups=groups,
        thresholds=thresholds,
        models={name: predictions.model for name, predictions in said.items()},
        data=dense.data,
        classes=list(dense.classes),
        positive=dense.classes[1] if len(dense.classes) == 2 else None,
        rows=len(dense.ids),
        checks=len(told),
        power=gate.power,
        assumption=words.assumption(gate.power),
        budgets=[bill_values(bill) for bill in bills],
        not_judged=not_judged,
        look=look,
        looks=words.looks(gate.looks, look),
    )


def _barred(rival: Predictions | str | None) -> str | None:
    return rival if isinstance(rival, str) else None


def _word(finding: Finding, failed: bool) -> Word:
    if finding.passes:
        return "pass"
    return "fail" if failed else "inconclusive"
