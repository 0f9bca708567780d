"""One grammar of paths for all data in files: patterns read columns, templates make paths of them.

A pattern such as ``{split}/{age}_{sex}_*.jpg`` reads a column for each ``{word}`` from each path: a
word holds as little as it can, at least one letter and no slash; ``*`` is anything without a slash,
``**`` anything. A template such as ``images/{number}.jpg`` makes the path of columns. A sidecar is
a second table with a row for each picture, or for each value of a column that both have.
``{image.name}`` in a template is what follows the last slash of a column's path, ``{image.stem}``
that without its suffix, ``{image.tail2}`` the last two parts, a folder and the name.
In a template ``*`` and ``**`` stand for folders that no column names.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd

from faircompress.data.alike_ids import alike_ids
from faircompress.data.csv_text import meant
from faircompress.data.fingerprint import bytes_within
from faircompress.data.trees import walk
from faircompress.support.errors import InputError

PART = r"name|stem|tail[2-9]"
PARTS = r"(\{\w+\}|\*\*|\*)"


def fields(paths: Sequence[str], pattern: str, *, key: str, cure: str) -> pd.DataFrame:
    """Return what a pattern reads from each path, one row a path.

    Raises:
        ValueError: If a path does not match, naming some; ``cure`` says what else to do.
    """
    words = re.findall(r"\{(\w+)\}", pattern)
    if len(set(words)) < len(words):
        raise InputError(f"{key}.pattern: {pattern!r} has a word twice; name each once")
    form = expression(pattern)
    matches = [form.fullmatch(path) for path in paths]
    strange = [path for path, match in zip(paths, matches, strict=True) if not match]
    if strange or not paths:
        named = ", ".join(strange[:5]) or "there are none"
        raise InputError(
            f"{key}.pattern: {len(strange):,} of {len(paths):,} pictures do not match {pattern!r}: "
            f"{named}. Mend the pattern{cure}."
        )
    return pd.DataFrame([m.groupdict() for m in matches if m], index=list(paths), columns=words)


def made(template: str, cells: pd.DataFrame, *, key: str, where: str) -> list[str | None]:
    """Return the path of each row: a column, or a template of columns; None where it is empty.

    Raises:
        ValueError: If a column is missing.
    """
    parts = re.split(r"\{([^}]*)\}", template) if "{" in template else ["", template, ""]
    asked = {word: part_of(cells, word) for word in parts[1::2]}
    words = {word: found for word, found in asked.items() if found is not None}
    absent = [word for word in asked if word not in words]
    if absent:
        close = meant(absent[0], list(cells.columns))
        raise InputError(f"{key}.image: {where} has no column {absent[0]!r}.{close}")
    columns = [words[part].fillna("") if k % 2 else part for k, part in enumerate(parts)]
    paths = sum(columns[1:], pd.Series(columns[0], cells.index))
    lacking = np.any([column == "" for column in columns[1::2]], axis=0)
    return [None if gone else path for path, gone in zip(paths, lacking, strict=True)]


def columns_of(template: str) -> list[str]:
    """Return the columns that a template takes its words from, if none is called like a part."""
    words = re.findall(r"\{([^}]*)\}", template) or [template]
    return [re.sub(rf"\.(?:{PART})$", "", word) for word in words]


def part_of(cells: pd.DataFrame, word: str) -> "pd.Series[str] | None":
    """Return a column, or of a path in one its name, stem or tail; None: there is none.

    Args:
        cells: Text or nothing.
        word: A column, maybe with ``.name``, ``.stem`` or ``.tail2`` to ``.tail9`` behind.
    """
    if word in cells.columns:
        return cells[word]
    column, _, part = word.rpartition(".")
    if column not in cells.columns or not re.fullmatch(PART, part):
        return None
    if part.startswith("tail"):
        last = rf"^.*?[/\\]((?:[^/\\]+[/\\]+){{{int(part[4:]) - 1}}}[^/\\]+)$"
        return cells[column].str.strip().str.replace(last, r"\1", regex=True)
    names = cells[column].str.strip().str.replace(r"^.*[/\\]", "", regex=True)
    return names if part == "name" else names.str.replace(r"(?<=.)\.[^.]*$", "", regex=True)


def placed(paths: Sequence[str | None], home: Path, *, key: str) -> list[str | None]:
    """Return paths in which ``*`` stands for folders, each as that of the one file it means.

    ``*`` is anything without a slash, ``**`` anything. What no file matches stays as it is.

    Raises:
        ValueError: If ``*`` stands in a file's name, or several files match.
    """
    named = next((path for path in paths if "*" in (path or "").rpartition("/")[2]), None)
    if named is not None:
        raise InputError(f"{key}.image: * stands for folders, not in a name such as {named!r}")
    there: dict[str, list[str]] = {}
    for each in walk(home):
        there.setdefault(each.rpartition("/")[2], []).append(each)
    forms: dict[str, re.Pattern[str]] = {}
    found: list[str | None] = []
    for path in paths:
        folder, _, name = (path or "").rpartition("/")
        if folder not in forms:
            forms[folder] = expression(folder, flags=0)
        form = forms[folder]
        matches = [one for one in there.get(name, []) if form.fullmatch(one.rpartition("/")[0])]
        if len(matches) > 1:
            raise InputError(
                f"{key}.image: {path!r} may be {matches[0]} or {matches[1]}; name the folders, or "
                "make them of columns"
            )
        found.append(matches[0] if matches else path)
    return found


def expression(pattern: str, *, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Return a pattern as a regular expression, with a named group for each ``{word}``."""
    for word in re.findall(r"\{(\w+)\}", pattern):
        if not word.isidentifier():
            raise InputError(f"{pattern!r}: {word!r} cannot name a column; begin with a letter")
    return re.compile("".join(map(_expression, re.split(PARTS, pattern))), flags)


