"""The audit of a pair of models' predictions."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from faircompress.auditing.booking import Book, Booking, book_look, written
from faircompress.auditing.constants import next_of_constant, refuse_constant_baseline
from faircompress.auditing.declared import absent
from faircompress.auditing.exchanged import exchanged
from faircompress.auditing.looks import Held, rules_of
from faircompress.auditing.readings import refuse_if_it_hangs
from faircompress.auditing.repeats import in_validation
from faircompress.auditing.rows import Asked, Pair, cap_is_missing
from faircompress.auditing.rules import metric_needs_scores, needs_scores
from faircompress.auditing.spelling import spelt
from faircompress.auditing.topping_up import book_part, find
from faircompress.config.rules import BASELINE, Gate
from faircompress.data.caps import UNKNOWN
from faircompress.evaluation.before_look import refuse_untestable
from faircompress.evaluation.captions import AUDITED_FILES, Captions
from faircompress.evaluation.costs import Costs
from faircompress.evaluation.evaluate import evaluate, refuse_unfit
from faircompress.evaluation.results import GroupResult, Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.record import Ledger
from faircompress.report.context import ReportContext
from faircompress.support.errors import InputError

OF_SCORES = ("brier", "calibration_error")  # reported numbers that decided classes do not tell


def audit_pair(
    pair: Pair,
    gate: Gate,
    asked: Asked,
    validation: Held = None,
    book: Book | None = None,
    *,
    crosschecks: bool = False,
) -> tuple[Verdict, Pair]:
    """Refuse what cannot be tested, then book a look if looks are counted, then evaluate.

    Fresh rows beside those of a look that declared topping up are evaluated alone, and top it up.

    Args:
        pair: Both models' predictions of the test set.
        gate: Rules as they were given, in the names of the table.
        asked: Which columns hold what.
        validation: Both models' predictions of validation rows, if there are.
        book: Where the look is booked; None: looks are not counted.
        crosschecks: Compute bootstrap and DeLong intervals too, which decide nothing.

    Returns:
        The verdict, and the predictions that it is about.

    Raises:
        ValueError: Naming what cannot be used, and what to do.
    """
    gate = gate.model_copy(update={"absent": absent(gate.absent, asked, pair, validation)})
    check(pair, gate, validation)
    refuse_constant_baseline(pair, gate)
    if validation is not None:
        copied = in_validation((pair.baseline, pair.candidate), validation)
        pair = replace(pair, notes=(*pair.notes, *filter(None, [copied])))
    if book is None:
        if gate.topping_up:
            raise InputError(
                f"{spelt('topping-up')} is given without a ledger, in which it is declared. Give "
                f"{spelt('ledger')} looks.jsonl."
            )
        verdict = _evaluated(pair, gate, validation, None, crosschecks=crosschecks)
        looks = f"{verdict.looks} A ledger counts them ({spelt('ledger')})."
        return replace(verdict, looks=looks), pair
    booking = _booked(book, pair, gate, validation)
    if booking.parts is not None and booking.parts.number > 1:
        gate = gate.model_copy(update={"expect": {}})  # the first part had them
    verdict = _evaluated(booking.pair, gate, validation, booking, crosschecks=crosschecks)
    return written(book, booking, verdict, gate), booking.pair


def _booked(book: Book, pair: Pair, gate: Gate, validation: Held) -> Booking:
    """Book the look at a table, or the part of one that its fresh rows are."""
    fresh = find(book, pair, gate, validation)
    part, asked = pair, gate
    if fresh is not None:
        part, asked = fresh.pair, gate.model_copy(update={"expect": {}})
        check(part, asked, validation)
    held = None if validation is None else validation[0]
    both = None if held is None else (held, held)
    refuse_untestable(
        part.baseline, asked, held, costs=[_costs(part)], thresholds=_thresholds(gate, both),
        captions=_captions(part),
    )  # fmt: skip
    if fresh is None:
        return book_look(book, pair, gate, validation)
    return book_part(Ledger(book.ledger), fresh, rules_of(part.baseline, gate, validation))


def _evaluated(
    pair: Pair, gate: Gate, validation: Held, booking: Booking | None, *, crosschecks: bool
) -> Verdict:
    settings: dict[str, Any] = {
        "validation": validation,
        "look": None if booking is None else booking.look.number,
        "released": 0 if booking is None else booking.look.released,
        "parts": None if booking is None else booking.parts,
        "thresholds": _thresholds(gate, validation),
    }
    verdict = evaluate(
        pair.baseline,
        pair.candidate,
        gate,
        costs=_costs(pair),
        captions=_captions(pair),
        crosschecks=crosschecks,
        dropped=pair.dropped,
        **settings,
    )
    refuse_if_it_hangs(
        verdict, pair.readings, lambda ours, theirs: evaluate(ours, theirs, gate, **settings)
    )
    if pair.decided:
        verdict = replace(verdict, groups=[_without_scores(group) for group in verdict.groups])
    return replace(verdict, next=_next(pair, verdict), notes=[*verdict.notes, *pair.notes])


def _costs(pair: Pair) -> Costs:
    return Costs.of_files(pair.context.sizes, pair.context.latency)


def _thresholds(gate: Gate, validation: Held) -> dict[str, float]:
    """Return where both models decide, if the candidate does at the baseline's selection rate."""
    if gate.threshold != BASELINE or validation is None:
        return {}
    from faircompress.evaluation.operating_point import HALF, match_selection_rate

    baseline, candidate = (predictions.probabilities[:, 1] for predictions in validation)
    found = match_selection_rate(baseline >= HALF, candidate, validation[0].weights)
    return {"baseline": HALF, "candidate": found.threshold}


