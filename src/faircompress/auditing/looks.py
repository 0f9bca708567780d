"""The book of an audit: which files were judged on which test set, from one run to the next."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from faircompress.auditing.rows import Pair
from faircompress.auditing.spelling import spelt
from faircompress.files import write_json

Book = dict[str, list[str]]


def look(path: Path, pair: Pair) -> int:
    """Book that a candidate is judged on a test set; return which look at it this is, from 1.

    The same candidate keeps its number. A test set is known by the ids of its rows, in any order;
    a candidate by the sha256 of its file, or of its answers where there is no file.

    Args:
        path: JSON: sha256 of a test set -> sha256 of each candidate, in order. Made if missing.
        pair: Both models' word.

    Raises:
        ValueError: If rows have no ids of their own, or the file is no such book.
    """
    if not pair.named:
        raise ValueError(
            f"{spelt('looks')} needs {spelt('id')}: a test set is known again by the ids of its "
            "rows. Name their column."
        )
    test, file = _sha256(pair.candidate.ids.tolist()), pair.candidate.model
    with _one_at_a_time(path):
        book = _read(path)
        files = book.setdefault(test, [])
        if file not in files:
            files.append(file)
            write_json(path, book)
        return files.index(file) + 1


def _read(path: Path) -> Book:
    if not path.exists():
        return {}
    try:
        return TypeAdapter(Book).validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        raise ValueError(
            f"{spelt('looks')}: {path} is no book of looks: {error.errors()[0]['msg']}. Bring "
            "back the one "
            "of the last audit; a new one would count from 1 again."
        ) from None


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other audit has the book, then keep them out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _sha256(ids: list[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(ids)).encode()).hexdigest()
