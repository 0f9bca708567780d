"""May this candidate be released? The only door to ``evaluation``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from faircompress import plugins
from faircompress.evaluation import messages
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison, compare, in_order
from faircompress.evaluation.costs import Costs, check_costs
from faircompress.evaluation.fail_order import confirmed_failures, suspicion
from faircompress.evaluation.group_results import group_result
from faircompress.evaluation.groups import groups_of, without_rows
from faircompress.evaluation.hypotheses import Check, Hypothesis, check_all
from faircompress.evaluation.inputs import check_inputs, present_references, threshold_of
from faircompress.evaluation.levels import level
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.results import CostResult, Outcome, RuleResult, worst
from faircompress.evaluation.rule_config import BASELINE, Gate
from faircompress.evaluation.rule_results import not_tested, rule_result
from faircompress.evaluation.skill import refuse_inverted
from faircompress.evaluation.verdict import SCHEMA, Verdict
from faircompress.predictions import Predictions
from faircompress.weighing import refuse_heavy

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

    Raises:
        ValueError: If predictions are unfit, do not belong together, or a rule cannot be tested.
    """
    if look is not None and look < 1:
        raise ValueError(f"look is {look}; the first look at a test set is 1")
    check_inputs(baseline, candidate, validation, gate)
    comparisons, cuts, files = _compared(
        baseline, candidate, gate, validation, references, references_on_validation, thresholds
    )
    groups = groups_of(files[BASELINE], intersections=gate.intersections)
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
    suspected = None
    if validation is not None:
        held = _on_validation(validation, references_on_validation, cuts, gate)
        of_validation = groups_of(in_order(validation[0]), intersections=gate.intersections)
        if of_validation or not groups:
            checks_found = [check for of_rule in found for check in of_rule]
            suspected = suspicion(checks_found, held, of_validation)
    rules, checks, how = _rules(hypotheses, there, found, references, suspected)
    paid = check_costs(gate.cost_rules, costs or Costs(), captions)
    expected = [] if validation is None else groups_of(
        validation[0], intersections=gate.intersections
    )  # fmt: skip
    everyone = comparisons[BASELINE].everyone()
    empty = without_rows(groups, expected, gate.is_absent)
    if parts is not None:
        levels = {one.start: one.alpha for one in hypotheses}
        empty += parts.unmet({check.name for check, _ in checks}, levels)
    sentences = _sentences(checks, rules, paid, empty, captions)
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
            for one in (everyone, *groups)
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
        looks=messages.looks(gate.looks, look, released),
        parts=0 if parts is None else parts.number,
        seed=comparisons[BASELINE].seed,
        captions=captions,
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
    groups = groups_of(rows, intersections=gate.intersections)
    refuse_heavy(rows, comparison.caps, [group.where for group in groups])
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
        )
        at += len(of_rule)
    rules = [results.get(id(one)) or not_tested(one, _why(references, one)) for one in hypotheses]
    return rules, decided, failures.how


def _why(references: Mapping[str, Predictions | str], hypothesis: Hypothesis) -> str | None:
    found = references.get(hypothesis.rule.against)
    return found if isinstance(found, str) else None


@dataclass(frozen=True)
class _Sentences:
    """The verdict's outcome, and everything that it says in sentences."""

    outcome: Outcome
    sentence: str
    reasons: list[str]
    next: list[str]


def _sentences(
    checks: Sequence[tuple[Check, Outcome]],
    rules: Sequence[RuleResult],
    costs: Sequence[CostResult],
    empty: list[str],
    captions: Captions,
) -> "_Sentences":
    outcome = worst(
        [
            *(of for _, of in checks),
            *(cost.outcome for cost in costs),
            *(rule.outcome for rule in rules),
            *([Outcome.INCONCLUSIVE] if empty else []),
        ]
    )
    worst_first = sorted(checks, key=lambda one: (one[1] != Outcome.FAIL, -one[0].distance))
    still_open = [*messages.open_rules(rules), *messages.nobody_in(empty)]
    return _Sentences(
        outcome=outcome,
        sentence=messages.headline(outcome, worst_first, costs, still_open),
        reasons=[
            *(messages.reason(check, of) for check, of in worst_first if of != Outcome.PASS),
            *(
                f"{cost.description}: {cost.reason}"
                for cost in costs
                if cost.outcome != Outcome.PASS
            ),
            *(f"{rule.description}: {rule.reason}" for rule in rules if not rule.checks),
            *messages.without_rows(empty, captions),
        ],
        next=messages.what_next(outcome, worst_first, costs, captions),
    )


def _outcome(check: Check, failed: bool) -> Outcome:
    if check.passes:
        return Outcome.PASS
    return Outcome.FAIL if failed else Outcome.INCONCLUSIVE