def context_of(pair: Pair, verdict: Verdict) -> ReportContext:
    """Return what the report shows: day and curves, and pictures that only the candidate lost."""
    from faircompress.report.curves import curves

    context = replace(
        pair.context,
        evaluated=f"{datetime.now(UTC):%Y-%m-%d}",
        curves=curves(verdict, pair.baseline, pair.candidate),
    )
    if pair.images is None:
        return context
    from faircompress.data.dataset import encode
    from faircompress.report.exemplars import newly_wrong

    lost = newly_wrong(verdict, pair.baseline, pair.candidate)
    place = {name: row for row, name in enumerate(pair.baseline.ids)}
    shown = [one.id for group in lost for one in group.exemplars]
    pictures = {name: encode(pair.images[place[name]]) for name in shown}
    return replace(context, newly_wrong=lost, pictures=pictures)


def check_threshold(pair: Pair, name: str) -> None:
    """Refuse a threshold that would decide nothing.

    Args:
        pair: Both models' predictions.
        name: Of the option by which the threshold was asked for.

    Raises:
        ValueError: If there are more than two classes, or both models decided already.
    """
    count = len(pair.baseline.classes)
    if count > 2:
        raise InputError(
            f"{spelt(name)}: a threshold decides between two classes, but there are {count}; of "
            f"more, the most probable is decided for. Leave {spelt(name)} out."
        )
    if len(pair.decided) == 2:
        raise InputError(
            f"{spelt(name)}: a threshold decides by probabilities, but columns "
            f"{' and '.join(pair.decided)} hold decided classes. Leave {spelt(name)} out."
        )


def check(pair: Pair, gate: Gate, validation: Held) -> None:
    """Refuse rules that need what the predictions lack.

    Raises:
        ValueError: Naming what is missing.
    """
    if not pair.baseline.groups:
        raise InputError(
            f"{spelt('group')} names no column; harm is tested by group. Name at least one."
        )
    if isinstance(gate.threshold, str) and validation is None:
        raise InputError(
            f"the threshold is to be chosen on validation ({spelt('threshold')} "
            f"{gate.threshold!r}), but there are no such rows; give {spelt('validation')} with "
            f"both models' predictions there, or a number as {spelt('threshold')}."
        )
    refused = [rule.metric for rule in gate.harm_rules if pair.decided and needs_scores(rule)]
    if refused:
        raise InputError(
            f"a rule on {refused[0]} needs probabilities, but column {pair.decided[0]!r} holds "
            "decided classes. Give probabilities, or test accuracy or true_positive_rate."
        )
    refuse_unfit(pair.baseline, pair.candidate, gate, validation[0] if validation else None)


def _captions(pair: Pair) -> Captions:
    captions = Captions() if pair.images is None else AUDITED_FILES
    return replace(captions, absent=spelt("absent"), rules=spelt("rules"))


def _next(pair: Pair, verdict: Verdict) -> list[str]:
    """Return what to do; where both models answer alike, first to see that there are two."""
    equal = np.array_equal(pair.baseline.probabilities, pair.candidate.probabilities)
    if equal and pair.baseline.model != pair.candidate.model:
        everywhere = f"Both models give equal predictions in all {verdict.rows:,} rows"
        return [f"{everywhere}: see that one was not written under both names.", *verdict.next]
    steps = [*exchanged(verdict), *next_of_constant(pair, verdict)]
    is_open = verdict.outcome == Outcome.INCONCLUSIVE and steps == list(verdict.next)
    return [_declare(), *steps] if is_open and cap_is_missing(pair.baseline) else steps


def _declare() -> str:
    """Say what may cost nothing, where all rows count for little for want of a number."""
    return (
        f"Declare what the heaviest cluster in the population weighs ({spelt('max-weight')}), as "
        "it is known from how rows are collected, such as 3 where nobody has more than 3 rows, all "
        f"of one class, and 6 where they may be of several. For want of it {UNKNOWN:g} is taken, "
        f"and a row of weight 1 counts as 1/{UNKNOWN:g}; with less, the same rows may settle it."
    )


def _without_scores(group: GroupResult) -> GroupResult:
    """Leave out rates that decided classes do not tell."""
    return replace(
        group,
        metrics={n: found for n, found in group.metrics.items() if not metric_needs_scores(n)},
        reported={k: v for k, v in group.reported.items() if k not in OF_SCORES},
    )
