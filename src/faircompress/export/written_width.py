"""What ``artifacts/widths.json`` says: whoever reads it here imports nothing that measures."""

from pathlib import Path
from typing import Any

from faircompress.config.widths import FILE
from faircompress.support.errors import InputError
from faircompress.support.files import read_json


def known_width(artifacts: Path) -> int:
    """Return the multiple of channels that is written down; 1 where none is."""
    return int(written(artifacts / FILE).get("round_to", 1))


def written(file: Path) -> dict[str, Any]:
    """Return what the file says; nothing where there is none.

    Raises:
        ValueError: If it is damaged: to measure anew would give another network unseen.
    """
    if not file.exists():
        return {}
    found = read_json(file)
    if not _is_whole(found):
        raise InputError(
            f"{file} holds {str(found)[:80]!r}; needed: round_to, a number from 1, and the "
            "processor where it was measured. Restore the file from git, or delete it to have the "
            "number measured anew, which may give another network."
        )
    return dict(found)


def _is_whole(found: object) -> bool:
    if not isinstance(found, dict):
        return False
    number, where = found.get("round_to"), found.get("measured_on", {"processor": ""})
    named = isinstance(where, dict) and isinstance(where.get("processor"), str)
    return isinstance(number, int) and number >= 1 and named
