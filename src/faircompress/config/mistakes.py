"""What is wrong with params, in sentences."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from faircompress.config.operation import Receiver
from faircompress.config.plugins import Section
from faircompress.config.rules import Rule
from faircompress.config.written_numbers import meant_number


def sentences(
    error: ValidationError,
    raw: dict[str, Any],
    params: type[Section],
    place: tuple[str, ...] = (),
) -> str:
    """Return each mistake as a sentence, with the key that was probably meant.

    Args:
        error: What pydantic found.
        raw: What was read.
        params: All sections.
        place: Keys above what was checked.
    """
    found = [{**e, "loc": (*place, *e["loc"])} for e in error.errors(include_url=False)]
    return "\n".join(dict.fromkeys(_sentence(one, raw, params) for one in found))


def _sentence(error: dict[str, Any], raw: dict[str, Any], params: type[Section]) -> str:
    path = [part for part in error["loc"] if isinstance(part, int) or _is_key(part, raw, error)]
    path = path or list(error["loc"][-1:])
    where = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key.{meant(str(path[-1]), _known_keys(params, path[:-1]))}"
    if error["type"] == "missing":
        return f"{where}: missing."
    found = error["input"]
    if error["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", error["ctx"]["expected"])
        return f"{where}: {found!r} is not known.{meant(str(found), known)}"
    if error["type"] in ("float_parsing", "int_parsing"):
        return f"{where}: {found!r} is no number. {meant_number(found)}".rstrip()
    if error["type"] == "invalid_key":
        return (
            f"{where}: {found!r} stands alone after a comma. If it is the end of a number, write "
            "its decimals with a point, such as 0.1."
        )
    if error["type"] == "list_type" and isinstance(found, str | int | float):
        return f"{where}: {found!r} is no list. Write [{found}]."
    words = error["msg"].removeprefix("Value error, ")
    if isinstance(found, dict):  # a whole section says nothing that the words do not
        return f"{where}: {words}."
    most = error.get("ctx", {}).get("lt", error.get("ctx", {}).get("le"))
    percent = meant_number(found, share=True) if most == 1 else ""
    return f"{where}: {words} (found {found!r}). {percent}".rstrip()


def _is_key(part: str, raw: dict[str, Any], error: dict[str, Any]) -> bool:
    """Tell keys of the file from the names pydantic gives to the arms of a union."""
    if error["type"] == "missing" and part == error["loc"][-1]:
        return True
    return part in _keys(raw)


def _keys(raw: Any) -> Iterator[str]:
    """Give each key of what was read, at any depth."""
    below = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    yield from map(str, raw if isinstance(raw, dict) else ())
    for one in below:
        yield from _keys(one)


def _known_keys(params: type[Section], path: Sequence[str | int]) -> list[str]:
    section: Any = params
    for part in path:
        if isinstance(part, int):
            section = Receiver if path[0] == "notify" else Rule
        elif isinstance(section, type) and issubclass(section, Section):
            field = section.model_fields.get(str(part))
            section = field.annotation if field else None
    known: dict[str, Any] = getattr(section, "model_fields", {})
    return [field.alias or name for name, field in known.items()]


def meant(word: str, known: Sequence[str]) -> str:
    """Return a sentence with the known word that is close, or with all of them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(known[:40])}." if known else ""
