"""What ``artifacts/widths.json`` says: whoever reads it here imports nothing that measures."""

from pathlib import Path
from typing import Any

from faircompress.config.widths import FILE
from faircompress.support.files import read_json


def known_width(artifacts: Path) -> int:
    """Return the multiple of channels that is written down; 1 where none is."""
    return int(written(artifacts / FILE).get("round_to", 1))


def written(file: Path) -> dict[str, Any]:
    """Return what the file says; nothing where there is none, or it is damaged."""
    try:
        return dict(read_json(file))
    except (ValueError, TypeError):
        return {}
