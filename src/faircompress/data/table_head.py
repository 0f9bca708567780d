"""The first rows of a user's table."""

from pathlib import Path
from typing import Any

import pandas as pd

from faircompress.data.csv_text import is_parquet, read_csv
from faircompress.support.errors import InputError, MissingFileError

ROWS = 1_000_000  # are looked at
SAMPLE = 50  # pictures that are looked at


def head_of(file: Path, rows: int = ROWS) -> pd.DataFrame:
    """Return the first rows, as the data source ``table`` would read them; few of held pictures.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no table.
    """
    if not file.is_file():
        raise MissingFileError(f"--table: {file} is missing.")
    if is_parquet(file):
        cells = _parquet_head(file, rows)
    else:
        cells = read_csv(file, key="--table").head(rows)
    return cells.rename(columns=lambda name: str(name).strip())


def _parquet_head(file: Path, rows: int) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"--table: {file} has two columns {twice!r}; rename one.")
        broken = next((name for name in names if name.splitlines() not in ([], [name])), None)
        if broken is not None:
            raise InputError(f"--table: {file} has a column {broken!r} of two lines; rename it.")
        held = [n for n in names if _holds(table.schema_arrow.field(n).type, pa)]
        plain = [name for name in names if name not in held]
        first = next(table.iter_batches(batch_size=rows, columns=plain), None)
        some = next(table.iter_batches(batch_size=SAMPLE, columns=held), None) if held else None
    except InputError:
        raise
    except (ValueError, OSError) as error:  # pyarrow's own errors are such
        raise InputError(f"--table: {file} is no Parquet table: {str(error).strip()}") from error
    parts = [part.to_pandas() for part in (first, some) if part is not None]
    return pd.concat(parts, axis=1)[names] if parts and len(parts[0]) else pd.DataFrame()


def _holds(kind: Any, pa: Any) -> bool:
    """Tell whether a column may hold whole pictures."""
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind)
                or pa.types.is_large_binary(kind))  # fmt: skip
