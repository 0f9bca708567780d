"""Your own data: a CSV or Parquet file that names each picture, or holds it."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faircompress.config.bounds import Column, Groups, OpenShare, Positive, Seed
from faircompress.data.columns import Table, data_set
from faircompress.data.csv_text import meant, read_csv
from faircompress.data.fingerprint import within
from faircompress.data.sources import RawData
from faircompress.data.splitting import Read
from faircompress.support.errors import InputError, MissingFileError

KEY = "data.table"


def table(
    *,
    root: str = "data/table",
    file: str = "data.csv",
    separator: str = ",",
    image: str = "image",
    label: Column = "label",
    groups: Groups = [],  # noqa: B006 (params read the default from the source text)
    split: Column | None = None,
    identity: str | None = None,
    weight: str | None = None,
    max_weight: Positive | None = None,
    validation: OpenShare = 0.1,
    test: OpenShare = 0.2,
    seed: Seed = 1,
) -> RawData:
    """Return the pictures of a table, with label and groups from its columns.

    Columns are told by name, or with their values named, binned or dropped: see ``columns.py``.
    An id is the path of the picture, or of a picture held in Parquet the number of its row.

    Args:
        root: Folder with the file and the pictures.
        file: The table under ``root``: ``.csv`` or ``.parquet``; ``*`` may match many.
        separator: What parts the fields of a CSV file.
        image: Column of the picture: a path under ``root``; in Parquet also the bytes of an image
            file, all of which are then held in memory. Or how to make the path of columns, such
            as ``images/{name}.jpg``.
        label: Column of the label.
        groups: Columns of the groups.
        split: Column of the split; null: cut by identity, else by pixels.
        identity: Column that says whose picture it is.
        weight: Column of what a row counts in pooled rates.
        max_weight: The most that one person (or a row of nobody) weighs in the population; null:
            1.5 times the heaviest of the validation rows is taken.
        validation: Share to cut where there is no split.
        test: Likewise.
        seed: Of the cut.

    Raises:
        FileNotFoundError: If the table is missing.
        ValueError: If a column is missing, or a value has no place in it.
    """
    home = Path(root)
    named = sorted(home.glob(file)) if "*" in file else [home / file]
    paths = [within(home, str(path.absolute())) for path in named]
    if not paths or not paths[0].is_file():
        beside = [path.name for path in home.iterdir()] if home.is_dir() else []
        raise MissingFileError(f"{KEY}.file: {home / file} is missing.{meant(file, beside)}")
    if paths[0].suffix == ".parquet":
        cells, held = _parquet(paths, image)
    else:
        parts = [read_csv(path, key=f"{KEY}.file", separator=separator) for path in paths]
        cells, held = pd.concat(parts, ignore_index=True), None
    found, read = (cells, held) if held else _by_path(home, cells, image, str(home / file))
    return data_set(
        Table(found, KEY, str(home / file)),
        read,
        label=label,
        groups=groups,
        split=split,
        identity=identity,
        weight=weight,
        max_weight=max_weight,
        shares={"validation": validation, "test": test},
        seed=seed,
    )


def _by_path(home: Path, cells: pd.DataFrame, image: str, where: str) -> tuple[pd.DataFrame, Read]:
    """Return the table under the paths of its pictures, and how to read one."""
    parts = re.split(r"\{([^}]*)\}", image) if "{" in image else ["", image, ""]
    absent = [name for name in parts[1::2] if name not in cells.columns]
    if absent:
        close = meant(absent[0], list(cells.columns))
        raise InputError(f"{KEY}.image: {where} has no column {absent[0]!r}.{close}")
    columns = [cells[part].fillna("") if k % 2 else part for k, part in enumerate(parts)]
    paths = [path or None for path in sum(columns[1:], pd.Series(columns[0], cells.index))]

    def read(row: int) -> bytes:
        if not paths[row]:
            raise FileNotFoundError(2, "no path in the table")
        return within(home, str(paths[row])).read_bytes()

    return cells.set_axis(pd.Index(paths, dtype=object)), read


def _parquet(paths: list[Path], image: str) -> tuple[pd.DataFrame, Read | None]:
    """Return columns of a Parquet table as text, and how to read a picture if it holds them."""
    try:
        parts = [pq.read_table(path) for path in paths]
        read = pa.concat_tables(parts, promote_options="permissive")  # 1 in a part may be 1.0
    except pa.ArrowTypeError as error:
        raise InputError(f"{KEY}.file: the parts of {paths[0]} differ: {error}") from error
    except pa.ArrowInvalid as error:
        raise InputError(f"{KEY}.file: {paths[0]} is no Parquet table: {error}") from error
    plain = [f.name for f in read.schema if not (pa.types.is_nested(f.type) or _binary(f.type))]
    cells = pd.DataFrame({name: _text(read.column(name)) for name in plain})
    if image in plain or image not in read.column_names:
        return cells, None
    held = read.column(image)
    held = pc.struct_field(held, "bytes") if pa.types.is_struct(held.type) else held
    cells = cells.set_axis([f"row {row:06d}" for row in range(len(cells))])
    return cells, lambda row: _bytes(held[row].as_py(), cells.index[row])


def _bytes(picture: bytes | None, name: str) -> bytes:
    if picture is None:
        raise FileNotFoundError(2, "no bytes in the table", name)
    return picture


def _binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _text(column: pa.ChunkedArray) -> list[Any]:
    """Return values as text; what is no value, or no number, becomes None."""
    return [None if pd.isna(v) else str(v) for v in column.to_pylist()]
