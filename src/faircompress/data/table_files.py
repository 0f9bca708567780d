"""The files of one table: a single one, or parts, whose names may say a column such as the split.

``part-*.parquet`` are parts that differ in nothing; of ``{split}-*.parquet`` or ``{split}.csv``
each ``{word}`` is a column of all rows of that part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from faircompress.data.csv_text import meant
from faircompress.data.fingerprint import within
from faircompress.data.paths import expression
from faircompress.support.errors import InputError, MissingFileError


@dataclass(frozen=True)
class Part:
    """One file of a table.

    Args:
        path: Of the file.
        words: What its name says, by column.
    """

    path: Path
    words: dict[str, str]


def parts_of(home: Path, file: str, *, key: str) -> list[Part]:
    """Return the files of a table, in the order of their names.

    Args:
        home: Folder of the data source.
        file: Path under it, in which ``*`` stands for anything and ``{word}`` for a column.
        key: Named in errors.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If one lies outside ``home``, or a word stands twice.
    """
    named = re.findall(r"\{(\w+)\}", file)
    if len(set(named)) < len(named):
        raise InputError(f"{key}: {file!r} has a word twice; name each once")
    found = [Part(home / file, {})]
    if "*" in file or named:
        if Path(file).is_absolute():
            file = within(home, file).relative_to(home.resolve()).as_posix()
        form = expression(file)
        try:
            beside = sorted(p for p in home.glob(re.sub(r"\{\w+\}", "*", file)) if p.is_file())
        except ValueError as error:
            raise InputError(f"{key}: {file!r}: {error}; ** stands for whole folders") from None
        matches = [(path, form.fullmatch(path.relative_to(home).as_posix())) for path in beside]
        found = [Part(path, match.groupdict()) for path, match in matches if match]
    found = [Part(within(home, str(one.path.absolute())), one.words) for one in found]
    if not found or not found[0].path.is_file():
        there = [path.name for path in home.iterdir()] if home.is_dir() else []
        raise MissingFileError(f"{key}: {home / file} is missing.{meant(file, there)}")
    return found


def with_words(
    cells: pd.DataFrame, parts: Sequence[Part], rows: Sequence[int], *, key: str
) -> pd.DataFrame:
    """Return a table with the columns that the names of its parts say.

    Args:
        cells: All parts in one.
        parts: In the same order.
        rows: How many rows each has.
        key: Named in errors.

    Raises:
        ValueError: If the table has a column of that name.
    """
    for word in parts[0].words:
        if word in cells:
            raise InputError(f"{key}: {word!r} is a column of the table too; rename it")
        cells = cells.assign(
            **{word: [part.words[word] for part, n in zip(parts, rows, strict=True)
                      for _ in range(n)]}
        )  # fmt: skip
    return cells
