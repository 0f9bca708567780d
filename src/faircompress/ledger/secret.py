"""The ledger's key: without it, no test set is known again and no line can be added."""

import os
import secrets
from pathlib import Path

from faircompress.ledger.errors import BrokenLedgerError

BYTES = 32


def key_path(ledger: Path) -> Path:
    """Return where the key of a ledger lies."""
    return ledger.with_name(f"{ledger.name}.key")


def read_key(ledger: Path) -> bytes:
    """Read a ledger's key.

    Raises:
        BrokenLedgerError: If it is gone or has another length.
    """
    path = key_path(ledger)
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise BrokenLedgerError(
            f"{ledger} has entries, but its key {path} is gone. With another key no test set would "
            "be known again: bring the key back from where the ledger was made, or from a backup."
        ) from None
    if len(key) != BYTES:
        raise BrokenLedgerError(
            f"{path} has {len(key)} bytes; a key has {BYTES}. Bring it back from where the ledger "
            "was made, or from a backup."
        )
    return key


def make_key(ledger: Path) -> bytes:
    """Make a key that only its owner may read, unless a start that broke off left one."""
    path = key_path(ledger)
    if path.exists():
        return read_key(ledger)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    aside.unlink(missing_ok=True)
    key = secrets.token_bytes(BYTES)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    return key
