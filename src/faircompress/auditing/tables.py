"""A table of predictions, column by column; every fault is named with its row and a cure."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.auditing.spelling import spelt
from faircompress.config.bounds import whole
from faircompress.data.csv_text import meant, read_csv
from faircompress.support.errors import InputError

EMPTY = ("", "nan", "<na>")
FILL = "Fill it in, or leave the row out for both models."
LOGITS = "Are these logits? Write their sigmoid or softmax."
ROUNDED = "Is this rounding? Clip it to 0-1."
ROUNDING = 1e-3
SEPARATORS = ";\t|"


@dataclass(frozen=True, eq=False)
class Table:
    """A file of rows.

    Args:
        name: Of the file.
        cells: Its columns.
        ids: Of the rows; counted from 1 where no column has them.
        unread: Columns that hold no single words or numbers, and what they hold.
    """

    name: str
    cells: pd.DataFrame
    ids: np.ndarray
    unread: Mapping[str, str] = field(default_factory=dict)

    def words(self, option: str, column: str) -> np.ndarray:
        """Return a column as text, 1.0 as 1, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is empty.
        """
        cells = self.column(option, column)
        texts = cells.map(str).str.strip()
        empty = cells.isna() | texts.str.lower().isin(EMPTY)
        self.refuse(option, column, empty.to_numpy(), "is empty", FILL)
        return texts.map(whole).to_numpy().astype(str)

    def shares(self, option: str, column: str) -> np.ndarray:
        """Return a column as probabilities, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is no number or outside 0-1.
        """
        found = self.numbers(option, column)
        beyond = np.abs(found - 0.5) - 0.5
        cure = ROUNDED if beyond.max() < ROUNDING else LOGITS
        self.refuse(option, column, beyond > 0, "is outside 0-1", cure)
        return found

    def numbers(self, option: str, column: str) -> np.ndarray:
        """Return a column as finite numbers, ``(rows,)``."""
        numbers = pd.to_numeric(self.column(option, column), errors="coerce")
        found = numbers.to_numpy(np.float64, na_value=np.nan)
        self.refuse(option, column, ~np.isfinite(found), "is no finite number", FILL)
        return found

    def column(self, option: str, column: str) -> pd.Series:
        """Return a column as it stands in the file."""
        if column in self.unread:
            raise InputError(
                f"{option}: column {column!r} of {self.name} holds {self.unread[column]}; needed "
                "is one word or number a row. Write it so, or name another column."
            )
        if column not in self.cells.columns:
            close = meant(column, [str(name) for name in self.cells.columns])
            raise InputError(f"{option}: {self.name} has no column {column!r}.{close}")
        return self.cells[column]

    def starred(self, option: str, pattern: str) -> dict[str, str]:
        """Return class -> column for the columns that a pattern with one star means.

        Raises:
            ValueError: If there are two stars, or less than two columns.
        """
        if pattern.count("*") != 1:
            raise InputError(f"{option}: {pattern!r} has several stars; one stands for the class.")
        start, end = map(re.escape, pattern.split("*"))
        names = [str(name) for name in self.cells.columns]
        found = {whole(m[1]): n for n in names if (m := re.fullmatch(f"{start}(.+){end}", n))}
        if len(found) < 2:
            raise InputError(
                f"{option}: {len(found)} columns of {self.name} are like {pattern!r}; one a class "
                f"is needed, two at least. There are: {', '.join(names[:40])}."
            )
        return found

    def kept(self, rows: np.ndarray) -> "Table":
        """Return some rows, ``rows`` being ``(rows,)``, bool."""
        return replace(self, cells=self.cells[rows].reset_index(drop=True), ids=self.ids[rows])

    def in_order_of(self, other: "Table") -> "Table":
        """Return the same rows in another table's order.

        Raises:
            ValueError: If either has a row that the other lacks.
        """
        for has, lacks in ((other, self), (self, other)):
            absent = ~np.isin(has.ids, lacks.ids)
            if absent.any():
                raise InputError(
                    f"{lacks.name} lacks {int(absent.sum()):,} rows of {has.name}, first "
                    f"{str(has.ids[absent.argmax()])!r}; both models must be asked about the same "
                    "rows. Predict the missing ones, or leave them out of both files."
                )
        order = pd.Index(self.ids).get_indexer(pd.Index(other.ids))
        return replace(self, cells=self.cells.iloc[order], ids=other.ids)

    def refuse(self, option: str, column: str, bad: np.ndarray, fault: str, cure: str) -> None:
        """Raise, naming column, count, first row and its value, if any row is bad."""
        if bad.any():
            row = int(bad.argmax())
            raise InputError(
                f"{option}: column {column!r} of {self.name} {fault} in {int(bad.sum()):,} of "
                f"{len(bad):,} rows, first in {str(self.ids[row])!r}, "
                f"{str(self.cells[column].iloc[row])!r}. {cure}"
            )


def read(path: Path, identifier: str | None = None) -> Table:
    """Read a CSV or Parquet file; pictures in it are left alone.

    Args:
        path: The file.
        identifier: Column of the rows' ids; None: rows are counted.

    Raises:
        ValueError: If it is neither, has no row, a column or an id twice, or ids are missing.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        with path.open("rb") as file:
            return read_parquet(file, path.name, identifier)
    if path.suffix.lower() == ".csv":
        return _table(path.name, _csv(path), identifier)
    raise InputError(f"{path} ends in {path.suffix!r}; a table ends in .csv or .parquet.")


