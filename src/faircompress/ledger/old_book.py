"""Books of looks of version 0.2: a JSON table, sha256 of a test set's ids -> candidates in order.

They are imported, not refused: the looks were taken, and a ledger that began at 1 would hand them
back. Such a book knows a set by all of its ids alone, so an old set is known again only with
exactly the same ids; the first look at it links it to everything that the ledger knows a set by.
"""

import json
import re
from pathlib import Path

from faircompress.ledger.entries import Imported
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.identity import of_book
from faircompress.ledger.record import Ledger, now


def import_book(ledger: Ledger, path: Path) -> int:
    """Add the looks of an old book to a ledger, once each; return how many are new.

    Args:
        ledger: Made if it is not there.
        path: The book; it stays as it is.

    Raises:
        LedgerError: If it is no such book.
    """
    book = _read(path)
    with ledger.changing() as opened:
        known = {(e.book, e.candidate) for e in opened.entries if isinstance(e, Imported)}
        looks = [
            Imported(now(), test_set, candidate)
            for ids, candidates in book.items()
            for test_set in [of_book(opened.key, ids)]
            for candidate in candidates
            if (test_set, candidate) not in known
        ]
        if looks:
            opened.add(*looks)
    return len(looks)


def _read(path: Path) -> dict[str, list[str]]:
    try:
        book = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"{path} cannot be read ({error}). Bring back the book of the last audit."
        ) from None
    if not isinstance(book, dict) or not all(map(_is_row, book.items())):
        raise LedgerError(
            f"{path} is no book of looks: needed is a JSON table, sha256 of a test set -> list of "
            "candidates. Bring back the book of the last audit."
        )
    return book


def _is_row(row: tuple[str, object]) -> bool:
    ids, candidates = row
    words = isinstance(candidates, list) and all(isinstance(word, str) for word in candidates)
    return words and re.fullmatch("[0-9a-f]{64}", ids) is not None
