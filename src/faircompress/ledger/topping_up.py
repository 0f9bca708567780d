"""Rows of fresh people that top up a look: no new look, if that was declared beforehand.

For each check the e-values of the parts multiply, since each part's people are independent of what
was known before they came; then the smallest product counts. A part that was booked counts whatever
came of it: no part may be left open while another is added, nor may a check be left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from faircompress.ledger import sets
from faircompress.ledger.entries import Booked, Entry
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.family import known_sets, outcomes
from faircompress.ledger.identity import (
    EXACT,
    Fingerprint,
    RowHashes,
    TestSet,
    fingerprint,
    row_hashes,
)
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import Look, to_look
from faircompress.ledger.matching import Answer, isin, overlap
from faircompress.ledger.record import Ledger, OpenLedger, now


@dataclass(frozen=True)
class FreshPart:
    """The rows that may top up a look.

    Args:
        rows: Which rows are fresh, booleans, ``(rows,)``.
        rows_left_out: How many are not.
        people_left_out: How many people stand in a test set of the ledger; 0 if none are named.
    """

    rows: np.ndarray
    rows_left_out: int
    people_left_out: int

    @property
    def sentence(self) -> str:
        """Say what is left out."""
        if not self.rows_left_out:
            return "All rows are fresh."
        people = f" of {self.people_left_out:,} people" if self.people_left_out else ""
        return (
            f"{self.rows_left_out:,} rows{people} were used in an earlier test set and are left "
            f"out; {int(self.rows.sum()):,} rows are fresh."
        )


@dataclass(frozen=True)
class Combined:
    """What the parts of a look say together.

    Args:
        e_values: Product over the parts, by check.
        check: The one with the smallest.
        smallest: The candidate's e-value; it passes from 1/alpha on.
        parts: How many there are, the first included.
    """

    e_values: dict[str, float]
    check: str
    smallest: float
    parts: int


def fresh_part(ledger: Ledger, test_set: TestSet, *, but: str = "") -> FreshPart:
    """Tell which rows are fresh: not of a person, picture or id of any test set in the ledger.

    Args:
        ledger: Which.
        test_set: New rows, with or without the old ones.
        but: A test set whose rows count as fresh all the same: a part that is run again.

    Raises:
        LedgerError: If rows have neither ids, pictures nor people.
    """
    hashes = row_hashes(ledger.key(), test_set)
    if not any(getattr(hashes, by).any() for by in EXACT):
        raise LedgerError(
            "rows that top up a look need ids, pictures or people: without them nobody knows "
            "whether they are fresh. Name their columns."
        )
    used, people = np.zeros(len(test_set), bool), np.zeros(len(test_set), bool)
    for name in known_sets(ledger.entries()):
        if name == but:
            continue
        known = sets.load(ledger.path, name)
        for by in EXACT:
            used |= isin(getattr(hashes, by), getattr(known, by))
        people |= isin(hashes.people, known.people)
    others = (hashes.people != 0) & used  # all rows of whose picture came again
    used |= isin(hashes.people, np.unique(hashes.people[others]))
    return FreshPart(~used, int(used.sum()), len(np.unique(hashes.people[used & people])))


def top_up(
    ledger: Ledger,
    look: Look,
    part: TestSet,
    *,
    candidate: str,
    baseline: str,
    rules: Rules,
    seed: int,
) -> Look:
    """Book fresh rows that top up a look, before their outcome is known; complete it likewise.

    Args:
        ledger: Where the look is booked.
        look: The first, which declared it.
        part: Fresh rows alone: see ``fresh_part``.
        candidate: sha256; the same as of the first look.
        baseline: sha256; likewise.
        rules: Likewise.
        seed: Of this part's deals.

    Raises:
        LedgerError: If it was not declared, another file or rule is judged, an earlier part is not
            completed, or a row is not fresh.
    """
    hashes = row_hashes(ledger.key(), part)
    known = fingerprint(ledger.key(), part, hashes)
    name = sets.name_of(ledger.path, known)
    with ledger.changing() as book:
        first = _declared(book, look, candidate, baseline, rules)
        for line, entry in _parts(book.entries, look.line):
            if (entry.test_set, entry.seed) == (name, seed):
                return to_look(line, book, repeated=True)
        _check_completed(book, look.line)
        _check_fresh(book, first, known, hashes)
        entry = replace(
            first, time=now(), test_set=name, seed=int(seed), overlaps=(first.test_set,), unsure=(),
            tops_up=look.line,
        )  # fmt: skip
        sets.save(ledger.path, known)
        return to_look(book.add(entry), book)


def look_of(ledger: Ledger, line: int) -> Look:
    """Return the look of a line."""
    with ledger.changing() as book:
        return to_look(line, book)


def parts(ledger: Ledger, line: int) -> Sequence[tuple[int, Booked]]:
    """Return the lines of a look and of what tops it up, with what stands there."""
    return _parts(ledger.entries(), line)


def combined(ledger: Ledger, look: Look) -> Combined:
    """Multiply the e-values of a look's parts, check by check; the smallest product counts.

    Raises:
        LedgerError: If a part is not completed, has no e-values, or has other checks.
    """
    with ledger.changing() as book:
        line = look.tops_up or look.line
        _check_completed(book, line)
        return _product(line, book.entries, _parts(book.entries, line))


def before(ledger: Ledger, part: Look) -> Combined:
    """Multiply the e-values of the parts that were booked before this one."""
    entries, line = ledger.entries(), part.tops_up or part.line
    earlier = [(n, entry) for n, entry in _parts(entries, line) if n < part.line]
    return _product(line, entries, earlier)


def _product(line: int, entries: Sequence[Entry], of: Sequence[tuple[int, Booked]]) -> Combined:
    came = outcomes(entries)
    parts = [came[n].e_values for n, _ in of]
    checks = set(parts[0])
    if not checks or any(set(part) != checks for part in parts):
        names = sorted(checks.union(*parts).difference(checks.intersection(*parts)))
        raise LedgerError(
            f"the parts of the look of line {line} have e-values of different checks, or none "
            f"({names or 'none'}). A check that a part cannot test has the e-value 1 there."
        )
    values = {check: prod(part[check] for part in parts) for check in sorted(checks)}
    check = min(values, key=values.__getitem__)
    return Combined(values, check, values[check], len(parts))


def _declared(book: OpenLedger, look: Look, candidate: str, baseline: str, rules: Rules) -> Booked:
    first = book.entries[look.line - 1]
    if not isinstance(first, Booked) or first.tops_up is not None or not first.topping_up:
        raise LedgerError(
            f"the look of line {look.line} did not declare `topping_up: true` before its outcome: "
            "the enlarged test set is a whole look. Book it as one."
        )
    limits = {name: value for name, value in first.limits.items() if name != "alpha"}
    ours = (first.candidate, first.baseline, first.rules, limits)
    if ours != (candidate, baseline, rules.sha256, dict(rules.limits)):
        raise LedgerError(
            f"rows top up the look of line {look.line} for the same candidate, baseline and rules "
            "only; one of them is another. Book the enlarged test set as a look."
        )
    return first


def _parts(entries: Sequence[Entry], line: int) -> Sequence[tuple[int, Booked]]:
    return [
        (n, e) for n, e in enumerate(entries, start=1)
        if isinstance(e, Booked) and line in (n, e.tops_up)
    ]  # fmt: skip


def _check_completed(book: OpenLedger, line: int) -> None:
    came = outcomes(book.entries)
    if missing := [n for n, _ in _parts(book.entries, line) if n not in came]:
        raise LedgerError(
            f"the part of line {missing[0]} was booked and its outcome never written; it counts "
            "all the same. Run it again, it is the same look, before anything is added."
        )


def _check_fresh(book: OpenLedger, first: Booked, known: Fingerprint, hashes: RowHashes) -> None:
    """Refuse rows that were used before."""
    path = book.ledger.path
    before = sets.load(path, first.test_set)
    lacking = [by for by in EXACT if len(getattr(before, by)) and not getattr(hashes, by).all()]
    if lacking or not any(len(getattr(before, by)) for by in EXACT):
        raise LedgerError(
            f"rows that top up a look need {' and '.join(lacking or ['ids or people'])} in every "
            "row, as the first part has. Name their columns, or book a whole look."
        )
    for name in known_sets(book.entries):
        other = sets.load(path, name)
        again = {by: int(isin(getattr(known, by), getattr(other, by)).sum()) for by in EXACT}
        shared = overlap(known, other)
        if any(again.values()) or shared.answer is Answer.same:
            by, number = max(again.items(), key=lambda item: item[1])
            what = f"{number:,} {by}" if number else f"{shared.shared:,} rows, under other names,"
            raise LedgerError(
                f"{what} of these rows stand in an earlier test set; only fresh ones top up a "
                "look. Leave them out (`fresh_part`), or book the enlarged test set as a look."
            )
