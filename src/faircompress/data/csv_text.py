"""A table in a text file, whatever parts its fields, and the word that was probably meant."""

import csv
import difflib
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from faircompress.data.decimal_commas import are_names, with_points
from faircompress.data.file_text import text_of
from faircompress.data.json_text import cells_of, is_json
from faircompress.data.picture_files import PICTURES
from faircompress.support.errors import InputError

SPACE = " "  # told last: words of one field have it, too
SEPARATORS = (",", ";", "\t", "|", SPACE)
SUFFIXES = (".csv", ".tsv", ".tab", ".psv", ".txt", ".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")
LEAST = 3  # names in a line parted by spaces beside which a name may lack
LOOKED_AT = 200  # lines, to tell what parts their fields
HEAD = 2**20  # characters of them
SUB = "\x1a"  # ends a text of DOS
END = "\ue000end"  # a last line that a quote left open swallows
SEP = r"\"?sep ?= ?([^\r\n])\"?\1*[ \t]*(?:\r\n|\r|\n)"
TITLE = "Does a title, a count or a comment stand above the names of columns? Take it out."
WORDS = {"\t": "tab", " ": "space"}


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Args:
        cells: Text; an empty field is "".
        notes: What is worth telling of how it was read.
    """

    cells: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Misfit:
    """A line that has another number of fields than there are names of columns.

    Args:
        wanted: How many names there are.
        there: How many fields the line has.
        line: Its number.
        before: How many rows stand above it.
        last: Does no row follow?
    """

    wanted: int
    there: int
    line: int
    before: int
    last: bool


def is_text_table(path: Path) -> bool:
    """Tell by its name whether a file is a text table, maybe packed."""
    return path.suffix.lower() in (*SUFFIXES, *PACKED_SUFFIXES)


def is_parquet(path: Path) -> bool:
    """Tell by its start, else by its name, whether a file is a Parquet table."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1" or path.suffix.lower() in PARQUET


