"""What rows and rules refuse together is refused before a look at the test set is booked."""

from collections.abc import Mapping, Sequence

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.costs import Costs, check_costs
from faircompress.evaluation.evaluate import ANY, DEFAULT, evaluate


def refuse_untestable(
    baseline: Predictions,
    gate: Gate,
    validation: Predictions | None = None,
    *,
    costs: Sequence[Costs] = (),
    thresholds: Mapping[str, float] = ANY,
    captions: Captions = DEFAULT,
) -> None:
    """Refuse what no candidate could be tested on, by evaluating the baseline as its own candidate.

    Nothing is learnt of the candidate, so nothing is spent.

    Args:
        baseline: The baseline's predictions of the test rows.
        gate: Rules, threshold and power.
        validation: The baseline's predictions of validation rows.
        costs: Of the candidate's files, one after the other; they tell nothing of harm.
        thresholds: As in ``evaluate``.
        captions: Likewise.

    Raises:
        ValueError: As ``evaluate`` does.
    """
    for one in costs:
        check_costs(gate.cost_rules, one, captions)
    held = None if validation is None else (validation, validation)
    first = next(iter(costs), None)
    evaluate(
        baseline, baseline, gate, validation=held, costs=first, thresholds=thresholds,
        captions=captions,
    )  # fmt: skip
