"""What a test set is known by: keyed hashes of its rows, people and pictures.

A hash is HMAC-SHA256 with the ledger's key, of which 64 bits are kept: a ledger shows neither names
nor scores to whoever has no key, and 200,000 rows take 1.6 MB a view. Two rows of different sets
have equal hashes by accident with chance ``5e-20``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from faircompress.ledger.errors import LedgerError
from faircompress.ledger.hashing import as_texts, keyed, short_hashes
from faircompress.ledger.histograms import histogram

DIGITS = 4  # decimals to which the baseline's scores identify a row
FINE = 6  # to which they tell fresh rows from used ones in large tables; see ``matching``
VIEWS = ("ids", "pictures", "people", "rows", "scores", "fine", "values", "bins", "counts")
EXACT = VIEWS[:3]  # equal ones are no coincidence
NOTHING = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class TestSet:
    """The rows that are compared, without the candidate.

    Args:
        labels: True classes, ``(rows,)``, integers or words.
        groups: Group column -> group of each row, ``(rows,)``.
        baseline: The baseline's scores, ``(rows,)`` or ``(rows, classes)``.
        ids: The rows' own ids, ``(rows,)``, unique; None: they have none. Row numbers are no ids.
        pictures: sha256 of each row's picture, ``(rows,)``; None as an element or as a whole where
            it is not known. Best of decoded pixels: it survives another file format.
        identities: Whose row it is, ``(rows,)``; None likewise.
        weights: What each row counts, ``(rows,)``; None: 1 each. They identify nothing, but another
            weight makes another look.
        book: Hash by which an earlier record of looks knows this set; None: that of its ids.

    Raises:
        LedgerError: If there is no row, lengths differ, an id is missing or stands twice, or a
            score or weight is not finite.
    """

    labels: np.ndarray
    groups: Mapping[str, np.ndarray]
    baseline: np.ndarray
    ids: np.ndarray | None = None
    pictures: np.ndarray | None = None
    identities: np.ndarray | None = None
    weights: np.ndarray | None = None
    book: str | None = None

    __test__ = False  # no class of tests

    def __post_init__(self) -> None:
        _check(self)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> "TestSet":
        """Return some rows; ``rows`` are integers or a mask."""
        some: dict[str, Any] = {
            name: None if column is None else np.asarray(column)[rows]
            for name, column in vars(self).items()
            if name not in ("groups", "book")
        }
        groups = {name: np.asarray(column)[rows] for name, column in self.groups.items()}
        return TestSet(groups=groups, **some)


@dataclass(frozen=True)
class Fingerprint:
    """A test set's keyed hashes; arrays are sorted ``uint64``, empty where nothing is known.

    Args:
        ids: Of the ids.
        pictures: Of the pictures, each once.
        people: Of the people, each once.
        rows: Of (label, groups, baseline's scores to 4 digits), as often as they stand there.
        scores: Of (label, baseline's scores to 4 digits), as often as they stand there.
        fine: Of (label, baseline's scores to 6 digits), as often as they stand there.
        values: Of each group column's values, each once a percent of the rows that have it.
        bins: Of each bin of the table's histograms, once; see ``histograms``.
        counts: Rows in each.
        turned: Bins and counts with the classes exchanged, of a set in question; none are kept.
        complete: Which of ids, pictures and people are known of every row.
        columns: Of the names of the group columns.
        exact: Of everything that is known of all rows, in any order.
        book: Of the hash by which an earlier record of looks knows the set; empty: there is none.
    """

    ids: np.ndarray = field(default_factory=lambda: NOTHING)
    pictures: np.ndarray = field(default_factory=lambda: NOTHING)
    people: np.ndarray = field(default_factory=lambda: NOTHING)
    rows: np.ndarray = field(default_factory=lambda: NOTHING)
    scores: np.ndarray = field(default_factory=lambda: NOTHING)
    fine: np.ndarray = field(default_factory=lambda: NOTHING)
    values: np.ndarray = field(default_factory=lambda: NOTHING)
    bins: np.ndarray = field(default_factory=lambda: NOTHING)
    counts: np.ndarray = field(default_factory=lambda: NOTHING)
    turned: tuple[np.ndarray, np.ndarray] = (NOTHING, NOTHING)
    complete: tuple[str, ...] = ()
    columns: str = ""
    exact: str = ""
    book: str = ""


@dataclass(frozen=True)
class RowHashes:
    """A test set's keyed hashes, row by row; 0 where nothing is known. ``uint64``, ``(rows,)``."""

    ids: np.ndarray
    pictures: np.ndarray
    people: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    fine: np.ndarray


def row_hashes(key: bytes, test_set: TestSet) -> RowHashes:
    """Return the hashes of each row, in the order of the rows."""
    scores = _rounded(test_set.baseline, DIGITS)
    labels = [("", test_set.labels)]
    return RowHashes(
        ids=_of_texts(key, "id", test_set.ids, len(test_set)),
        pictures=_of_texts(key, "picture", test_set.pictures, len(test_set)),
        people=_of_texts(key, "person", test_set.identities, len(test_set)),
        rows=_of_rows(key, "row", [*labels, *sorted(test_set.groups.items())], scores),
        scores=_of_rows(key, "score", labels, scores),
        fine=_of_rows(key, "fine", labels, _rounded(test_set.baseline, FINE)),
    )


def fingerprint(key: bytes, test_set: TestSet, hashes: RowHashes | None = None) -> Fingerprint:
    """Return what a test set is known by.

    Args:
        key: The ledger's.
        test_set: Rows in any order.
        hashes: Its ``row_hashes``, where they are known.
    """
    h = hashes or row_hashes(key, test_set)
    names = sorted(test_set.groups)
    table = test_set.labels, test_set.groups, test_set.baseline
    (bins, counts), turned = histogram(key, *table), histogram(key, *table, turned=True)
    return Fingerprint(
        ids=_once(h.ids),
        pictures=_once(h.pictures),
        people=_once(h.people),
        rows=np.sort(h.rows),
        scores=np.sort(h.scores),
        fine=np.sort(h.fine),
        values=np.sort(_of_values(key, test_set.groups)),
        bins=bins,
        counts=counts,
        turned=turned,
        complete=tuple(view for view in EXACT if getattr(h, view).all()),
        columns=keyed(key, "columns", json.dumps(names).encode()),
        exact=_exact(key, test_set, h),
        book=_book(key, test_set),
    )


def book_sha256(ids: np.ndarray) -> str:
    """Return the hash by which a book of looks of version 0.2 knows a test set."""
    return hashlib.sha256(json.dumps(sorted(as_texts(ids).tolist())).encode()).hexdigest()


def of_book(key: bytes, sha256: str) -> str:
    """Return the keyed hash of such a hash."""
    return keyed(key, "book", sha256.encode())


def _book(key: bytes, test_set: TestSet) -> str:
    if test_set.book is None and test_set.ids is None:
        return ""
    return of_book(key, test_set.book or book_sha256(np.asarray(test_set.ids)))


def _of_values(key: bytes, groups: Mapping[str, np.ndarray]) -> np.ndarray:
    """Hash the values of group columns, each once a percent of its rows."""
    values: list[bytes] = []
    for name, column in groups.items():
        texts, times = np.unique(as_texts(column).astype(str), return_counts=True)
        for text, percent in zip(texts, np.rint(100 * times / len(column)), strict=True):
            values += [json.dumps([name, str(text)]).encode()] * int(percent)
    return short_hashes(key, "value", values)


def _exact(key: bytes, test_set: TestSet, h: RowHashes) -> str:
    """Hash all that is known of all rows, scores and weights to their last bit."""
    numbers = np.asarray(test_set.baseline, float).reshape(len(test_set), -1)
    weights = np.ones(len(test_set)) if test_set.weights is None else test_set.weights
    floats = np.column_stack([numbers, np.asarray(weights, float)]) + 0.0  # -0 is 0
    hashes = np.column_stack([h.ids, h.pictures, h.people, h.rows])
    table = np.ascontiguousarray(np.hstack([hashes, floats.view(np.uint64)]), "<u8")
    return keyed(key, "exact", table[np.lexsort(table.T)].tobytes())


def _rounded(baseline: np.ndarray, digits: int) -> np.ndarray:
    """Return scores as whole steps of the last digit; of two classes the second one's."""
    scores = np.asarray(baseline, float).reshape(len(baseline), -1)
    scores = scores[:, 1:] if scores.shape[1] == 2 else scores
    return np.ascontiguousarray(np.rint(scores * 10**digits), "<i8")


def _of_rows(
    key: bytes, kind: str, columns: list[tuple[str, np.ndarray]], scores: np.ndarray
) -> np.ndarray:
    """Hash, of each row, the words in some columns and its scores."""
    texts = {name: as_texts(column) for name, column in columns}
    codes = pd.DataFrame({n: pd.factorize(column)[0] for n, column in enumerate(texts.values())})
    subgroup = codes.groupby(list(codes.columns), sort=False).ngroup().to_numpy()
    first = np.unique(subgroup, return_index=True)[1]
    heads = [
        json.dumps([[name, str(column[row])] for name, column in texts.items()]).encode() + b"\0"
        for row in first
    ]
    table = pd.DataFrame(scores).assign(subgroup=subgroup)
    row_of = table.groupby(list(table.columns), sort=False).ngroup().to_numpy()
    ones = np.unique(row_of, return_index=True)[1]  # rows that are equal are hashed once
    raw, width = scores.tobytes(), scores.shape[1] * 8
    rows = (heads[subgroup[n]] + raw[n * width : (n + 1) * width] for n in ones.tolist())
    return short_hashes(key, kind, rows)[row_of]


def _of_texts(key: bytes, kind: str, column: np.ndarray | None, rows: int) -> np.ndarray:
    """Hash each word of a column; 0 where it is missing."""
    found = np.zeros(rows, np.uint64)
    if column is None:
        return found
    known = ~_missing(column)
    codes, texts = pd.factorize(as_texts(np.asarray(column)[known]))
    found[known] = short_hashes(key, kind, (str(text).encode() for text in texts))[codes]
    return found


def _once(hashes: np.ndarray) -> np.ndarray:
    found = np.unique(hashes)
    return found[found != 0]


def _missing(column: np.ndarray) -> np.ndarray:
    column = np.asarray(column)
    return np.asarray(pd.isna(column) | (column.astype(object) == ""), bool)


def _check(test_set: TestSet) -> None:
    rows = len(test_set.labels)
    if rows == 0:
        raise LedgerError("the test set has no row; needed is at least one. Is the table empty?")
    known = {name: c for name, c in vars(test_set).items() if name not in ("groups", "book")}
    columns = {name: column for name, column in known.items() if column is not None}
    columns |= {f"groups {name!r}": column for name, column in test_set.groups.items()}
    for name, column in columns.items():
        if len(column) != rows:
            raise LedgerError(
                f"{name} has {len(column)} rows, labels {rows}; they must be equal. Were both "
                "taken from the same table?"
            )
    for name in ("baseline", "weights"):
        if name in columns and not np.isfinite(np.asarray(columns[name], float)).all():
            raise LedgerError(f"{name} must be finite in every row. Are values missing?")
    ids = test_set.ids
    if ids is not None and (_missing(ids).any() or len(pd.unique(as_texts(ids))) < rows):
        raise LedgerError(
            "ids are missing or stand more than once; each row needs one of its own. Name people "
            "as identities instead."
        )
