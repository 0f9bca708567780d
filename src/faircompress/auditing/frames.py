"""What people call a table in Python, as a pandas frame; and what they call a column of values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from faircompress.support.errors import InputError


class Arrow(Protocol):
    """A table that hands over its columns as Arrow has them: Polars, PyArrow, DuckDB and others."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a stream of record batches."""


Frame: TypeAlias = "pd.DataFrame | Mapping[str, Any] | Arrow | str | Path | None"


def frame_of(given: Frame, values: Sequence[object]) -> pd.DataFrame:
    """Return a table as a new frame with the names of its columns as text.

    Args:
        given: A pandas frame, a table that speaks Arrow, columns by name, or the path of a table;
            None: all columns are given as arrays.
        values: What is given as columns, of which the first array says how many rows there are.

    Raises:
        ValueError: If it is none of these.
    """
    found = _frame(given, values)
    found.columns = [str(name) for name in found.columns]
    return found


def _frame(given: Frame, values: Sequence[object]) -> pd.DataFrame:
    if isinstance(given, pd.DataFrame):
        found = given.reset_index(drop=True).copy()
        found.attrs = {}  # what its owner notes there is no note of ours
        return found
    if given is None:
        arrays = [one for one in values if one is not None and not isinstance(one, str)]
        if not arrays:
            raise InputError("df is None, so label must be an array of values, not a name.")
        return pd.DataFrame(index=pd.RangeIndex(len(array_of(arrays[0]))))
    if isinstance(given, str | Path):
        from faircompress.auditing.tables import UNREAD, read

        table = read(Path(given))
        cells = table.cells.copy()
        cells.attrs[UNREAD] = dict(table.unread)
        return cells
    if isinstance(given, Mapping):
        _refuse_other_order(given)
        return _of_columns({str(name): array_of(values) for name, values in given.items()})
    if hasattr(given, "__arrow_c_stream__") and not hasattr(given, "dtype"):  # a column has one
        import pyarrow as pa

        return pd.DataFrame(pa.table(given).to_pandas())
    raise InputError(
        f"df is a {type(given).__name__}; needed is a pandas frame, a table that speaks Arrow "
        "(Polars, PyArrow, DuckDB), columns by name, the path of a table, or None where all "
        "columns are arrays."
    )


def _refuse_other_order(columns: Mapping[str, Any]) -> None:
    series = {name: one for name, one in columns.items() if isinstance(one, pd.Series)}
    first = next(iter(series.values()), None)
    for name, one in series.items():
        if first is not None and not one.index.equals(first.index):
            raise InputError(
                f"df has Series of several indexes, {next(iter(series))!r} and {name!r}, so their "
                "values may be of other rows. Make a frame of them, or give each one's to_numpy()."
            )


def _of_columns(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    sizes = {name: len(values) if values.ndim else 0 for name, values in columns.items()}
    if len(set(sizes.values())) > 1 or any(values.ndim != 1 for values in columns.values()):
        shapes = ", ".join(f"{name!r} {values.shape}" for name, values in columns.items())
        raise InputError(f"df has columns of several shapes: {shapes}; needed is one, (rows,).")
    return pd.DataFrame(columns)


def array_of(values: Any) -> np.ndarray:
    """Return values as an array; a tensor is taken off its graph and device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    found = np.asarray(values)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def by_class(values: np.ndarray, name: str, classes: Sequence[str], rows: int) -> dict[str, Any]:
    """Return probabilities of each class, ``(rows, classes)``, as columns ``NAME_CLASS``.

    Raises:
        ValueError: If nothing says which column is of which class.
    """
    if len(values) != rows or values.shape[1] != len(classes):
        given = f"classes names {len(classes)}" if classes else "classes is not given"
        raise InputError(
            f"{name} has shape {values.shape}, and {given}; needed is a row for each of the "
            f"{rows:,} rows, and classes=[...], the name of each of the {values.shape[1]} columns, "
            "as they stand in label."
        )
    return {f"{name}_{one}": values[:, place] for place, one in enumerate(classes)}


def index_of(values: object) -> Any:
    """Return the index of a pandas frame or Series; None of anything else."""
    found = getattr(values, "index", None)
    return None if callable(found) else found  # of a list it is


def values_in_order(name: str, values: Any, order: Any) -> np.ndarray:
    """Return an array that was given in place of a column's name; ``order``: index of the rows."""
    index = index_of(values)
    if index is not None and not order.equals(index):
        raise InputError(
            f"{name} is a Series with another index than the table or the other Series, so its "
            "values may be of other rows. Make it a column of the table, or put it in the table's "
            "order and give its to_numpy()."
        )
    return array_of(values)
