"""A table of predictions, column by column; every fault is named with its row and a cure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import infer_dtype

from faircompress.auditing.number_cells import FILL as FILL
from faircompress.auditing.number_cells import as_numbers, cure_of
from faircompress.auditing.simple_cells import simple
from faircompress.auditing.spelling import spelt
from faircompress.auditing.summary_rows import summary_rows
from faircompress.config.bounds import whole
from faircompress.data.csv_text import PARQUET, is_parquet, is_text_table, no_column, read_csv
from faircompress.data.words import FLOATED
from faircompress.support.errors import InputError, MissingFileError
from faircompress.support.lines import one_line

UNREAD = "unread"  # where a frame notes ``Table.unread``
EMPTY = ("", "nan", "<na>")
LOGITS = "Are these logits? Write their sigmoid or softmax."
ROUNDED = "Is this rounding? Clip it to 0-1."
ROUNDED_IDS = "A spreadsheet took its last digits. Write ids as text where the table was made."
TWICE = "Was a row written twice, or is it in two splits or sets?"
ROUNDING = 1e-3
PERCENT = (
    "Are these percent? Write shares of 1. If they are logits, write their sigmoid or softmax."
)


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

    def texts(self, option: str, column: str) -> np.ndarray:
        """Return a column as text, 1.0 as 1, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is empty.
        """
        cells = self.column(option, column)
        values, place = cells, np.arange(len(cells))
        if cells.dtype != object or infer_dtype(cells, skipna=False) == "string":
            codes, found = pd.factorize(cells, use_na_sentinel=False)  # each value is written once
            values, place = pd.Series(found), codes
        short = values.dtype in (np.float32, np.float16)  # 0.1 is 0.1 in fewer bits, too
        texts = pd.Series(values.to_numpy().astype(str)) if short else values.map(str).str.strip()
        empty = values.isna().to_numpy() | texts.str.lower().isin(EMPTY).to_numpy()
        self.refuse(option, column, np.asarray(empty)[place], "is empty", FILL)
        return texts.map(whole).to_numpy().astype(str)[place]

    def shares(self, option: str, column: str) -> np.ndarray:
        """Return a column as probabilities, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is no number or outside 0-1.
        """
        found = self.numbers(option, column)
        beyond = np.abs(found - 0.5) - 0.5
        cure = ROUNDED if beyond.max() < ROUNDING else LOGITS
        if found.min() >= 0 and 2 < found.max() <= 100:
            cure = PERCENT
        self.refuse(option, column, beyond > 0, "is outside 0-1", cure)
        return found

    def numbers(self, option: str, column: str) -> np.ndarray:
        """Return a column as finite numbers, ``(rows,)``; if all are percent, as shares of 1."""
        cells = self.column(option, column)
        found = as_numbers(cells)
        bad = ~np.isfinite(found)
        self.refuse(option, column, bad, "is no finite number", cure_of(cells[bad]))
        return found

    def column(self, option: str, column: str) -> pd.Series:
        """Return a column as it stands in the file."""
        if column in self.unread:
            raise InputError(
                f"{option}: column {column!r} of {self.name} holds {self.unread[column]}; needed "
                "is one word or number a row. Write it so, or name another column."
            )
        if column not in self.cells.columns:
            close = no_column(column, [str(name) for name in self.cells.columns])
            raise InputError(f"{option}: {self.name} has no column {column!r}.{close}")
        return self.cells[column]

    def starred(self, option: str, pattern: str) -> dict[str, str]:
        """Return class -> column for the columns that a pattern with one star means.

        Raises:
            ValueError: If there are two stars, less than two columns, or two of one class.
        """
        if pattern.count("*") != 1:
            raise InputError(f"{option}: {pattern!r} has several stars; one stands for the class.")
        start, end = map(re.escape, pattern.split("*"))
        names = [str(name) for name in self.cells.columns]
        found: dict[str, str] = {}
        for match in filter(None, (re.fullmatch(f"{start}(.+){end}", n) for n in names)):
            of_class = whole(match[1].strip())
            if of_class in found:
                raise InputError(
                    f"{option}: columns {found[of_class]!r} and {match[0]!r} of {self.name} are "
                    f"both of class {of_class!r}; one a class is needed. Leave one out."
                )
            found[of_class] = match[0]
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
                theirs = f"; its own ids are such as {str(lacks.ids[0])!r}" * bool(absent.all())
                raise InputError(
                    f"{lacks.name} lacks {int(absent.sum()):,} rows of {has.name}, first "
                    f"{str(has.ids[absent.argmax()])!r}{theirs}. Both models must be asked about "
                    "the same rows, under the same ids. Predict the missing ones, or leave them "
                    "out of both files."
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
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}; needed is a table of predictions.")
    text = is_text_table(path) or path.suffix.lower() == ".json"
    if path.suffix.lower() in PARQUET or (text and is_parquet(path)):
        _refuse_text(path)
        with path.open("rb") as file:
            return read_parquet(file, path.name, identifier)
    if text:
        return _table(path.name, read_csv(path, key="predictions"), identifier)
    raise InputError(
        f"{path} ends in {path.suffix!r}; a table ends in .csv, .tsv, .txt or .json, may be packed "
        "(.gz, .zip, .bz2, .xz, .zst), or is Parquet. Save a sheet of a workbook as CSV."
    )


def _refuse_text(path: Path) -> None:
    """Refuse a file that is called Parquet and begins as a text does."""
    with path.open("rb") as file:
        start = file.read(40).partition(b"\n")[0].strip()
    if not start.startswith(b"PAR1") and start.isascii() and start.decode().isprintable():
        raise InputError(
            f"{path} is no Parquet file: it begins with {start.decode()!r}. If it is a text table, "
            f"call it {path.with_suffix('.csv').name}."
        )


def of_frame(cells: pd.DataFrame, name: str, identifier: str | None = None) -> Table:
    """Return a table of columns that are in memory; see ``read``."""
    names = [str(column) for column in cells.columns]
    _check_names(name, names)
    cells = cells.set_axis(names, axis=1)
    sparse = [one for one, kind in cells.dtypes.items() if isinstance(kind, pd.SparseDtype)]
    cells = cells.assign(**{str(one): cells[one].sparse.to_dense() for one in sparse})
    return _table(name, cells, identifier, cells.attrs.get(UNREAD))


def read_parquet(file: BinaryIO, name: str, identifier: str | None = None) -> Table:
    """Read an open Parquet file; see ``read``."""
    try:
        parts = pq.ParquetFile(file)
        _check_names(name, parts.schema_arrow.names)
        kinds = {one.name: one.type for one in parts.schema_arrow}
        unread = {key: str(kind) for key, kind in kinds.items() if not _is_scalar(kind)}
        table = parts.read(columns=[key for key in kinds if key not in unread])
        cells = _cells(table)
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        why = one_line(str(error), 200)
        raise InputError(f"{name} is no Parquet file, or a damaged one: {why}") from error
    return _table(name, cells, identifier, unread)


def _cells(table: pa.Table) -> pd.DataFrame:
    whole = [
        one.cast(one.type.value_type) if pa.types.is_dictionary(one.type) else one
        for one in table.columns
    ]
    return pa.table(whole, names=table.column_names).to_pandas(ignore_metadata=True)


def _table(
    name: str, cells: pd.DataFrame, identifier: str | None, unread: Mapping[str, str] | None = None
) -> Table:
    if cells.empty:
        raise InputError(f"{name} has no row; needed is one a row. Is the test set empty?")
    counted = np.char.add("row ", np.arange(1, len(cells) + 1).astype(str))
    table = Table(name, simple(cells), counted, unread or {})
    _refuse_summary(table, identifier)
    return table if identifier is None else _with_ids(table, identifier)


def _refuse_summary(table: Table, identifier: str | None) -> None:
    column = str(table.cells.columns[0])
    if identifier is not None and identifier in table.cells.columns:
        column = identifier
    cure = "Such a row sums up the others, and is none of the test set. Leave it out of the table."
    found = summary_rows(table.cells[column])
    table.refuse("the table", column, found, "holds a word of a summary", cure)


def _with_ids(table: Table, identifier: str) -> Table:
    ids = np.char.replace(table.texts(spelt("id"), identifier), "\\", "/")  # of another system
    lost = pd.Series(ids, dtype=object).str.fullmatch(FLOATED.pattern).to_numpy(bool)
    table.refuse(spelt("id"), identifier, lost, "looks like a rounded number", ROUNDED_IDS)
    again = pd.Series(ids).duplicated().to_numpy()
    cure = f"{_written_alike(table, identifier, ids, again)}Ids must be unique. {TWICE}"
    table.refuse(spelt("id"), identifier, again, "repeats an earlier row", cure)
    return replace(table, ids=ids)


def _written_alike(table: Table, identifier: str, ids: np.ndarray, again: np.ndarray) -> str:
    """Say that the first id which stands again is the same by its number alone, if it is so."""
    if not again.any():
        return ""
    first, last = np.flatnonzero(ids == ids[again.argmax()])[:2]
    cells = table.cells[identifier].map(str).str.strip().str.replace("\\", "/")
    one, other = cells.iloc[first], cells.iloc[last]
    if one == other:
        return ""
    return (
        f"{one!r} and {other!r} are one number; if its point stands between thousands, or is part "
        "of a name, write ids so that they are no numbers with decimals. "
    )


def _check_names(name: str, columns: Sequence[str]) -> None:
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise InputError(f"{name} has {columns.count(twice[0])} columns {twice[0]!r}; rename them.")


def _is_scalar(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(kind) or is_binary(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Tell whether a column holds bytes, such as image files."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
