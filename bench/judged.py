"""The checks of a verdict without its sentences, plots and plans: what simulations ask for.

``evaluate()`` passes where all of these pass, and fails where one is confirmed; bench/
verdict_power.py puts its first sets before ``evaluate()``, too, and stops if the two differ.
"""

from collections.abc import Sequence

from faircompress.config.rules import BASELINE, Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison, compare, in_order
from faircompress.evaluation.fail_order import Failures, confirmed_failures, suspicion
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.hypotheses import Check, Hypothesis, check_all
from faircompress.evaluation.levels import level

Pair = tuple[Predictions, Predictions]


def checks_of(pair: Pair, gate: Gate, *, look: int | None = None) -> list[Check]:
    """Return all checks of the rules, one column of groups and everyone."""
    hypotheses = [
        Hypothesis(rule, level(gate, rule.confidence, look), gate.power, Captions())
        for rule in gate.harm_rules
    ]
    groups = groups_of(in_order(pair[0]), intersections=False)
    return sum(check_all(hypotheses, {BASELINE: _compared(pair)}, groups), [])


def passed(checks: Sequence[Check]) -> bool:
    """Tell whether the verdict is a pass."""
    return all(check.passes for check in checks)


def failures(checks: Sequence[Check], validation: Pair | None) -> Failures:
    """Return which checks fail, in the order of validation if there is one."""
    if validation is None:
        return confirmed_failures(checks)
    groups = groups_of(in_order(validation[0]), intersections=False)
    return confirmed_failures(checks, suspicion(checks, {BASELINE: _compared(validation)}, groups))


def _compared(pair: Pair) -> PairedComparison:
    return compare(in_order(pair[0]), in_order(pair[1]), (0.5, 0.5))
