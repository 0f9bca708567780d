"""A table in JSON: an object a line, or a list of objects; each is a row, its keys are columns."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from faircompress.support.errors import InputError

NO_TEXT = re.compile("[\ud800-\udfff]")
BROKEN = (ValueError, RecursionError)
COCO = {"images", "annotations"}
NEEDED = 'needed is an object a row, such as {"file_name": "1.jpg", "label": "cat"}'


def is_json(text: str) -> bool:
    """Tell by its start whether a text is JSON: fields of a table do not begin so."""
    return re.match(r'\s*(?:\{\s*["}]|\[\s*[\{\]])', text) is not None


def cells_of(text: str, where: str) -> pd.DataFrame:
    """Return rows as text; what a row lacks, and null, is an empty field.

    Numbers are the shortest text that has their value, true and false are these words, and lists
    and objects within a row stay JSON.

    Args:
        text: See ``is_json``.
        where: Named in errors.

    Raises:
        ValueError: If a row is no object or has a key twice, or there is no row.
    """
    rows = [{name: _text(value) for name, value in row.items()} for row in _rows(text, where)]
    if not any(rows):
        raise InputError(f"{where} has no row of values; {NEEDED}.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    fields = [[row.get(name, "") for name in names] for row in rows]
    called = [" ".join(name.split()) or f"unnamed {place}" for place, name in enumerate(names, 1)]
    twice = next((name for name in called if called.count(name) > 1), None)
    if twice:
        raise InputError(f"{where} has {called.count(twice)} keys {twice!r}; rename them.")
    return pd.DataFrame(fields, columns=pd.Index(called), dtype=str)


def _rows(text: str, where: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a text."""
    whole = _whole(text)
    if isinstance(whole, list):
        for number, row in enumerate(whole, 1):
            yield _object(row, f"{where}: row {number}")
        return
    if isinstance(whole, dict) and _of_columns(whole):
        names = ", ".join(map(repr, list(whole)[:5]))
        raise InputError(
            f"{where} is one JSON object, not a table, of {names}; {NEEDED}. Of columns pandas "
            "writes it by to_json(orient='records')."
        )
    if isinstance(whole, dict) and len(text.split("\n")) > 1 + text.endswith("\n"):
        kind = "COCO's file of objects in pictures" if {*whole} >= COCO else "one JSON object"
        raise InputError(f"{where} is {kind}, not a table; {NEEDED}, one a line.")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line, object_pairs_hook=_once)
            except BROKEN as error:
                raise InputError(
                    f"{where}: line {number} is no JSON: {error}. Was the file cut off there?"
                ) from error
            yield _object(row, f"{where}: line {number}")


def _of_columns(whole: dict[str, Any]) -> bool:
    """Tell whether an object holds columns, as pandas writes them, and is no row."""
    known = {*whole} >= COCO or not whole
    return not known and all(isinstance(value, dict | list) for value in whole.values())


def _whole(text: str) -> Any:
    """Return what a text is as one value; None: it is several, or broken."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except BROKEN:
        return None


def _object(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f"{where} is {json.dumps(row)[:60]}; {NEEDED}.")
    if NO_TEXT.search(json.dumps(row, ensure_ascii=False)):
        raise InputError(f"{where} holds half a character (a lone surrogate). Write it anew.")
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"the key {twice!r} stands twice in one object")
    return dict(pairs)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