def read_csv(
    path: Path, *, key: str, separator: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """Read a text table as text; see ``read_sheet``."""
    return read_sheet(path, key=key, separator=separator, encoding=encoding).cells


def read_sheet(
    path: Path, *, key: str, separator: str | None = None, encoding: str | None = None
) -> Sheet:
    """Read a text table as text: lines of fields, or JSON objects.

    Where fields are not parted by commas, columns of numbers with decimal commas get points.

    Args:
        path: The file; see ``file_text.text_of`` for what it may be packed and encoded by.
        key: What to call it in an error.
        separator: What parts its fields; None: what its first lines tell.
        encoding: Its encoding; None: see ``text_of``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, or rows have more or fewer fields than it has columns.
    """
    text = text_of(path, key=key, encoding=encoding)
    if is_json(text):
        return Sheet(cells_of(text, f"{key}: {path}"))
    first = re.match(SEP, text, re.IGNORECASE)  # as some spreadsheets write first
    text = text[first.end() :] if first else text
    parts = separator or (first[1] if first else separator_of(text))
    cells = _parsed(text, parts, where := f"{key}: {path}")
    if len(cells.columns) == 1 and not separator:
        _refuse_title(text, where)
    notes = [] if parts == "," else [f"Fields of {path.name} are parted by {_called(parts)}."]
    turned = []
    for name in cells if parts != "," else ():
        points = with_points(words := cells[name])
        if points is not words and not are_names(words):
            cells[name] = points
            turned.append(name)
    if turned:
        notes.append(f"Decimal commas of {path.name} were read in: {', '.join(turned)}.")
    return Sheet(cells, tuple(notes))


def separator_of(text: str) -> str:
    """Return what parts the fields of a text's lines, as far as its first ones tell.

    That is what gives all of them as many fields as the first; of several, what gives the most.
    Taken wrongly, no column has the name that is asked for.
    """
    fits = {mark: _fit(text, mark) for mark in SEPARATORS}
    best = max(SEPARATORS[:-1], key=lambda mark: fits[mark])
    if fits[best][1] > 1:
        return best
    return SPACE if fits[SPACE][0] else ","


def no_column(word: str, known: Sequence[str]) -> str:
    """Return the end of an error about a column that is not there: what was probably meant."""
    only = known[0] if len(known) == 1 else ""
    parted = re.search(rf"(?:^|\W){re.escape(word)}(?:\W|$)", only) if word != only else None
    if parted:
        return (
            f" Its only column is {only!r}: what parts the fields is not recognised. Save it with "
            "commas, or name what parts them in its first line, such as sep=^."
        )
    if f"'{word}'" in known:
        return f' There is "\'{word}\'": write fields in double quotes ("), or in none.'
    return meant(word, known)


def meant(word: str, known: Sequence[str]) -> str:
    """Return the end of an error: the known word that was probably meant, or all there are."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(known[:40])}."


def _fit(text: str, mark: str) -> tuple[bool, int]:
    """Return whether lines agree in their number of fields, and that of the first."""
    head = text[:HEAD] if len(text) <= HEAD else text[: text.rfind("\n", 0, HEAD) + 1]
    with suppress(csv.Error):
        widths = [len(row) for row in islice(_rows(head, mark), LOOKED_AT) if any(row)] or [0]
        alike = len(set(widths)) == 1
        if (
            mark == SPACE and len(widths) > 1 and widths[0] >= LEAST
        ):  # names may be one fewer: refused
            alike = len({widths[0] + (widths[1] == widths[0] + 1), *widths[1:]}) == 1
        elif mark == SPACE and not (alike and len(widths) > 1):
            return False, 0  # words of a text; only a table has as many in each line
        return widths[0] > 1 and alike, widths[0]
    return False, 0


def _rows(text: str, mark: str) -> Any:  # a csv.reader, whose type has no name
    if mark == SPACE:  # at the end of a line it begins no field
        text = re.sub(r" +(?=\r?\n|\r|$)", "", text)
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=mark, skipinitialspace=True)


def _parsed(text: str, parts: str, where: str) -> pd.DataFrame:
    """Return the fields of a text.

    Raises:
        ValueError: If there are no names of columns, or a row has more or fewer fields than these.
    """
    ended = text + ("" if text.endswith(("\n", "\r")) else "\n") + END
    reader, row, began = _rows(ended, parts), [""], 1
    names: list[str] = []
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row and row[-1].endswith(END):
                break
            if not any(field.strip() for field in row) or row == [SUB]:
                began = reader.line_num + 1
                continue
            if not names:
                names = [" ".join(name.split()) for name in row]  # Excel's may have two lines
            else:
                if len(row) != len(names):
                    last = not any(any(other) for other in reader if other != [END])
                    told = Misfit(len(names), len(row), began, len(rows), last)
                    _refuse_fields(told, parts, where)
                if len(row) > 1 and [" ".join(name.split()) for name in row] == names:
                    raise InputError(
                        f"{where}: line {began} holds the names of columns again. Were files "
                        "joined? Take that line out."
                    )
                rows.append(row)
            began = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{where}: line {began}: {error}. Is a quote not closed?") from error
    if row != [END]:
        raise InputError(f"{where}: a quote in line {began} is not closed; was the file cut off?")
    if not any(names):
        raise InputError(f"{where} is empty; needed are names of columns, then one line a row.")
    _refuse_names(names, rows, parts, where)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise InputError(f"{where} has {names.count(twice)} columns {twice!r}; rename them.")
    called = [name or f"unnamed {place}" for place, name in enumerate(names, 1)]
    return pd.DataFrame(rows, columns=pd.Index(called), dtype=str)


def _refuse_title(text: str, where: str) -> None:
    """Raise if below a first line of one field all have several: it holds no names."""
    first, _, rest = text.partition("\n")
    below = separator_of(rest)
    number, fields = _fit(rest, below)[1], first.strip()
    if number > 1 and (below != SPACE or fields.isdigit()):
        raise InputError(
            f"{where}: line 1 is {fields!r} alone, and below it lines have {number} fields, parted "
            f"by {_called(below)}. {TITLE}"
        )


def _refuse_names(
    names: Sequence[str], rows: Sequence[Sequence[str]], parts: str, where: str
) -> None:
    """Raise if the first line cannot be names, or each may be that of the next column."""
    picture = next((name for name in names if name.lower().endswith(PICTURES)), None)
    if picture:
        raise InputError(
            f"{where}: line 1 holds {picture!r}, no name of a column. Put a line of names above."
        )
    if names[-1] or len(names) == 1:
        return
    full = next((row for row in rows if row[-1]), None)
    if full and len(names) > 2 and not any(names[1:]):
        raise InputError(f"{where}: line 1 is {names[0]!r} alone, of {len(names)} fields. {TITLE}")
    if full:
        raise InputError(
            f"{where}: line 1 ends with {parts!r}: it names {len(names) - 1} columns, and there "
            f"are {len(names)}. If the first column has no name, as R writes row names (of "
            f"{full[0]!r}), put one before the others; else name the last (of {full[-1]!r})."
        )


def _refuse_fields(found: Misfit, parts: str, where: str) -> NoReturn:
    """Raise because a row has more or fewer fields than there are names of columns."""
    problem = f"{where}: Expected {found.wanted} fields in line {found.line}, saw {found.there}"
    if found.there < found.wanted:
        below = " If a count or a comment stands below the rows, take it out."
        raise InputError(
            f"{problem}: an empty field is written, too. Was the file cut off there?"
            f"{below if found.last and found.there == 1 else ''}"
        )
    title = found.wanted == 1 or found.wanted < LEAST <= found.there
    if title and found.before < LEAST:
        raise InputError(f"{problem}. {TITLE}")
    commas = "; decimals need points" if parts == "," else ""
    raise InputError(
        f"{problem}. Name every column in the first line, also that of row names, or put words "
        f"that hold {parts!r} in quotes{commas}."
    )


def _called(mark: str) -> str:
    return WORDS.get(mark, repr(mark))
