"""May this candidate be released? The only door to ``evaluation``."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from faircompress.config import plugins
from faircompress.config.rules import BASELINE, Gate
from faircompress.data.predictions import Predictions
from faircompress.data.weighing import refuse_heavy
from faircompress.evaluation import messages
from faircompress.evaluation.beside_rules import beside_rules
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison, compare, in_order
from faircompress.evaluation.costs import Costs, check_costs
from faircompress.evaluation.counted import counted_once
from faircompress.evaluation.dropped import Dropped
from faircompress.evaluation.fail_order import confirmed_failures, suspicion
from faircompress.evaluation.group_results import group_result
from faircompress.evaluation.groups import Group, groups_of, without_rows
from faircompress.evaluation.hypotheses import Check, Hypothesis, check_all
from faircompress.evaluation.inputs import check_inputs, present_references, threshold_of
from faircompress.evaluation.levels import level, looks
from faircompress.evaluation.minimums import checks_of_baseline, notes_of
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.results import Outcome, RuleResult
from faircompress.evaluation.rule_results import not_tested, rule_result
from faircompress.evaluation.sentences import sentences_of
from faircompress.evaluation.skill import refuse_inverted
from faircompress.evaluation.sparse import regrouped, sparse_groups
from faircompress.evaluation.verdict import SCHEMA, Verdict
from faircompress.support.errors import InputError

DEFAULT = Captions()
NOBODY: Mapping[str, Predictions] = MappingProxyType({})
ANY: Mapping[str, float] = MappingProxyType({})
Pair = tuple[Predictions, Predictions]


def evaluate(
    baseline: Predictions,
    candidate: Predictions,
    gate: Gate,
    *,
    validation: Pair | None = None,
    costs: Costs | None = None,
    references: Mapping[str, Predictions | str] = NOBODY,
    references_on_validation: Mapping[str, Predictions] = NOBODY,
    look: int | None = None,
    released: int = 0,
    parts: Parts | None = None,
    thresholds: Mapping[str, float] = ANY,
    captions: Captions = DEFAULT,
    crosschecks: bool = False,
    dropped: Sequence[Dropped] | None = None,
) -> Verdict:
    """Decide whether a candidate harms no group more than the rules allow.

    Each rule is tested in each group. It passes where the bounds lie within the limit, fails where
    harm beyond it is confirmed (``fail_order``), and is inconclusive otherwise. All must pass for a
    pass, so passing needs no correction (intersection-union). A rule against a reference that is
    not there is not tested and blocks nothing; one that is there and cannot be compared blocks. How
    much of alpha a look at the test set may spend, ``levels`` says.

    Args:
        baseline: The baseline's predictions of the test rows.
        candidate: The candidate's, of the same rows.
        gate: Rules, threshold and power.
        validation: Both models' predictions of validation rows.
        costs: Sizes and latencies of both files, for rules that limit them.
        references: Predictions of ``champion`` and ``original_champion`` on the same test rows; a
            sentence: why there are none, which leaves the rules against it open.
        references_on_validation: And on the same validation rows, if a threshold is chosen there.
        look: Which look at this test set this is, from 1; None: looks are not counted.
        released: Files released by earlier looks at this test set, for ``gate.looks: earn``.
        parts: Which part of a look these rows are that declared topping up: e-values alone let it
            pass, those of all parts multiplied. None: it did not.
        thresholds: Of models, fixed without test rows; those of others are chosen as the gate says.
        captions: What models, rows and clusters are called.
        crosschecks: Compute bootstrap and DeLong intervals too, which decide nothing.
        dropped: Test rows that were left out as unfit; None: nobody knows.

    Raises:
        ValueError: If predictions are unfit, do not belong together, or a rule cannot be tested.
    """
    if look is not None and look < 1:
        raise InputError(f"look is {look}; the first look at a test set is 1")
    check_inputs(baseline, candidate, validation, gate)
    comparisons, cuts, files = _compared(
        baseline, candidate, gate, validation, references, references_on_validation, thresholds
    )
    every = groups_of(files[BASELINE], intersections=gate.intersections)
    sparse = sparse_groups(comparisons[BASELINE], every, gate, captions)
    groups = regrouped(every, sparse)
    refuse_unfit(baseline, candidate, gate, validation[0] if validation else None)
    hypotheses = [
        Hypothesis(
            rule,
            level(gate, rule.confidence, look, released),
            gate.power,
            captions,
            by_e_value=parts is not None or (gate.looks == "earn" and look is not None),
            parts=parts,
        )
        for rule in gate.harm_rules
    ]
    there = [one for one in hypotheses if one.rule.against in comparisons]
    found = check_all(there, comparisons, groups)
    suspected, expected, notes = None, list[Group](), list[str]()
    if validation is not None:
        expected = groups_of(in_order(validation[0]), intersections=gate.intersections)
        held = _on_validation(validation, references_on_validation, cuts, gate)
        if expected or not groups:
            checks_found = [check for of_rule in found for check in of_rule]
            suspected = suspicion(checks_found, held, regrouped(expected, sparse))
        if expected and validation[0].groups.keys() >= baseline.groups.keys():
            notes = notes_of(
                checks_of_baseline(validation[0], gate, cuts[BASELINE], captions), captions
            )
    rules, checks, how = _rules(hypotheses, there, found, references, suspected, comparisons)
    paid = check_costs(gate.cost_rules, costs or Costs(), captions)
    empty = without_rows(every, expected, gate.is_absent)
    unmet = list[str]()
    if parts is not None:
        levels = {one.start: one.alpha for one in hypotheses}
        unmet = parts.unmet({check.name for check, _ in checks}, levels)
    sentences = sentences_of(checks, rules, paid, empty + unmet, captions)
    return Verdict(
        schema=SCHEMA,
        outcome=sentences.outcome,
        sentence=sentences.sentence,
        reasons=sentences.reasons,
        next=sentences.next,
        rules=rules,
        costs=paid,
        groups=[
            group_result(one, comparisons, rules, checked=crosschecks)
            for one in (comparisons[BASELINE].everyone(), *groups)
        ],
        thresholds=cuts,
        models={name: predictions.model for name, predictions in files.items()},
        data=baseline.data,
        classes=list(baseline.classes),
        positive=baseline.classes[1] if len(baseline.classes) == 2 else None,
        rows=len(baseline.ids),
        checks=len(checks),
        failures=how,
        power=gate.power,
        assumption=messages.assumption(gate.power),
        absent=list(gate.absent),
        look=look,
        looks=looks(gate.looks, look, released),
        notes=[*notes, *counted_once(baseline, captions)],
        parts=0 if parts is None else parts.number,
        seed=comparisons[BASELINE].seed,
        captions=captions,
        sparse=sparse,
        **beside_rules(
            comparisons[BASELINE], groups, hypotheses, empty, gate.absent, dropped, captions
        ),
    )


def refuse_unfit(
    baseline: Predictions, candidate: Predictions, gate: Gate, validation: Predictions | None
) -> None:
    """Refuse rows whose verdict would mean nothing, before a look at them is spent.

    Args:
        baseline: The baseline's predictions of the test rows.
        candidate: The candidate's.
        gate: Rules.
        validation: Other rows, weighted in the same way, if there are.

    Raises:
        ValueError: If a cluster weighs more than declared, or baseline scores put a class last.
    """
    rows, against = in_order(baseline), in_order(candidate)
    cut = 0.5 if len(baseline.classes) == 2 else None
    comparison = compare(rows, against, (cut, cut), validation=validation)
    if comparison.caps is not None:
        of = groups_of(rows, intersections=gate.intersections)
        refuse_heavy(rows, comparison.caps, [group.where for group in of])
    refuse_inverted(comparison, plugins.find("metrics", "auroc"))


def _compared(
    baseline: Predictions,
    candidate: Predictions,
    gate: Gate,
    validation: Pair | None,
    references: Mapping[str, Predictions | str],
    references_on_validation: Mapping[str, Predictions],
    given: Mapping[str, float],
) -> tuple[dict[str, PairedComparison], dict[str, float | None], dict[str, Predictions]]:
    """Return the candidate beside each other model, all thresholds, and all predictions."""
    ours, theirs = validation or (None, None)
    present = present_references(gate, (candidate, theirs), references, references_on_validation)
    pairs = {BASELINE: (baseline, ours), "candidate": (candidate, theirs), **present}
    thresholds = {
        name: given[name] if name in given else threshold_of(name, *pair, gate)
        for name, pair in pairs.items()
    }
    files = {name: in_order(test) for name, (test, _) in pairs.items()}
    comparisons = {
        name: compare(
            one,
            files["candidate"],
            (thresholds[name], thresholds["candidate"]),
            validation=ours,
            is_absent=gate.is_absent,
        )
        for name, one in files.items()
        if name != "candidate"
    }
    return comparisons, thresholds, files


def _on_validation(
    validation: Pair,
    references: Mapping[str, Predictions],
    thresholds: Mapping[str, float | None],
    gate: Gate,
) -> dict[str, PairedComparison]:
    """Return the candidate beside each other model that predicted validation rows."""
    baseline, candidate = (in_order(predictions) for predictions in validation)
    models = {BASELINE: baseline, **{name: in_order(one) for name, one in references.items()}}
    return {
        name: compare(
            one,
            candidate,
            (thresholds[name], thresholds["candidate"]),
            is_absent=gate.is_absent,
        )
        for name, one in models.items()
        if name in thresholds
    }


def _rules(
    hypotheses: Sequence[Hypothesis],
    tested: Sequence[Hypothesis],
    found: Sequence[Sequence[Check]],
    references: Mapping[str, Predictions | str],
    suspected: Sequence[float] | None,
    comparisons: Mapping[str, PairedComparison],
) -> tuple[list[RuleResult], list[tuple[Check, Outcome]], str]:
    """Return all rules' results, all checks with their outcomes, and how failures were found."""
    checks = [check for of_rule in found for check in of_rule]
    failures = confirmed_failures(checks, suspected)
    outcomes = [_outcome(check, i in failures.levels) for i, check in enumerate(checks)]
    decided = list(zip(checks, outcomes, strict=True))
    results, at = {}, 0
    for hypothesis, of_rule in zip(tested, found, strict=True):
        places = range(at, at + len(of_rule))
        results[id(hypothesis)] = rule_result(
            hypothesis,
            decided[at : at + len(of_rule)],
            [(failures.levels.get(i), failures.ranks.get(i)) for i in places],
            comparisons[hypothesis.rule.against],
        )
        at += len(of_rule)
    rules = [results.get(id(one)) or not_tested(one, _why(references, one)) for one in hypotheses]
    return rules, decided, failures.how


def _why(references: Mapping[str, Predictions | str], hypothesis: Hypothesis) -> str | None:
    found = references.get(hypothesis.rule.against)
    return found if isinstance(found, str) else None


def _outcome(check: Check, failed: bool) -> Outcome:
    if check.passes:
        return Outcome.PASS
    return Outcome.FAIL if failed else Outcome.INCONCLUSIVE
