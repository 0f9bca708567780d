"""Old and fresh rows together: the fresh ones top up the look at the old ones.

Both are given, so that it can be seen that candidate and baseline are the same as then: of a table
of predictions there is no file to know them by. The chain has files, and asks in the same way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.auditing.booking import Book, Booking, open_ledger, test_set
from faircompress.auditing.columns import part_of
from faircompress.auditing.looks import Held, parts_of, rules_of
from faircompress.auditing.rows import Pair
from faircompress.auditing.spelling import spelt
from faircompress.config.rules import Gate
from faircompress.ledger import sets
from faircompress.ledger.entries import Booked, Entry
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.family import outcomes
from faircompress.ledger.identity import EXACT, RowHashes, fingerprint, row_hashes
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import Look, in_order
from faircompress.ledger.matching import isin
from faircompress.ledger.record import Ledger
from faircompress.ledger.topping_up import before, fresh_part, look_of, parts, top_up
from faircompress.statistics.independent_units import seed_of


@dataclass(frozen=True, eq=False)
class Fresh:
    """Fresh rows, and the look that they may top up.

    Args:
        look: The first part.
        entry: What stands of it in the ledger.
        pair: Both models' predictions of the fresh rows.
        note: How many rows are left out.
    """

    look: Look
    entry: Booked
    pair: Pair
    note: str


def find(book: Book, pair: Pair, gate: Gate, validation: Held) -> Fresh | None:
    """Return the fresh rows of a table and the look that they top up; None: it is a whole look.

    Raises:
        LedgerError: If ``book.tops_up`` names a look that they cannot top up.
    """
    ledger, rules = open_ledger(book), rules_of(pair.baseline, gate, validation)
    if book.tops_up is None:
        return latest(ledger, pair, rules, gate.looks)
    line, entry = _named(book, ledger.entries())
    why = _differs(ledger, entry, pair, rules, gate.looks)
    if why:
        raise LedgerError(
            f"{why} of the look of line {line}; rows top it up for the same candidate, "
            "baseline and rules only, and stand in one table with its own. Audit them as a "
            f"whole look: leave {spelt('tops-up')} out."
        )
    found = _fresh(ledger, line, entry, pair)
    if isinstance(found, str):
        raise LedgerError(found)
    return found


def latest(ledger: Ledger, pair: Pair, rules: Rules, way: str) -> Fresh | None:
    """Return the fresh rows and the latest look that they top up; None: it is a whole look.

    Args:
        ledger: Where looks are booked.
        pair: Both models' predictions of old and fresh rows.
        rules: What the candidate is held to.
        way: How looks are charged.
    """
    for line, entry in _declared(ledger.entries()):
        if not _differs(ledger, entry, pair, rules, way):
            found = _fresh(ledger, line, entry, pair)
            return None if isinstance(found, str) else found
    return None


def book_part(ledger: Ledger, fresh: Fresh, rules: Rules) -> Booking:
    """Book the fresh rows before their outcome is known.

    Raises:
        LedgerError: If an earlier part was left open.
    """
    pair = fresh.pair
    look = top_up(
        ledger, fresh.look, test_set(pair), candidate=fresh.entry.candidate,
        baseline=fresh.entry.baseline, rules=rules, seed=seed_of(pair.baseline.labels),
    )  # fmt: skip
    done = before(ledger, look)
    note = (
        f"{fresh.note} Estimates and bounds are of these {len(pair.baseline.ids):,} rows alone; "
        f"the e-values of {done.parts + 1} parts are multiplied, check by check."
    )
    return Booking(look, pair, parts_of(look, done.e_values, done.parts + 1), (note,))


def _named(book: Book, entries: Sequence[Entry]) -> tuple[int, Booked]:
    line = int(book.tops_up or 0)
    entry = entries[line - 1] if 0 < line <= len(entries) else None
    if not isinstance(entry, Booked):
        known = [str(n) for n, _ in _declared(entries)]
        raise LedgerError(
            f"{spelt('tops-up')} {line}: this line of {book.ledger} is no look. Looks that "
            f"declared topping up stand in lines {', '.join(known) or 'none'}."
        )
    line = entry.tops_up or line
    first = entries[line - 1]
    if not isinstance(first, Booked) or not first.topping_up:
        raise LedgerError(
            f"the look of line {line} did not declare {spelt('topping-up')} before its outcome: "
            f"the enlarged test set is a whole look. Leave {spelt('tops-up')} out."
        )
    return line, first


def _declared(entries: Sequence[Entry]) -> Iterator[tuple[int, Booked]]:
    """Give the looks that may be topped up, the latest first."""
    for line, entry in reversed(list(enumerate(entries, start=1))):
        if isinstance(entry, Booked) and entry.topping_up and entry.tops_up is None:
            yield line, entry


def _differs(ledger: Ledger, first: Booked, pair: Pair, rules: Rules, way: str) -> str:
    """Say what of a look is another in a table of old and fresh rows; empty: nothing."""
    key, rows = ledger.key(), test_set(pair)
    old = _rows_of(ledger, first, row_hashes(key, rows))
    if not old.any() or old.all():
        return f"this table holds {'no row' if not old.any() else 'no row beside those'}"
    then = part_of(pair, old)
    limits = {name: value for name, value in first.limits.items() if name != "alpha"}
    known = sets.load(ledger.path, first.test_set)
    if fingerprint(key, test_set(then)).exact != known.exact:
        return "labels, groups, weights or baseline scores of these rows are not those"
    candidates = then.candidate.model, in_order([then.candidate.model])  # the chain's is a list
    if then.baseline.model != first.baseline or first.candidate not in candidates:
        return "the models are not those"
    if (rules.sha256, dict(rules.limits), way) != (first.rules, limits, first.way):
        return "the rules are not those"
    return ""


def _rows_of(ledger: Ledger, look: Booked, hashes: RowHashes) -> np.ndarray:
    """Tell which rows stand in a look's test set, by the first name that it knows them by."""
    known = sets.load(ledger.path, look.test_set)
    by = next((view for view in EXACT if len(getattr(known, view))), EXACT[0])
    return isin(getattr(hashes, by), getattr(known, by))


