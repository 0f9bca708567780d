"""Columns of a table in memory as simple words and numbers, whatever Python holds them in."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def simple(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a table without bytes, arrays of one value, tensors, and half floats of Arrow.

    Args:
        cells: Whose other columns stay as they are.
    """
    found = {str(name): _simple(cells[name]) for name in cells}
    return cells.assign(**{k: column for k, column in found.items() if column is not None})


def _simple(column: pd.Series) -> "pd.Series[Any] | None":
    """Return a column anew; None: it is simple."""
    kind = column.dtype
    if isinstance(kind, pd.ArrowDtype) and pa.types.is_float16(kind.pyarrow_dtype):
        return pd.Series(column.to_numpy(np.float64, na_value=np.nan), index=column.index)
    if not pd.api.types.is_object_dtype(kind):
        return None
    some = column.dropna()
    if some.empty:
        return None
    first = some.iloc[0]
    if isinstance(first, bytes):
        return column.map(_text)
    if getattr(first, "ndim", None) == 0 and not isinstance(first, np.generic):
        return column.map(lambda value: value.item() if hasattr(value, "item") else value)
    return None


def _text(value: object) -> object:
    """Return bytes as UTF-8, else as hexadecimal digits."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
