"""An audit's look at its test set: booked in a ledger before the verdict, completed after it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from faircompress.auditing.looks import (
    Held,
    completed,
    described,
    look_settings,
    parts_of,
    review_of,
    test_set_of,
    user,
)
from faircompress.auditing.rows import Pair
from faircompress.auditing.spelling import spelt
from faircompress.config.rules import Gate
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.errors import LedgerError, NeedsReviewerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.levels import WAYS
from faircompress.ledger.looks import Look, next_look
from faircompress.ledger.old_book import import_book
from faircompress.ledger.record import Ledger
from faircompress.support.errors import InputError

LEDGER = ".jsonl"  # how the name of a ledger ends that is made from an old book of looks


@dataclass(frozen=True)
class Book:
    """Where an audit books its look.

    Args:
        ledger: File of the ledger; made if missing.
        old: Book of looks of version 0.2 that the ledger takes over.
        reviewer: Who agreed to limits that changed after a look.
        reason: Why they changed.
        tops_up: Line of the look that the rows top up; None: it is found, if there is one.
    """

    ledger: Path
    old: Path | None = None
    reviewer: str | None = None
    reason: str = ""
    tops_up: int | None = None

    @property
    def note(self) -> str:
        """Say where the looks of an old book are from now on; empty: there is none."""
        if self.old is None:
            return ""
        return (
            f"The looks of {self.old} are kept in {self.ledger} now: give {spelt('ledger')} "
            f"{self.ledger} from now on."
        )


@dataclass(frozen=True, eq=False)
class Booking:
    """A look that is booked, and what is to be evaluated for it.

    Args:
        look: The look, or the part that tops one up.
        pair: Both models' predictions of its rows.
        parts: Which part of a look they are; None: it may not be topped up.
        notes: What a reader must know of the rows.
    """

    look: Look
    pair: Pair
    parts: Parts | None
    notes: tuple[str, ...] = ()


def of_options(
    looks: str | None, ledger: Path | None, reviewer: str | None, reason: str,
    tops_up: int | None = None,
) -> tuple[str | None, Book | None]:  # fmt: skip
    """Return how looks are charged, None where nothing says it, and where they are booked.

    Args:
        looks: ``spend``, ``earn``, ``ignore``, or the book of looks of an earlier version.
        ledger: File of the ledger.
        reviewer: Who agreed to limits that changed after a look.
        reason: Why they changed.
        tops_up: Line of the look that the rows top up.

    Raises:
        ValueError: If looks are to be counted, but nothing says where.
    """
    way = looks if looks in WAYS else None
    old = None if looks is None or way else Path(looks)
    if old is not None and not old.suffix:
        raise InputError(
            f"{spelt('looks')} is {looks!r}; needed is {', '.join(WAYS)}, or a book of looks of "
            "version 0.2, such as looks.json."
        )
    if ledger is not None and ledger.is_dir():
        raise InputError(
            f"{spelt('ledger')} {ledger} is a folder; name a file, such as looks.jsonl."
        )
    if old is not None and ledger is None:
        old, ledger = (None, old) if old.suffix == LEDGER else (old, old.with_suffix(LEDGER))
    if ledger is None:
        given = {"looks": way, "reviewer": reviewer, "tops-up": tops_up}
        for name in (name for name, value in given.items() if value):
            raise InputError(
                f"{spelt(name)} is given without a ledger, which counts the looks at a test set. "
                f"Give {spelt('ledger')} looks.jsonl."
            )
        return None, None
    return way, Book(ledger, old, reviewer, reason, tops_up)


def open_ledger(book: Book) -> Ledger:
    """Return the ledger, with the looks of an old book taken over."""
    ledger = Ledger(book.ledger)
    if book.old is not None and book.old.exists():
        import_book(ledger, book.old)
    return ledger


def book_look(book: Book, pair: Pair, gate: Gate, validation: Held = None) -> Booking:
    """Book a look before its outcome is known.

    Raises:
        ValueError: If the ledger cannot be used, limits changed without a reviewer, or topping up
            is declared too late or for rows that nobody would know again.
    """
    rows = test_set(pair)
    if gate.topping_up and rows.ids is None and rows.pictures is None and rows.identities is None:
        raise LedgerError(
            f"{spelt('topping-up')} needs rows that are known again, so that fresh ones can be "
            f"told. Name a column of ids ({spelt('id')}) or of people ({spelt('cluster')})."
        )
    try:
        look = next_look(
            open_ledger(book), rows, candidate=pair.candidate.model,
            review=review_of(book.reviewer, book.reason),
            **look_settings(pair.baseline, gate, validation),
        )  # fmt: skip
    except NeedsReviewerError as error:
        raise NeedsReviewerError(
            f"{spelt('ledger')}: {error} Give {spelt('reviewer')}, who must not be {user()!r}, "
            f"and {spelt('reason')}."
        ) from None
    if gate.topping_up and not look.topping_up:
        raise LedgerError(
            f"{spelt('topping-up')} comes too late: this look, line {look.line} of {book.ledger}, "
            "was booked without it, and it must be declared before the outcome. Leave it out; "
            "enlarged, this test set is a whole look."
        )
    return Booking(look, pair, parts_of(look))


def written(book: Book, booking: Booking, verdict: Verdict, gate: Gate) -> Verdict:
    """Write what came of a look; return the verdict with what the look means."""
    completed(Ledger(book.ledger), booking.look, verdict)
    notes = [*verdict.notes, *booking.notes, *([book.note] if book.note else [])]
    return replace(described(verdict, booking.look, gate), notes=notes)


def test_set(pair: Pair) -> TestSet:
    """Return what the rows of an audit are known by."""
    images, pictures = pair.images, pair.hashes
    if images is not None and pictures is None:
        pictures = np.array([_sha256(one) for one in images])
    return test_set_of(
        pair.baseline, ids=pair.baseline.ids if pair.named else None, pictures=pictures,
        book=pair.book,
    )  # fmt: skip


def _sha256(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
