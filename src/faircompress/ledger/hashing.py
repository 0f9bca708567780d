"""Keyed hashes: HMAC-SHA256, of which 64 bits are kept for what is compared value by value."""

import hashlib
import hmac
from collections.abc import Iterable

import numpy as np

PADS = (0x36, 0x5C)  # of HMAC, for keys of at most 64 bytes


def short_hashes(key: bytes, kind: str, values: Iterable[bytes]) -> np.ndarray:
    """Return 64 bits of the HMAC-SHA256 of each value.

    The two blocks that hold the key are hashed once (RFC 2104), which is twice as fast as ``hmac``.
    """
    inner, outer = (hashlib.sha256(bytes(b ^ pad for b in key.ljust(64, b"\0"))) for pad in PADS)
    inner.update(kind.encode() + b"\0")

    def digest(value: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(value)
        second.update(first.digest())
        return second.digest()[:8]

    return np.frombuffer(b"".join(map(digest, values)), ">u8").astype(np.uint64)


def keyed(key: bytes, kind: str, value: bytes) -> str:
    """Return the HMAC-SHA256 of a value in hexadecimal digits."""
    return hmac.digest(key, kind.encode() + b"\0" + value, "sha256").hex()


def as_texts(column: np.ndarray) -> np.ndarray:
    """Return values as words: 1, 1.0 and "1" are the same."""
    column = np.asarray(column)
    if column.dtype.kind == "f" and np.array_equal(column, np.rint(column)):
        column = column.astype(np.int64)
    return column.astype(str).astype(object)
