"""Which files a user means by a table: one, a pattern of parts, or a folder of them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from faircompress.data.csv_text import PARQUET, is_parquet, is_text_table
from faircompress.data.guessing import Guess, guess_columns
from faircompress.data.split_words import SPELLINGS
from faircompress.data.table_files import parts_of, with_words
from faircompress.data.table_head import ROWS, head_of
from faircompress.support.errors import InputError, MissingFileError

LEAST = 200  # rows of each part that are looked at
MOST = 20  # names of tables in folders of splits


def guess_table(
    given: str, *, label: str | None = None, groups: Sequence[str] = (), image: str | None = None
) -> tuple[Path, Guess]:
    """Return the folder of a user's table and pictures, and what its columns probably are.

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
        parts[0].path, label=label, groups=groups, image=image, cells=cells, named=file,
        home=home,
    )  # fmt: skip
    return guess.home or home, guess


def tables_asked(given: str) -> tuple[Path, str]:
    """Return the folder of a table that a user names, and the table's ``file`` in it.

    A folder stands for the tables in it, a file for those beside it that are named alike but for
    the split: ``train.csv`` for ``{split}.csv`` where there is a ``test.csv``, and
    ``train/metadata.csv`` for ``{split}/metadata.csv``.

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
        above = f"{{split}}/{place.name}"
        if above in in_split_folders(place.absolute().parent.parent):
            return place.absolute().parent.parent, above
        return place.parent, _by_split(place) or place.name
    if len(nested := in_split_folders(place)) == 1:
        return place, nested[0]
    tables = sorted(path for path in place.iterdir() if _is_table(path))
    file = next(filter(None, map(_by_split, tables)), None)
    if file is not None:  # it must be all of them, but for a readme.txt beside
        alike = [path for path in tables if path.suffix == Path(file).suffix]
        file = file if len(parts_of(place, file, key="--table")) == len(alike) else None
    if file is None and len(tables) != 1:
        named = ", ".join(path.name for path in tables[:8]) or "none"
        raise InputError(
            f"--table: {place} is a folder, and its tables are {named}. Name one, or a pattern of "
            f"parts that belong together: --table '{place}/part-*.parquet', or "
            f"'{place}/{{split}}.csv' where names say the split."
        )
    return place, file or tables[0].name


def in_split_folders(home: Path) -> list[str]:
    """Return how tables are named that lie in folders called as splits, ``{split}/labels.csv``."""
    folders = [path for path in home.iterdir() if path.is_dir() and path.name.lower() in SPELLINGS]
    names = {
        path.name
        for folder in folders
        for path in folder.iterdir()
        if is_text_table(path) or path.suffix.lower() in PARQUET
    }
    if len(names) > MOST:  # a text of boxes for each picture
        return []
    forms = [f"{{split}}/{name}" for name in sorted(names)]
    return [form for form in forms if _parts_alike(home, form) > 1]


def _by_split(path: Path) -> str | None:
    """Return how a table and those beside it are named, if they are parts of one.

    Of several ways to name them the one that takes most files, lest some be left out.
    """
    forms = [*_forms(path.name), *_numbered(path.name)]
    parts = {form: _parts_alike(path.parent, form) for form in forms}
    best = max(forms, key=lambda form: parts[form], default=None)  # the first of equals
    return best if best and parts[best] > 1 else None


def _forms(name: str) -> Iterator[str]:
    """Give a name with each word that is a split's left open, alone and with what follows it."""
    pieces = re.split(r"([A-Za-z]+)", name)
    for place, piece in enumerate(pieces):
        if piece.lower() not in SPELLINGS:
            continue
        before, after = "".join(pieces[:place]), "".join(pieces[place + 1 :])
        yield f"{before}{{split}}{after}"
        if after[:1] in ("-", "_", "."):  # where a word ends
            yield f"{before}{{split}}{after[0]}*{Path(name).suffix}"


def _numbered(name: str) -> Iterator[str]:
    """Give the name of all parts, of a part that says which of how many it is."""
    if re.search(r"\d+-of-\d+", name):
        yield re.sub(r"\d+-of-(\d+)", r"*-of-\1", name)


def _parts_alike(home: Path, form: str) -> int:
    """Return how many parts a pattern takes; 0 if they are not those of one table."""
    try:
        parts = parts_of(home, form, key="--table")
        kinds = {tuple(sorted(map(str, head_of(part.path, 1).columns))) for part in parts}
    except (MissingFileError, InputError):  # what lies beside a table must not stop it
        return 0
    words = [part.words["split"].lower() for part in parts if part.words]
    known = {SPELLINGS.get(word) for word in words}
    if None in known or (words and len(known) < 2):
        return 0
    return len(parts) if len(kinds) == 1 else 0


def _is_table(path: Path) -> bool:
    return path.is_file() and (is_text_table(path) or is_parquet(path))
