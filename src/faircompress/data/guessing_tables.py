"""Which files a user means by a table: one, a pattern of parts, or a folder of them."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from faircompress.data.csv_text import is_parquet, is_text_table
from faircompress.data.guessing import Guess, guess_columns
from faircompress.data.splitting import SPELLINGS
from faircompress.data.table_files import parts_of, with_words
from faircompress.data.table_head import ROWS, head_of
from faircompress.support.errors import InputError, MissingFileError

LEAST = 200  # rows of each part that are looked at


def guess_table(
    given: str, *, label: str | None = None, groups: Sequence[str] = (), image: str | None = None
) -> tuple[Path, Guess]:
    """Return the folder of a user's table, and what its columns probably are.

    Args:
        given: A file, a folder, or a pattern of parts.
        label: As of ``guess_columns``; so are the others.
        groups: Likewise.
        image: Likewise.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no table, or its columns cannot be guessed.
    """
    home, file = tables_asked(given)
    parts = parts_of(home, file, key="--table")
    heads = [head_of(part.path, max(ROWS // len(parts), LEAST)) for part in parts]
    cells = with_words(
        pd.concat(heads, ignore_index=True), parts, [len(head) for head in heads], key="--table"
    )
    guess = guess_columns(
        parts[0].path, label=label, groups=groups, image=image, cells=cells, named=file
    )
    return home, guess


def tables_asked(given: str) -> tuple[Path, str]:
    """Return the folder of a table that a user names, and the table's ``file`` in it.

    A folder stands for the tables in it, a file for those beside it that are named alike but for
    the split: ``train.csv`` for ``{split}.csv`` where there is a ``test.csv``.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If a folder holds several tables, and nothing says how they belong together.
    """
    if "*" in given or "{" in given:
        parts = Path(given).parts
        first = next(n for n, part in enumerate(parts) if "*" in part or "{" in part)
        return Path(*parts[:first]), "/".join(parts[first:])
    place = Path(given)
    if not place.exists():
        raise MissingFileError(f"--table: {place} is missing.")
    if not place.is_dir():
        return place.parent, _by_split(place) or place.name
    tables = sorted(path for path in place.iterdir() if _is_table(path))
    file = next(filter(None, map(_by_split, tables)), None)
    if file is None and len(tables) != 1:
        named = ", ".join(path.name for path in tables[:8]) or "none"
        raise InputError(
            f"--table: {place} is a folder, and its tables are {named}. Name one, or a pattern of "
            f"parts that belong together: --table '{place}/part-*.parquet', or "
            f"'{place}/{{split}}.csv' where names say the split."
        )
    return place, file or tables[0].name


def _by_split(path: Path) -> str | None:
    """Return how a table and those beside it are named, if their names say two splits or more."""
    pieces = re.split(r"([A-Za-z]+)", path.name)
    for place, piece in enumerate(pieces):
        if piece.lower() not in SPELLINGS:
            continue
        before, after = "".join(pieces[:place]), "".join(pieces[place + 1 :])
        forms = [f"{before}{{split}}{after}"]
        if after[:1] in ("-", "_", "."):  # where a word ends
            forms.append(f"{before}{{split}}{after[0]}*{path.suffix}")
        for form in forms:
            if len(_splits_alike(path.parent, form)) > 1:
                return form
    return None


def _splits_alike(home: Path, form: str) -> set[str]:
    """Return the splits that the parts of a pattern say; none if their columns differ."""
    try:
        parts = parts_of(home, form, key="--table")
    except MissingFileError:
        return set()
    words = [part.words["split"].lower() for part in parts]
    if not all(word in SPELLINGS for word in words):
        return set()
    kinds = {tuple(sorted(map(str, head_of(part.path, 1).columns))) for part in parts}
    return {SPELLINGS[word] for word in words} if len(kinds) == 1 else set()


def _is_table(path: Path) -> bool:
    return path.is_file() and (is_text_table(path) or is_parquet(path))
