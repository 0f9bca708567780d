"""Small tables as CSV, which ``dvc plots`` and spreadsheets read."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faircompress.support.files import write_text


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, the first one's keys as the head; a value that is None stays empty.

    Args:
        path: Written whole or not at all.
        rows: All of the same keys; none: the file is empty.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else [], lineterminator="\n")
    if rows:
        writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())
