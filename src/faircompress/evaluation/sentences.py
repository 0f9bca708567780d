"""The verdict's outcome, and everything that it says in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from faircompress.evaluation import messages
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.results import CostResult, Outcome, RuleResult, worst


@dataclass(frozen=True)
class Sentences:
    """The verdict's outcome, and everything that it says in sentences."""

    outcome: Outcome
    sentence: str
    reasons: list[str]
    next: list[str]


def sentences_of(
    checks: Sequence[tuple[Check, Outcome]],
    rules: Sequence[RuleResult],
    costs: Sequence[CostResult],
    empty: list[str],
    captions: Captions,
) -> Sentences:
    """Join the outcomes of everything, and say what they come to."""
    outcome = worst(
        [
            *(of for _, of in checks),
            *(cost.outcome for cost in costs),
            *(rule.outcome for rule in rules),
            *([Outcome.INCONCLUSIVE] if empty else []),
        ]
    )
    worst_first = sorted(checks, key=_urgency)
    still_open = [*messages.open_rules(rules), *messages.nobody_in(empty)]
    return Sentences(
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


def _urgency(one: tuple[Check, Outcome]) -> tuple[bool, float]:
    """Put confirmed harm first, most beyond its limit first; then what could be furthest beyond."""
    check, outcome = one
    fails = outcome == Outcome.FAIL
    return not fails, -(check.distance if fails else _reach(check))


def _reach(check: Check) -> float:
    """Return how many limits the bounds reach beyond the limit; below 0: within."""
    bounds = check.bounds or (None, None)
    return check.hypothesis.limits.beyond(*bounds) / check.rule.limit
