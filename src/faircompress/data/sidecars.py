"""Tables beside the pictures: read by name, joined; and found beside a user's table."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd

from faircompress.config.bounds import whole
from faircompress.data.csv_text import is_text_table, meant, read_csv, read_sheet
from faircompress.data.fingerprint import within
from faircompress.data.paths import columns_of, joined
from faircompress.support.errors import InputError, MissingFileError

LARGEST = 64_000_000  # bytes of a table that is looked at unasked


def with_sidecars(
    cells: pd.DataFrame,
    home: Path,
    sidecar: str | Sequence[str] | None,
    *,
    image: str,
    shared: str | None,
    key: str,
    separator: str | None,
    encoding: str | None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table with the columns of its sidecars, one after the other, and what to tell.

    Args:
        cells: One row a picture; the index holds their paths.
        home: Folder of the sidecars.
        sidecar: Name of one, or several names; None: there is none.
        image: As ``joined`` has it, and so are ``shared`` and ``key``.
        shared: Likewise.
        key: Likewise.
        separator: What parts the fields of all of them; None: what their first lines tell.
        encoding: Of their text; None: UTF-8 or UTF-16.

    Raises:
        ValueError: If one cannot be read, or lacks a picture's row.
    """
    names = [sidecar] if isinstance(sidecar, str) else list(sidecar or ())
    notes: tuple[str, ...] = ()
    for name in names:
        path = within(home, name)
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is missing"
            beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
            raise MissingFileError(f"{key}.sidecar: {path} {what}.{meant(path.name, beside)}")
        try:
            sheet = read_sheet(path, key=f"{key}.sidecar", separator=separator, encoding=encoding)
            cells, idle = joined(cells, sheet.cells, image=image, shared=shared, key=key)
        except InputError as error:
            raise InputError(
                f"{error} (sidecar {name})" if len(names) > 1 else str(error)
            ) from None
        notes = (*notes, *sheet.notes, *idle)
    return cells, notes


def found_beside(file: Path, table: pd.DataFrame, image: str) -> dict[str, pd.DataFrame]:
    """Return the text tables in a table's folder that have a row for each of its pictures.

    Args:
        file: The table's.
        table: Its first rows.
        image: Column of the pictures, or the template of their paths.

    Returns:
        Name -> the columns that the table itself lacks, in the table's order.
    """
    keys = re.findall(r"\{([^}]*)\}", image) or [image]
    keys = keys if set(keys) <= set(table.columns) else columns_of(image)
    if not set(keys) <= set(table.columns):
        return {}
    wanted = pd.MultiIndex.from_frame(_texts(table, keys))
    found = {}
    for path in sorted(file.parent.iterdir()):
        if path == file or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        with suppress(InputError, OSError):
            other = read_csv(path, key="--table") if is_text_table(path) else pd.DataFrame()
            more = [name for name in other.columns if name not in table.columns]
            shared = set(other.columns) & set(table.columns) - set(keys)  # would clash
            if not set(keys) <= set(other.columns) or not more or shared:
                continue
            place = pd.MultiIndex.from_frame(_texts(other, keys))
            if place.is_unique and wanted.isin(place).all():
                at = place.get_indexer(wanted)
                found[path.name] = other[more].iloc[at].set_axis(table.index)
    return found


def _texts(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return table[list(keys)].apply(lambda cells: cells.map(str).str.strip().map(whole))