def _fresh(ledger: Ledger, line: int, entry: Booked, pair: Pair) -> Fresh | str:
    """Return the rows that are fresh, or those of a part that is run again; else why none are."""
    rows, key = test_set(pair), ledger.key()
    known, look = parts(ledger, line), look_of(ledger, line)
    for at, (_, part) in reversed(list(enumerate(known))[1:]):
        again = fresh_part(ledger, rows, but=part.test_set)
        found = part_of(pair, again.rows) if again.rows.any() else pair
        same = sets.load(ledger.path, part.test_set).exact
        if fingerprint(key, test_set(found)).exact == same:
            return _settled(ledger, known[:at]) or Fresh(look, entry, found, again.sentence)
    fresh = fresh_part(ledger, rows)
    if not fresh.rows.any():
        return (
            f"{fresh.sentence} Nothing is left to top up the look of line {line}. Add rows of "
            "people who are in no test set of the ledger."
        )
    found = part_of(pair, fresh.rows)
    return _settled(ledger, known) or Fresh(look, entry, found, fresh.sentence)


def _settled(ledger: Ledger, before_it: Sequence[tuple[int, Booked]]) -> str:
    """Say that earlier parts settled a look already; empty: they did not."""
    came = outcomes(ledger.entries())
    for line, _ in before_it:
        if line in came and came[line].outcome != "inconclusive":
            return (
                f"the part of line {line} came out as {came[line].outcome!r}: the look is settled, "
                f"and more rows change nothing. Leave {spelt('tops-up')} out: they are a look."
            )
    return ""