def of_frame(cells: pd.DataFrame, name: str, identifier: str | None = None) -> Table:
    """Return a table of columns that are in memory; see ``read``."""
    names = [str(column) for column in cells.columns]
    _check_names(name, names)
    return _table(name, cells.set_axis(names, axis=1), identifier)


def read_parquet(file: BinaryIO, name: str, identifier: str | None = None) -> Table:
    """Read an open Parquet file; see ``read``."""
    try:
        parts = pq.ParquetFile(file)
        _check_names(name, parts.schema_arrow.names)
        kinds = {one.name: one.type for one in parts.schema_arrow}
        unread = {key: str(kind) for key, kind in kinds.items() if not _is_plain(kind)}
        table = parts.read(columns=[key for key in kinds if key not in unread])
    except pa.ArrowInvalid as error:
        raise InputError(f"{name} is no Parquet file: {error}") from error
    whole = [
        one.cast(one.type.value_type) if pa.types.is_dictionary(one.type) else one
        for one in table.columns
    ]
    cells = pa.table(whole, names=table.column_names).to_pandas(ignore_metadata=True)
    return _table(name, cells, identifier, unread)


def _table(
    name: str, cells: pd.DataFrame, identifier: str | None, unread: Mapping[str, str] | None = None
) -> Table:
    if cells.empty:
        raise InputError(f"{name} has no row; needed is one a row. Is the test set empty?")
    counted = np.char.add("row ", np.arange(1, len(cells) + 1).astype(str))
    table = Table(name, cells, counted, unread or {})
    return table if identifier is None else _with_ids(table, identifier)


def _with_ids(table: Table, identifier: str) -> Table:
    ids = table.words(spelt("id"), identifier)
    again = pd.Series(ids).duplicated().to_numpy()
    cure = "Ids must be unique. Was a row written twice, or were two test sets joined?"
    table.refuse(spelt("id"), identifier, again, "repeats an earlier row", cure)
    return replace(table, ids=ids)


def _csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = [name.strip() for name in next(csv.reader(file), [])]
    if not any(names):
        raise InputError(f"{path} is empty; needed are names of columns, then one line a row.")
    other = next((mark for mark in SEPARATORS if mark in names[0]), None)
    if other:
        raise InputError(
            f"{path} separates its columns by {other!r}: its first line starts {names[0][:60]!r}. "
            "Write it with commas, and decimals with points."
        )
    _check_names(path.name, [name for name in names if name])
    return read_csv(path, key="predictions")


def _check_names(name: str, columns: Sequence[str]) -> None:
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise InputError(f"{name} has {columns.count(twice[0])} columns {twice[0]!r}; rename them.")


def _is_plain(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(kind) or is_binary(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Tell whether a column holds bytes, such as image files."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