def slashed(path: str) -> str:
    """Return a path of another system as one of ours."""
    return path.replace("\\", "/")


def picture_bytes(home: Path, path: str | None) -> bytes:
    """Return the bytes of a picture.

    Where there is no such file, backslashes are taken as slashes, spaces around it are left out,
    %20 and the like are taken as of an address, and other ways to write the same letters are tried
    (macOS takes letters and their accents apart).

    Raises:
        OSError: If there is none.
        ValueError: If it lies outside ``home``.
    """
    if not path:
        raise FileNotFoundError(2, "no path in the table")
    tried = [path, slashed(path), slashed(path).strip(), unquote(slashed(path))]
    tried += [unicodedata.normalize(form, tried[2]) for form in ("NFC", "NFD")]
    for each in dict.fromkeys(tried):
        try:
            return bytes_within(home, each)
        except FileNotFoundError as error:
            absent = error
    raise absent


def joined(
    cells: pd.DataFrame, sidecar: pd.DataFrame, *, image: str, shared: str | None, key: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table with the columns that its sidecar has, and what is worth telling of it.

    Args:
        cells: One row a picture; the index holds their paths.
        sidecar: One row a picture, or a value of ``shared``.
        image: Its column or template of pictures: paths, or names if none has a slash.
        shared: Column of both by which rows belong together; None: the picture.
        key: What to call the options in an error.

    Raises:
        ValueError: If a picture has no row, or two, or a column stands in both.
    """
    if shared is None:
        found = [slashed(path or "") for path in made(image, sidecar, key=key, where="the sidecar")]
        if "*" in image:  # folders that the sidecar does not know
            found = [path.rpartition("/")[2] for path in found]
        whole = any("/" in path for path in found)
        wanted = cells.index if whole else _names(cells.index, key)
        shown = [image, *re.findall(r"\{([^}]*)\}", image), *columns_of(image)]
        sidecar = sidecar.drop(columns=shown, errors="ignore").set_axis(pd.Index(found))
        what = "pictures"
    else:
        for table, where in ((cells, "the table"), (sidecar, "the sidecar")):
            if shared not in table.columns:
                close = meant(shared, list(table.columns))
                raise InputError(f"{key}.sidecar_key: {where} has no column {shared!r}.{close}")
        wanted, sidecar = pd.Index(cells[shared]), sidecar.set_index(shared)
        what = f"values of {shared!r}"
    both = sorted(set(sidecar.columns) & set(cells.columns))
    if both:
        raise InputError(f"{key}.sidecar: {both[0]!r} is a column of the pictures too; rename one")
    twice = sidecar.index[sidecar.index.duplicated()]
    if len(twice):
        raise InputError(f"{key}.sidecar: {len(twice)} {what} stand in it twice: {twice[0]}")
    lacking = cells.index[~wanted.isin(sidecar.index)]
    if len(lacking):
        named = ", ".join(map(str, lacking[:5]))
        how = alike_ids(wanted.dropna().unique(), sidecar.index.dropna())
        raise InputError(
            f"{key}.sidecar: {len(lacking):,} of {len(cells):,} pictures have no row in it: {named}"
            + (f". Table and sidecar {how}; write them alike in both" if how else "")
        )
    idle = len(sidecar.index.difference(wanted))
    notes = (f"Rows of the sidecar without a picture: {idle:,}.",) if idle else ()
    return pd.concat([cells, sidecar.loc[wanted].set_axis(cells.index)], axis=1), notes


def _names(paths: "pd.Index[str]", key: str) -> "pd.Index[str]":
    """Return names without folders, if these tell pictures apart."""
    names = paths.map(lambda path: path.rpartition("/")[2])
    again = names.duplicated(keep=False) & ~paths.duplicated(keep=False)
    if again.any():
        one, other = paths[names == names[again.argmax()]][:2]
        raise InputError(
            f"{key}.sidecar: it has names without folders, but {one} and {other} have one name; "
            "write their paths, or make them of columns, such as image: '{folder}/{file}'"
        )
    return names


def _expression(part: str) -> str:
    if part.startswith("{"):
        return rf"(?P<{part[1:-1]}>[^/]+?)"
    return {"**": ".*", "*": "[^/]*"}.get(part, re.escape(part))
