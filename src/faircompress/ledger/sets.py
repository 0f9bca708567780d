"""Test sets on disk: one file of hashes each, named by its sha256.

A file is a line of JSON (version, lengths of the arrays, words), then the arrays, little-endian.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.ledger.errors import BrokenLedgerError
from faircompress.ledger.identity import VIEWS, Fingerprint
from faircompress.support.files import write_bytes

VIEWS_OF = {1: VIEWS[:-2], 2: VIEWS}  # by version of the file; the first has no histograms
TEXTS = ("columns", "exact", "book")


def folder(ledger: Path) -> Path:
    """Return where the test sets of a ledger lie."""
    return ledger.with_name(f"{ledger.name}.sets")


def name_of(ledger: Path, fingerprint: Fingerprint) -> str:
    """Return the sha256 of a test set's file: equal rows, in any order, have the same.

    A set that an earlier version wrote keeps its file, so that looks at it stay looks at it.
    """
    names = [hashlib.sha256(_bytes(fingerprint, version)).hexdigest() for version in VIEWS_OF]
    there = [name for name in names[:-1] if (folder(ledger) / name).exists()]
    return (there or names)[-1]


def save(ledger: Path, fingerprint: Fingerprint) -> str:
    """Write a test set, whole, unless it is there; return its sha256."""
    name = name_of(ledger, fingerprint)
    contents = (_bytes(fingerprint, version) for version in VIEWS_OF)
    content = next(some for some in contents if hashlib.sha256(some).hexdigest() == name)
    path = folder(ledger) / name
    if not path.exists() or path.read_bytes() != content:
        write_bytes(path, content)
    return name


def load(ledger: Path, name: str) -> Fingerprint:
    """Read a test set.

    Raises:
        BrokenLedgerError: If its file is gone or is not what was written.
    """
    path = folder(ledger) / name
    content = path.read_bytes() if path.exists() else None
    if content is None or hashlib.sha256(content).hexdigest() != name:
        state = "is gone" if content is None else "is not what was written: its sha256 differs"
        raise BrokenLedgerError(
            f"{path}, a test set of the ledger, {state}. Bring it back from the artifact store."
        )
    head, rest = content.split(b"\n", 1)
    header = json.loads(head)
    arrays = np.frombuffer(rest, "<u8").astype(np.uint64)
    views = VIEWS_OF[header["version"]]
    ends = np.cumsum([header["lengths"][view] for view in views])[:-1]
    values: dict[str, Any] = dict(zip(views, np.split(arrays, ends), strict=True))
    return Fingerprint(**values, complete=tuple(header["complete"]), **header["words"])


def _bytes(fingerprint: Fingerprint, version: int) -> bytes:
    arrays = {view: getattr(fingerprint, view) for view in VIEWS_OF[version]}
    header = {
        "version": version,
        "lengths": {view: len(array) for view, array in arrays.items()},
        "complete": fingerprint.complete,
        "words": {name: getattr(fingerprint, name) for name in TEXTS},
    }
    head = json.dumps(header, sort_keys=True).encode() + b"\n"
    return head + b"".join(array.astype("<u8").tobytes() for array in arrays.values())
