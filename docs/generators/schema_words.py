"""What a part of a JSON Schema allows, in words; and what a docstring says of each name."""

import inspect
import json
import re
from typing import Any

Schema = dict[str, Any]
NAMES = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
}
ENDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "exclusiveMaximum": "below {}",
}


def resolved(part: Schema, whole: Schema) -> Schema:
    """Return the part that a ``$ref`` names, or the part itself."""
    if "$ref" not in part:
        return part
    return {
        **whole["$defs"][part["$ref"].rpartition("/")[2]],
        **{k: part[k] for k in part if k != "$ref"},
    }


def takes(part: Schema, whole: Schema) -> str:
    """Return what a part allows: its type with its bounds."""
    part = resolved(part, whole)
    arms = part.get("anyOf") or part.get("oneOf")
    if arms:
        return " or ".join(dict.fromkeys(takes(arm, whole) for arm in arms))
    if "const" in part:
        return as_code(part["const"])
    if "enum" in part:
        return ", ".join(as_code(value) for value in part["enum"])
    kind = part.get("type")
    if kind == "array":
        return _list(part, whole)
    if kind == "object":
        return _mapping(part, whole)
    return _simple(part)


def as_code(value: object) -> str:
    """Return a value as YAML and JSON write it, as code."""
    plain = value if isinstance(value, str) and value else json.dumps(value)
    return f"`{plain}`"


def cell(text: str) -> str:
    """Return text for one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def summary(docstring: str | None) -> str:
    """Return what a docstring says before its sections, as Markdown."""
    clean = inspect.cleandoc(docstring or "")
    return re.split(r"\n\n?(?:Args|Attributes|Returns|Raises|Source|Example):\n", clean)[0].replace(
        "``", "`"
    )


def arguments(docstring: str | None) -> dict[str, str]:
    """Return the sentences of a docstring's ``Args`` or ``Attributes``, by name."""
    clean = inspect.cleandoc(docstring or "")
    found = re.search(r"(?:^|\n)(?:Args|Attributes):\n(.*?)(?=\n\S|\Z)", clean, re.DOTALL)
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", found[1] if found else "", re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "`") for name, text in entries}


def _list(part: Schema, whole: Schema) -> str:
    least, most = part.get("minItems"), part.get("maxItems")
    count = f" of {least}" if least == most and least else ", at least one" if least else ""
    return f"list{count}: {takes(part.get('items', {}), whole)}"


def _mapping(part: Schema, whole: Schema) -> str:
    values = part.get("additionalProperties")
    if isinstance(values, dict):
        return f"mapping to {takes(values, whole)}"
    title = part.get("title", "mapping")
    return title if part.get("properties") else "mapping"


def _simple(part: Schema) -> str:
    kind = part.get("type")
    if kind == "null":
        return "`null`"
    ends = [words.format(f"{part[key]:,}") for key, words in ENDS.items() if key in part]
    pattern = [f"matching `{part['pattern']}`"] if "pattern" in part else []
    return " ".join([NAMES.get(str(kind), "anything"), *ends, *pattern])
