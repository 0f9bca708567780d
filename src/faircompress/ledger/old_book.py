"""Earlier records of looks, taken over once.

Books of looks of version 0.2: a JSON table, sha256 of a test set's ids -> candidates in order.

They are imported, not refused: the looks were taken, and a ledger that began at 1 would hand them
back. Such a book knows a set by all of its ids alone, so an old set is known again only with
exactly the same ids; the first look at it links it to everything that the ledger knows a set by.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from faircompress.ledger import sets
from faircompress.ledger.entries import Booked, Imported
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.family import SHORT, known_sets
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


def take_over(ledger: Ledger, test: str, numbers: Mapping[str, int]) -> int:
    """Add the looks of a record that numbers files; return how many are new.

    A file that the ledger knows already, booked or taken over, is left as it stands there.

    Args:
        ledger: Made if it is not there.
        test: Hash by which the record knows the test set; ``TestSet.book`` has it too.
        numbers: First digits of a file's sha256, ``SHORT`` of them or more -> number of its look.
    """
    with ledger.changing() as opened:
        book = of_book(opened.key, test)
        near = {name for name in known_sets(opened.entries)
                if sets.load(ledger.path, name).book == book}  # fmt: skip
        known = {
            file[:SHORT]
            for e in opened.entries
            if isinstance(e, Booked) and e.test_set in near
            for file in e.files
        }
        known |= {
            e.candidate[:SHORT]
            for e in opened.entries
            if isinstance(e, Imported) and e.book == book
        }
        wanted = {file[:SHORT]: number for file, number in numbers.items()}
        looks = [
            Imported(now(), book, file, number)
            for file, number in sorted(wanted.items(), key=lambda item: item[1])
            if file not in known
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
    texts = isinstance(candidates, list) and all(isinstance(text, str) for text in candidates)
    return texts and re.fullmatch("[0-9a-f]{64}", ids) is not None
