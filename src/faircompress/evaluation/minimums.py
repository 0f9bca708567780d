"""Does the baseline itself reach the minimums that rules set for the candidate?

What the baseline misses, compression did not take, and compressing less will not give it back. So a
chain asks before anything is pruned, on validation rows, which no pass depends on: each check is
held to its rule's confidence, without a correction for their number.
"""

from collections.abc import Sequence
from dataclasses import replace

from faircompress.config.rules import BASELINE, Gate
from faircompress.data.predictions import Predictions
from faircompress.data.weighing import caps_of, refuse_heavy
from faircompress.evaluation import messages
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import compare, in_order
from faircompress.evaluation.groups import Group, groups_of
from faircompress.evaluation.hypotheses import Check, Hypothesis, check_all
from faircompress.support.errors import InputError


class MinimumMissed(InputError):
    """The baseline itself is confirmed to miss a minimum."""


def checks_of_baseline(
    baseline: Predictions, gate: Gate, threshold: float | None, captions: Captions
) -> list[Check]:
    """Test the rules ``minimum`` on the baseline alone.

    Args:
        baseline: Its predictions of validation rows.
        gate: Rules; those of other kinds are passed over.
        threshold: Of its two-class decision; None for more classes.
        captions: What models and rows are called.

    Raises:
        ValueError: If a rule names a column that is not there, or binds nothing.
    """
    rules = [rule for rule in gate.harm_rules if rule.rule == "minimum"]
    if not rules:
        return []
    groups = groups_of(in_order(baseline), intersections=gate.intersections)
    rows = _capped(in_order(baseline), groups)
    cuts = threshold, threshold
    alone = compare(rows, rows, cuts, validation=rows, is_absent=gate.is_absent)
    hypotheses = [Hypothesis(r, 1 - r.confidence, gate.power, captions) for r in rules]
    return [check for of in check_all(hypotheses, {BASELINE: alone}, groups) for check in of]


def _capped(rows: Predictions, groups: Sequence[Group]) -> Predictions:
    """Return rows without a declared cap that does not hold here, such as one for the test split.

    Then a cluster is taken to weigh at most 1.5 times as much as the heaviest of these very rows.
    That is a guess, which is good enough for what decides no verdict.
    """
    try:
        refuse_heavy(rows, caps_of(rows, None), [group.where for group in groups])
    except ValueError:
        return replace(rows, max_weight=())
    return rows


def missed(checks: Sequence[Check]) -> list[str]:
    """Return what is confirmed to be missed, a clause each."""
    return [messages.rate_and_limit(check) for check in checks if _misses(check)]


def not_shown(checks: Sequence[Check]) -> list[str]:
    """Return what is neither confirmed to be missed nor shown to be reached, a clause each."""
    open_checks = [check for check in checks if not check.within and not _misses(check)]
    return [messages.rate_and_limit(check) for check in open_checks]


def notes_of(checks: Sequence[Check], captions: Captions) -> list[str]:
    """Say what a reader must know of the baseline's own minimums, in no sentence or two."""
    start = f"On the validation {captions.rows} the {captions.baseline} model itself"
    sentences = [
        (missed(checks), "misses what is asked of the", "compressing less will not mend it"),
        (not_shown(checks), "is not shown to reach what is asked of the",
         f"more {captions.rows} would tell"),
    ]  # fmt: skip
    return [
        f"{start} {verb} {captions.candidate} one, and {then}: {'; '.join(found)}."
        for found, verb, then in sentences
        if found
    ]


def refuse_missed(checks: Sequence[Check], captions: Captions) -> None:
    """Refuse to go on where the baseline is confirmed to miss a minimum.

    Raises:
        MinimumMissed: Naming group, rate, bounds and limit, and what to do.
    """
    if found := missed(checks):
        raise MinimumMissed(
            f"the {captions.baseline} model itself misses a minimum on the validation "
            f"{captions.rows}: {'; '.join(found)}. What it misses, no smaller model will be asked "
            f"for: {captions.improve}, or lower the limit in {captions.rules} and say why."
        )


def _misses(check: Check) -> bool:
    return check.fails_at(check.hypothesis.alpha)
