"""Where the pictures of a user's table are: a column of them, or how paths are made of columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from faircompress.data.finding_pictures import SURE, PictureIndex, of_masks
from faircompress.data.paths import part_of, slashed
from faircompress.data.picture_files import PICTURES, SUFFIXES
from faircompress.data.split_words import SPELLINGS
from faircompress.data.table_head import SAMPLE
from faircompress.support.errors import InputError

PATHS = "column of the pictures' paths"
FOUND = "guessed: so the pictures are found"
STARTS = (b"\x89PNG", b"\xff\xd8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"GIF8")  # of files
COUNTERS = re.compile(r"unnamed[ :]*\d*|index|level_0", re.IGNORECASE)  # as pandas writes rows
ELSEWHERE = "the table's own paths are not there"
ENDS, TAILS = ("name", "stem"), tuple(f"tail{count}" for count in range(2, 10))
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
    """Return where the pictures of a table are, in its folder or by paths from the one above.

    Args:
        table: Its first rows.
        file: Named in errors.
        home: Its folder.

    Raises:
        ValueError: If no column names or holds them, or several do, of other pictures.
    """
    holding = [str(name) for name, cells in table.items() if _holds(cells, sure=True)]
    if holding:
        name, also = _only(holding, table, file, "hold pictures")
        return Pictures(name, f"column of the pictures themselves{also}", home)
    columns = {str(name): table[name].dropna().astype(str) for name in table.columns}
    ended = [name for name, cells in columns.items()
             if len(cells) and cells.str.lower().str.endswith(PICTURES).mean() > 0.5]  # fmt: skip
    remote = [name for name in ended if columns[name].str.contains("://").mean() > 0.5]
    local = [name for name in ended if name not in remote]
    there = PictureIndex(home)
    ways = _ways(there, columns, local) or _ways(there, columns, _numbers_of_pictures(columns))
    if ways:
        name, also = _only(list(ways), table, file, "name pictures that are there")
        image = _way(ways[name], there, table, file)
        return Pictures(image, f"{PATHS if image in local else FOUND}{also}", home)
    if several := there.of_columns(_some(table)):
        return Pictures(several, FOUND, home)
    if by_part := _by_part(table, columns, there, file, ENDS):
        image, also = by_part
        return Pictures(image, f"{FOUND}; {ELSEWHERE}{also}", home)
    unsure = [str(name) for name, cells in table.items() if _holds(cells, sure=False)]
    if not local and unsure:
        return Pictures(unsure[0], "column of the pictures themselves", home)
    if not local:
        raise _unnamed(table, file, remote)
    name, also = _only(local, table, file, "end like names of pictures")
    above = home.resolve().parent
    looked_at = above not in (Path.home(), Path(above.anchor))
    if looked_at and PictureIndex(above).of_column(name, _spread(columns[name])) == name:
        return Pictures(name, f"{FOUND}{also}", above)
    if by_part := _by_part(table, columns, there, file, TAILS):
        image, also = by_part
        return Pictures(image, f"{FOUND}; {ELSEWHERE}{also}", home)
    return Pictures(name, f"{ABSENT}{also}", home)


def _holds(cells: pd.Series, *, sure: bool) -> bool:
    """Tell whether a column holds pictures, surely or maybe."""
    first = next(iter(cells.dropna()), "")
    content = first.get("bytes") if isinstance(first, dict) else first
    return isinstance(content, bytes) and (not sure or content.startswith(STARTS))


def _only(names: list[str], table: pd.DataFrame, file: Path, fault: str) -> tuple[str, str]:
    """Return the column that is meant of several, and a word on the others.

    Masks are not meant, nor are columns whose pictures come again if one's do not.

    Raises:
        ValueError: If more than one may be.
    """
    left = [name for name in names if not of_masks(name)] or names
    if len(left) > 1 and not _holds(table[left[0]], sure=False):
        left = [name for name in left if table[name].is_unique] or left
        stems = {
            name: tuple(PurePosixPath(slashed(str(cell))).stem for cell in _some(table)[name])
            for name in left
        }
        left = list({cells: name for name, cells in reversed(stems.items())}.values())[::-1]
    if len(left) > 1:
        both = " and ".join(map(repr, left[:4]))
        raise InputError(
            f"columns {both} of {file} {fault}, and not the same ones. Give --image, the column "
            "of the pictures that are judged."
        )
    others = ", ".join(name for name in names if name != left[0])
    return left[0], f"; it could also be: {others}" if others else ""


def _ways(
    there: PictureIndex, columns: dict[str, pd.Series], names: list[str]
) -> dict[str, list[str]]:
    """Return how paths are made, of each column of which they can be."""
    found = {name: there.ways(name, _spread(columns[name])) for name in names}
    return {name: ways for name, ways in found.items() if ways}


def _way(ways: list[str], there: PictureIndex, table: pd.DataFrame, file: Path) -> str:
    """Return the only way, or that with other columns' help.

    Raises:
        ValueError: If pictures of one name lie in several places.
    """
    for way in ways:
        if by_split := _by_split(way, there, _some(table)):
            return by_split
    if len(ways) == 1:
        return ways[0]
    several = there.of_columns(_some(table))
    if several:
        return several
    raise InputError(
        f"pictures of {file} lie in several places by one name: {', '.join(ways[:4])}. Say which "
        f"are judged: --image '{ways[0]}'."
    )


def _by_part(
    table: pd.DataFrame,
    columns: dict[str, pd.Series],
    there: PictureIndex,
    file: Path,
    parts: Sequence[str],
) -> tuple[str, str] | None:
    """Return how paths are made of the end of a column's paths, which lie or end otherwise here."""
    found: dict[str, str] = {}
    for name, cells in columns.items():
        if not len(cells) or cells.str.contains(r"[/\\]|\.[A-Za-z]\w{1,4}$").mean() <= SURE:
            continue
        for part in parts:
            made = part_of(cells.to_frame(name), f"{name}.{part}")
            if made is None or made.nunique() < cells.nunique():
                continue  # pictures of several folders would become one
            ways = there.ways(f"{name}.{part}", _spread(made))
            if len(ways) == 1 and ("*" not in ways[0] or part in ENDS):
                found.setdefault(name, ways[0] if "{" in ways[0] else f"{{{ways[0]}}}")
    if not found:
        return None
    name, also = _only(list(found), table, file, "name pictures that are there")
    return found[name], also


def _by_split(way: str, there: PictureIndex, some: pd.DataFrame) -> str | None:
    """Return how paths are made where a folder is called as a row's split, train/{image} of some.

    Pictures of train and test often have the same names.
    """
    for folder in (part for part in way.split("/")[:-1] if part.lower() in SPELLINGS):
        for name in (name for name in some if (some[name] == folder).any()):
            made = way.replace(f"{folder}/", f"{{{name}}}/", 1)
            paths = [made.format_map(row) for row in some.map(str).to_dict("records")]
            if len({*paths} & {*there.paths}) >= SURE * len(paths):
                return made
    return None


def _numbers_of_pictures(columns: dict[str, pd.Series]) -> list[str]:
    """Return the columns whose values may be names of pictures; those that count rows are not."""
    return [
        name for name, cells in columns.items()
        if cells.nunique() > 0.5 * len(cells) and len(cells) and not COUNTERS.fullmatch(name)
    ]  # fmt: skip


def _some(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:: max(len(table) // SAMPLE, 1)].head(SAMPLE)


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
