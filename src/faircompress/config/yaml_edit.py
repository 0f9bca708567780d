"""Values put into a YAML file as it was written: comments and order stay."""

from collections.abc import Sequence
from typing import Any

import yaml

from faircompress.support.errors import InputError


def put(text: str, overrides: Sequence[str]) -> str:
    """Return a YAML text with other values.

    Args:
        text: One document, a mapping.
        overrides: As ``section.key=value``, with values as YAML writes them in a line.

    Raises:
        InputError: If a value that goes spans lines, or a section is not there.
    """
    for override in overrides:
        path, _, value = override.partition("=")
        text = _put_one(text, path.strip().split("."), value.strip())
    return text


def _put_one(text: str, path: Sequence[str], value: str) -> str:
    place: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        below = _below(place, key)
        if below is None and depth == len(path) - 1:
            return _added(text, place, key, value)
        if below is None:
            raise InputError(f"there is no {'.'.join(path[: depth + 1])} to write to; add it")
        place = below
    if not isinstance(place, yaml.ScalarNode) and not place.flow_style:
        raise InputError(f"{'.'.join(path)} spans lines; write {value} there by hand")
    return text[: place.start_mark.index] + value + text[place.end_mark.index :]


def _below(place: Any, key: str) -> Any:
    pairs = place.value if isinstance(place, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _added(text: str, place: Any, key: str, value: str) -> str:
    """Return the text with a new first key of a mapping."""
    if not isinstance(place, yaml.MappingNode):
        raise InputError(f"{key} cannot be written below a value; write it by hand")
    start = place.start_mark.index
    if place.flow_style:
        comma = ", " if place.value else ""
        return f"{text[: start + 1]}{key}: {value}{comma}{text[start + 1 :]}"
    return f"{text[:start]}{key}: {value}\n{' ' * place.start_mark.column}{text[start:]}"
