"""A table of predictions, column by column; every fault is named with its row and a cure."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.columns import meant, read_csv

EMPTY = ("", "nan", "<na>")
FILL = "Fill it in, or leave the row out for both models."
LOGITS = "Are these logits? Write their sigmoid or softmax."


@dataclass(frozen=True, eq=False)
class Table:
    """A file of one row a picture.

    Args:
        name: Of the file.
        cells: Its columns.
        ids: Of the rows; counted from 1 where no column has them.
    """

    name: str
    cells: pd.DataFrame
    ids: np.ndarray

    def words(self, option: str, column: str) -> np.ndarray:
        """Return a column as text, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is empty.
        """
        cells = self.column(option, column)
        texts = cells.map(str).str.strip()
        empty = cells.isna() | texts.str.lower().isin(EMPTY)
        self.refuse(option, column, empty.to_numpy(), "is empty", FILL)
        return texts.to_numpy().astype(str)

    def shares(self, option: str, column: str) -> np.ndarray:
        """Return a column as probabilities, ``(rows,)``.

        Raises:
            ValueError: If there is no such column, or a field is no number or outside 0-1.
        """
        found = self.numbers(option, column)
        self.refuse(option, column, (found < 0) | (found > 1), "is outside 0-1", LOGITS)
        return found

    def numbers(self, option: str, column: str) -> np.ndarray:
        """Return a column as finite numbers, ``(rows,)``."""
        numbers = pd.to_numeric(self.column(option, column), errors="coerce")
        found = numbers.to_numpy(np.float64, na_value=np.nan)
        self.refuse(option, column, ~np.isfinite(found), "is no finite number", FILL)
        return found

    def column(self, option: str, column: str) -> pd.Series:
        """Return a column as it stands in the file."""
        if column not in self.cells.columns:
            close = meant(column, [str(name) for name in self.cells.columns])
            raise ValueError(f"{option}: {self.name} has no column {column!r}.{close}")
        return self.cells[column]

    def starred(self, option: str, pattern: str) -> dict[str, str]:
        """Return class -> column for the columns that a pattern with one star means.

        Raises:
            ValueError: If there are two stars, or less than two columns.
        """
        if pattern.count("*") != 1:
            raise ValueError(f"{option}: {pattern!r} has several stars; one stands for the class.")
        start, end = map(re.escape, pattern.split("*"))
        names = [str(name) for name in self.cells.columns]
        found = {m[1]: n for n in names if (m := re.fullmatch(f"{start}(.+){end}", n))}
        if len(found) < 2:
            raise ValueError(
                f"{option}: {len(found)} columns of {self.name} are like {pattern!r}; one a class "
                f"is needed, two at least. There are: {', '.join(names[:40])}."
            )
        return found

    def in_order_of(self, other: "Table") -> "Table":
        """Return the same rows in another table's order.

        Raises:
            ValueError: If either has a row that the other lacks.
        """
        for has, lacks in ((other, self), (self, other)):
            absent = ~np.isin(has.ids, lacks.ids)
            if absent.any():
                raise ValueError(
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
            raise ValueError(
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
        ValueError: If it is neither, has no row, or ids are missing or stand twice.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        cells = _parquet(path)
    elif path.suffix.lower() == ".csv":
        cells = read_csv(path, key="predictions")
    else:
        raise ValueError(f"{path} ends in {path.suffix!r}; a table ends in .csv or .parquet.")
    if cells.empty:
        raise ValueError(f"{path} has no row; needed is one a picture. Is the test set empty?")
    counted = np.char.add("row ", np.arange(1, len(cells) + 1).astype(str))
    table = Table(path.name, cells, counted)
    return table if identifier is None else _with_ids(table, identifier)


def _with_ids(table: Table, identifier: str) -> Table:
    ids = table.words("--id", identifier)
    again = pd.Series(ids).duplicated().to_numpy()
    cure = "Ids must be unique. Was a row written twice, or were two test sets joined?"
    table.refuse("--id", identifier, again, "repeats an earlier row", cure)
    return replace(table, ids=ids)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        schema = pq.read_schema(path)
        plain = [f.name for f in schema if not (pa.types.is_nested(f.type) or is_binary(f.type))]
        table = pq.read_table(path, columns=plain)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no Parquet file: {error}") from error
    whole = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(whole, names=table.column_names).to_pandas(ignore_metadata=True)


def is_binary(kind: pa.DataType) -> bool:
    """Tell whether a column holds bytes, such as image files."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
