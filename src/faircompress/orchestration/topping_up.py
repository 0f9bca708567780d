"""The chain's look where its test split has grown: people who are new top up a look.

Only if that look declared it (``gate.topping_up``) and the exported files, rules and old rows are
the same: what is trained knows no test row, so a larger test split trains nothing anew. Fresh rows
alone are evaluated; ``artifacts/look.json`` names them for the gate, under ``part``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from faircompress.auditing.booking import Booking
from faircompress.auditing.looks import parts_of
from faircompress.auditing.rows import Pair
from faircompress.auditing.topping_up import book_part, latest
from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.evaluate import evaluate
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import Look
from faircompress.ledger.record import Ledger


@dataclass(frozen=True)
class Taken:
    """The looks of files, and which part of a look their rows are.

    Args:
        looks: By the sha256 of a file.
        part: Number, e-values of the parts before, ids of the rows (None: all) and a note; {}: the
            look did not declare topping up.
    """

    looks: Mapping[str, Look]
    part: Mapping[str, Any] = field(default_factory=dict)


def of_look(looks: Mapping[str, Look], gate: Gate) -> Taken:
    """Return looks at a whole test split, each the first part of what may be topped up.

    Raises:
        LedgerError: If topping up is declared after the look was booked.
    """
    first = next(iter(looks.values()))
    if gate.topping_up and not first.topping_up:
        raise LedgerError(
            f"gate.topping_up comes too late: this look, line {first.line} of the ledger, was "
            "booked without it, and it must be declared before the outcome. Leave it out; with "
            "more rows this test set is a whole look."
        )
    return Taken(looks, _as_json(parts_of(first), None, "") if first.topping_up else {})


def of_part(
    ledger: Ledger, pair: Pair, gate: Gate, rules: Rules, validation: Predictions, *, new: bool
) -> Taken | None:
    """Book the fresh rows of a test split; None: they top up nothing, so it is a whole look.

    Args:
        ledger: Of the project.
        pair: Both files' predictions of the whole test split.
        gate: Rules.
        rules: The same as the ledger has them.
        validation: The dense file's predictions of validation rows.
        new: May it be a part that nobody evaluated yet? Then it is refused here, before it is
            booked, if it cannot be evaluated.

    Raises:
        ValueError: If an earlier part was left open, or the fresh rows cannot be evaluated.
    """
    fresh = latest(ledger, pair, rules, gate.looks)
    if fresh is None:
        return None
    if new:
        rows, held = fresh.pair.baseline, replace(validation, model=pair.candidate.model)
        harm = gate.model_copy(update={"rules": gate.harm_rules, "expect": {}})
        unharmed = replace(rows, model=pair.candidate.model)
        evaluate(rows, unharmed, harm, validation=(validation, held))
    booking = book_part(ledger, fresh, rules)
    return Taken({pair.candidate.model: booking.look}, _of_booking(booking))


def _of_booking(booking: Booking) -> Mapping[str, Any]:
    ids = sorted(booking.pair.baseline.ids.tolist())
    return _as_json(booking.parts, ids, " ".join(booking.notes))


def _as_json(parts: Any, rows: list[str] | None, note: str) -> Mapping[str, Any]:
    return {"number": parts.number, "e_values": dict(parts.e_values), "rows": rows, "note": note}
