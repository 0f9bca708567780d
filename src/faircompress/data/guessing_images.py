"""Where the pictures of a user's table are: a column of them, or how paths are made of columns."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from faircompress.data.finding_pictures import PictureIndex
from faircompress.data.picture_files import PICTURES, SUFFIXES
from faircompress.data.table_head import SAMPLE
from faircompress.support.errors import InputError

PATHS = "column of the pictures' paths"
FOUND = "guessed: so the pictures are found"
ABSENT = f"{PATHS}; no such picture is there"


@dataclass(frozen=True)
class Pictures:
    """Where a table's pictures are.

    Args:
        image: Of the params.
        reason: For it.
        home: Folder that paths begin at.
    """

    image: str
    reason: str
    home: Path


def pictures_of(table: pd.DataFrame, file: Path, home: Path) -> Pictures:
    """Return where the pictures of a table are, in its folder or in the one above.

    Args:
        table: Its first rows.
        file: Named in errors.
        home: Its folder.

    Raises:
        ValueError: If no column names or holds them.
    """
    held = (n for n, c in table.items() if isinstance(next(iter(c.dropna()), ""), bytes | dict))
    for name in held:
        return Pictures(str(name), "column of the pictures themselves", home)
    columns = {str(name): table[name].dropna().astype(str) for name in table.columns}
    ended = [name for name, cells in columns.items()
             if len(cells) and cells.str.lower().str.endswith(PICTURES).mean() > 0.5]  # fmt: skip
    remote = [name for name in ended if columns[name].str.contains("://").mean() > 0.5]
    local = [name for name in ended if name not in remote]
    image = _found(PictureIndex(home), columns, local[:1], table)
    if image:
        return Pictures(image, PATHS if image in local else FOUND, home)
    if not local:
        raise _unnamed(table, file, remote)
    above = home.resolve().parent
    if above not in (Path.home(), Path(above.anchor)):
        image = PictureIndex(above).of_column(local[0], _spread(columns[local[0]]))
    return Pictures(image, FOUND, above) if image else Pictures(local[0], ABSENT, home)


def _found(
    there: PictureIndex, columns: dict[str, pd.Series], local: list[str], table: pd.DataFrame
) -> str | None:
    some = {name: _spread(cells) for name, cells in columns.items()}
    distinct = [
        name for name, cells in columns.items() if cells.nunique() > 0.5 * len(cells) and len(cells)
    ]
    for name in dict.fromkeys([*local, *distinct]):
        found = there.of_column(name, some[name])
        if found:
            return found
    return there.of_columns(table.iloc[:: max(len(table) // SAMPLE, 1)].head(SAMPLE))


def _spread(cells: pd.Series) -> list[str]:
    """Return some cells from all over a column, which may be sorted by folder."""
    return cells.iloc[:: max(len(cells) // SAMPLE, 1)].head(2 * SAMPLE).tolist()


def _unnamed(table: pd.DataFrame, file: Path, remote: list[str]) -> InputError:
    if remote:
        return InputError(
            f"column {remote[0]!r} of {file} holds addresses of pictures, and nothing is fetched "
            f"from them. Download the pictures into {file.parent}; if they are called as another "
            "column says, init finds them."
        )
    if len(table.columns) == 1 and re.search(r"\w[^\w\s]\w", str(table.columns[0])):
        return InputError(
            f"{file} has one column, {str(table.columns[0])!r}: what parts the fields is not "
            "recognised. Save it with commas, or name what parts them in its first line, such as "
            "sep=^."
        )
    return InputError(
        f"no column of {file} holds paths of pictures ({', '.join(SUFFIXES)}); it has "
        f"{', '.join(map(repr, table.columns))}. Give --image, the column that names them."
    )
