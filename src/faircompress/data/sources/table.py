"""Your own data: a CSV or Parquet file that names each picture, or holds it."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faircompress.config.bounds import Column, Groups, MaxWeights, Names, OpenShare, Seed
from faircompress.data.columns import Table, data_set
from faircompress.data.csv_text import is_parquet, read_sheet
from faircompress.data.paths import fields, made, picture_bytes, placed, slashed
from faircompress.data.sidecars import with_sidecars
from faircompress.data.sources import RawData
from faircompress.data.splitting import Read
from faircompress.data.table_files import parts_of, with_words
from faircompress.support.errors import InputError

KEY = "data.table"
CURE = ", or leave such rows out of the table"


def table(
    *,
    root: str = "data/table",
    file: str = "data.csv",
    separator: str | None = None,
    encoding: str | None = None,
    image: str = "image",
    pattern: str | None = None,
    sidecar: Names | None = None,
    sidecar_key: str | None = None,
    label: Column = "label",
    groups: Groups = [],  # noqa: B006 (params read the default from the source text)
    split: Column | None = None,
    identity: str | None = None,
    weight: str | None = None,
    max_weight: MaxWeights | None = None,
    validation: OpenShare = 0.1,
    test: OpenShare = 0.2,
    seed: Seed = 1,
) -> RawData:
    """Return the pictures of a table, with label and groups from its columns.

    Columns are told by name, or with their values named, binned or dropped: see ``columns.py``;
    of patterns and sidecars, ``paths.py``. An id is the path of the picture, or of a picture held
    in Parquet the number of its row.

    Args:
        root: Folder with the file and the pictures.
        file: The table under ``root``: text, maybe packed (``.csv.gz``), or Parquet; of many parts
            ``part-*.parquet``, or ``{split}.csv``: each ``{word}`` is a column, too.
        separator: What parts the fields of a text table; null: what its first lines tell.
        encoding: Of its text, such as windows-1252; null: UTF-8 or UTF-16.
        image: Column of the picture: a path under ``root``; in Parquet also the bytes of an image
            file, all of which are then held in memory. Or how to make the path of columns, such
            as ``images/{name}.jpg``; in folders ``*`` and ``**`` stand for any.
        pattern: Of these paths, such as ``{split}/{site}/*``: each ``{word}`` is a column, too.
        sidecar: Another text table under ``root``, with a row for each picture; or several.
        sidecar_key: Column of both tables by which they belong together, such as ``person``; null:
            the picture, by ``image``.
        label: Column of the label.
        groups: Columns of the groups.
        split: Column of the split; null: ``{split}`` of the pattern or the file if it has one, else
            cut by identity, else by pixels.
        identity: Column that says whose picture it is.
        weight: Column of what a row counts in pooled rates.
        max_weight: The most that one person (or a row of nobody) weighs in the population, or of
            each subgroup, such as ``{sex=f & label=yes: 3, ...}``; null: 1.5 times the heaviest of
            the validation rows is taken.
        validation: Share to cut where there is no split.
        test: Likewise.
        seed: Of the cut.

    Raises:
        FileNotFoundError: If the table is missing.
        ValueError: If a column is missing, or a value has no place in it.
    """
    home = Path(root)
    parts = parts_of(home, file, key=f"{KEY}.file")
    paths = [part.path for part in parts]
    how = {"separator": separator, "encoding": encoding}
    held: Read | None = None
    notes: tuple[str, ...] = ()
    if is_parquet(paths[0]):
        cells, rows, held = _parquet(paths, image)
    else:
        cells, rows, notes = _text_tables(paths, **how)
    cells = with_words(cells, parts, rows, key=f"{KEY}.file")
    if held:
        read = held
    else:
        cells, read, turned = _by_path(home, cells, image, str(home / file))
        notes = (*notes, *turned)
    if pattern:
        words = fields([str(path) for path in cells.index], pattern, key=KEY, cure=CURE)
        both = sorted(set(words.columns) & set(cells.columns))
        if both:
            raise InputError(f"{KEY}.pattern: {both[0]!r} is a column of the table too; rename it")
        cells = pd.concat([cells, words.set_axis(cells.index)], axis=1)
    cells, more = with_sidecars(
        cells, home, sidecar, image=image, shared=sidecar_key, key=KEY, **how
    )
    notes = (*notes, *more)
    return data_set(
        Table(cells, KEY, str(home / file), notes),
        read,
        label=label,
        groups=groups,
        split="split" if split is None and "{split}" in f"{pattern} {file}" else split,
        identity=identity,
        weight=weight,
        max_weight=max_weight,
        shares={"validation": validation, "test": test},
        seed=seed,
    )


def _by_path(
    home: Path, cells: pd.DataFrame, image: str, where: str
) -> tuple[pd.DataFrame, Read, tuple[str, ...]]:
    """Return the table under the paths of its pictures, how to read one, and what to tell."""
    paths = made(image, cells, key=KEY, where=where)
    _refuse_addresses([path for path in paths if path])
    paths = placed(paths, home, key=KEY) if "*" in image else paths
    turned = sum("\\" in (path or "") for path in paths)
    notes = (f"Paths whose \\ were read as /: {turned:,}.",) if turned else ()
    index = pd.Index([path and slashed(path) for path in paths], dtype=object)
    return cells.set_axis(index), lambda row: picture_bytes(home, paths[row]), notes


def _refuse_addresses(paths: list[str]) -> None:
    found = [path for path in paths if re.match(r"\s*\w[\w+.-]+://", path)]
    if found:
        raise InputError(
            f"{KEY}.image: {len(found):,} of {len(paths):,} paths are addresses, such as "
            f"{found[0]!r}, and nothing is fetched from them. Download the pictures into the "
            "folder root and write their paths under it"
        )


def _text_tables(
    paths: list[Path], **how: str | None
) -> tuple[pd.DataFrame, list[int], tuple[str, ...]]:
    """Return the parts of a text table in one, how many rows each has, and what to tell."""
    sheets = [read_sheet(path, key=f"{KEY}.file", **how) for path in paths]
    unlike = next((n for n, s in enumerate(sheets) if set(s.cells) != set(sheets[0].cells)), None)
    if unlike is not None:
        one, other = (", ".join(sheets[n].cells) for n in (0, unlike))
        raise InputError(
            f"{KEY}.file: the parts of the table differ: {paths[0].name} has the columns {one}, "
            f"and {paths[unlike].name} has {other}"
        )
    cells = pd.concat([sheet.cells for sheet in sheets], ignore_index=True)
    rows = [len(sheet.cells) for sheet in sheets]
    return cells, rows, tuple(dict.fromkeys(note for sheet in sheets for note in sheet.notes))


def _parquet(paths: list[Path], image: str) -> tuple[pd.DataFrame, list[int], Read | None]:
    """Return columns of a Parquet table as text, rows of each part, and how to read a picture."""
    try:
        parts = [pq.read_table(path) for path in paths]
        read = pa.concat_tables(parts, promote_options="permissive")  # 1 in a part may be 1.0
    except pa.ArrowTypeError as error:
        raise InputError(f"{KEY}.file: the parts of {paths[0]} differ: {error}") from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{KEY}.file: {paths[0]} is no Parquet table: {error}") from error
    plain = [f.name for f in read.schema if not (pa.types.is_nested(f.type) or _binary(f.type))]
    cells = pd.DataFrame({name: _text(read.column(name)) for name in plain})
    rows = [len(part) for part in parts]
    if image in plain or image not in read.column_names:
        return cells, rows, None
    held = read.column(image)
    held = pc.struct_field(held, "bytes") if pa.types.is_struct(held.type) else held
    cells = cells.set_axis([f"row {row:06d}" for row in range(len(cells))])
    return cells, rows, lambda row: _bytes(held[row].as_py(), cells.index[row])


def _bytes(picture: bytes | None, name: str) -> bytes:
    if picture is None:
        raise FileNotFoundError(2, "no bytes in the table", name)
    return picture


def _binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _text(column: pa.ChunkedArray) -> list[Any]:
    """Return values as text; what is no value, or no number, becomes None."""
    return [None if pd.isna(v) else str(v) for v in column.to_pylist()]
