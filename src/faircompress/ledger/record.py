"""The ledger's file: JSON lines that are only ever added, each of which seals the one before.

A line holds ``previous``, the sha256 of the line before it, and ``mac``, its own HMAC-SHA256. So a
change anywhere is found on every read, also in the last line. What a read alone cannot find is a
ledger that was cut short or put back as it was some looks ago: for that, its ``Head`` is part of
each attestation, and whoever reads the ledger names the heads that it must contain.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faircompress.ledger.entries import Booked, Entry, Started, from_values, to_values
from faircompress.ledger.errors import BrokenLedgerError, LedgerError
from faircompress.ledger.secret import make_key, read_key
from faircompress.support import locks
from faircompress.support.files import write_bytes

LEDGER = Path("state") / "ledger.jsonl"  # of a project: shared by its variants, not in git
FIRST = "0" * 64  # what the first line has for a line before it
BACK = "Bring the ledger back from the artifact store; lines after it cannot be trusted."


@dataclass(frozen=True)
class Head:
    """How long a ledger is, and the sha256 of its last line; both are part of an attestation."""

    length: int
    sha256: str


@dataclass(frozen=True)
class Ledger:
    """A ledger of test-set use, which may not be there yet.

    Args:
        path: Of its file; key and test sets lie beside it.
        attested: Heads that it had, from attestations: a ledger without one of them is refused.
    """

    path: Path
    attested: tuple[Head, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Read and check the whole ledger; entry i is line i + 1. None where there is none yet.

        Raises:
            BrokenLedgerError: If a line, the key or an attested head is not as it was.
        """
        lines = _lines(self.path)
        _check_heads(self, lines)
        if not lines:
            return ()
        key = read_key(self.path)
        entries = tuple(_entry(self.path, n, line, key) for n, line in enumerate(lines, start=1))
        start = entries[0]
        if not isinstance(start, Started) or start.key_check != _key_check(key):
            raise BrokenLedgerError(f"{self.path}, line 1 is no start of a ledger. {BACK}")
        return entries

    def head(self) -> Head:
        """Return length and last sha256, after a check of the chain; no key is needed."""
        lines = _lines(self.path)
        _check_heads(self, lines)
        return _head(lines)

    def first(self) -> str:
        """Return the sha256 of the first line, by which a ledger is known; all 0: it is empty."""
        return _head(_lines(self.path)[:1]).sha256

    def verify(self) -> Head:
        """Check every line and every test set; return the head.

        Raises:
            BrokenLedgerError: If a byte of them is not as it was written.
        """
        from faircompress.ledger import sets  # here, because who reads lines alone needs no numpy

        for name in {e.test_set for e in self.entries() if isinstance(e, Booked)}:
            sets.load(self.path, name)
        return self.head()

    @contextmanager
    def changing(self) -> Iterator["OpenLedger"]:
        """Keep other processes out, read, and give what can be added to."""
        with locks.waiting(self.path.with_name(f".{self.path.name}.lock"), "writes the ledger"):
            if not _lines(self.path):
                _start(self)
            yield OpenLedger(self, read_key(self.path), list(self.entries()))

    def key(self) -> bytes:
        """Return the key; ledger and key are made where there are none."""
        if not self.path.exists():
            with self.changing() as ledger:
                return ledger.key
        return read_key(self.path)


@dataclass(frozen=True)
class OpenLedger:
    """A ledger that this process alone may add to, until it is closed.

    Args:
        ledger: Which.
        key: Its.
        entries: All lines so far.
    """

    ledger: Ledger
    key: bytes
    entries: list[Entry]

    def add(self, *entries: Entry) -> int:
        """Add lines, all or none; return the number of the last."""
        path = self.ledger.path
        lines = _lines(path)
        for entry in entries:
            lines.append(_line(entry, _head(lines).sha256, self.key))
        write_bytes(path, b"".join(line + b"\n" for line in lines))
        _flush_name(path)
        self.entries.extend(entries)
        return len(lines)


def now() -> str:
    """Return the time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _start(ledger: Ledger) -> None:
    from faircompress.ledger import sets

    known = sets.folder(ledger.path)
    if known.is_dir() and any(known.iterdir()):
        raise BrokenLedgerError(
            f"{ledger.path} is gone, but the test sets in {known} show that there was one. Bring "
            "it back from the artifact store; a new one would count from 1 again."
        )
    key = make_key(ledger.path)
    OpenLedger(ledger, key, []).add(Started(now(), _key_check(key)))


def _flush_name(path: Path) -> None:
    """Make sure that a look outlives a loss of power: the new name of the file is on disk, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(entry: Entry, previous: str, key: bytes) -> bytes:
    try:
        values = {**to_values(entry), "previous": previous}
        return _canonical({**values, "mac": _mac(key, values)})
    except ValueError as error:
        raise LedgerError(f"{entry} cannot be written: {error}. Numbers must be finite.") from error


def _entry(path: Path, number: int, line: bytes, key: bytes) -> Entry:
    """Return what a line says, if the key's owner wrote it."""
    try:
        values = json.loads(line)
        mac = values.pop("mac")
        genuine = hmac.compare_digest(mac, _mac(key, values))
        values.pop("previous")
        entry = from_values(values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenLedgerError(f"{path}, line {number} is no entry ({error!r}). {BACK}") from None
    if not genuine and number == 1:
        raise BrokenLedgerError(
            f"{path}, line 1 was not written with the key that lies beside it. Bring back the key "
            "or the ledger: one of them is another's."
        )
    if not genuine:
        raise BrokenLedgerError(f"{path}, line {number} was changed: its seal is not its. {BACK}")
    return entry


def _lines(path: Path) -> list[bytes]:
    """Return the lines, if each names the sha256 of the one before it."""
    if not path.exists():
        return []
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        raise BrokenLedgerError(
            f"{path}, line {content.count(10) + 1} has no end; lines are written whole. {BACK}"
        )
    lines = content[:-1].split(b"\n")
    previous = FIRST
    for number, line in enumerate(lines, start=1):
        if _previous(line) != previous:
            raise BrokenLedgerError(
                f"{path}, line {number}: the chain breaks here; line {max(number - 1, 1)} or this "
                f"one was changed, taken out or put in. {BACK}"
            )
        previous = hashlib.sha256(line).hexdigest()
    return lines


def _previous(line: bytes) -> str | None:
    """Return what a line says of the one before it; None if it is not written as we write."""
    try:
        values = json.loads(line)
        return str(values["previous"]) if _canonical(values) == line else None
    except (ValueError, KeyError, TypeError):
        return None


def _check_heads(ledger: Ledger, lines: Sequence[bytes]) -> None:
    for head in ledger.attested:
        if head.length > len(lines) or _head(lines[: head.length]) != head:
            raise BrokenLedgerError(
                f"{ledger.path} has {len(lines)} lines and is not the ledger that was attested at "
                f"line {head.length} (sha256 {head.sha256[:12]}...): looks are missing or others. "
                "Bring back the one that holds them."
            )


def _head(lines: Sequence[bytes]) -> Head:
    return Head(len(lines), hashlib.sha256(lines[-1]).hexdigest() if lines else FIRST)


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()


def _mac(key: bytes, values: dict[str, Any]) -> str:
    return hmac.digest(key, b"line\0" + _canonical(values), "sha256").hex()


def _key_check(key: bytes) -> str:
    return hmac.digest(key, b"ledger of test-set use", "sha256").hex()
