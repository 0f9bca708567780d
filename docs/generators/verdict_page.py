"""Every key of verdict.json, from its published JSON Schema."""

import json
import re
from pathlib import Path

from schema_words import Schema, arguments, cell, resolved, summary, takes

import faircompress.evaluation

SCHEMA = Path(faircompress.evaluation.__file__).parent / "verdict.schema.json"
HEAD = "| key | holds | meaning |\n|---|---|---|"


def verdict_page() -> str:
    """Return the page: the verdict first, then each value that it is made of."""
    whole: Schema = json.loads(SCHEMA.read_text("utf-8"))
    parts = {"Verdict": whole, **whole["$defs"]}
    return "\n".join(_part(name, part, whole) for name, part in parts.items())


def _part(name: str, part: Schema, whole: Schema) -> str:
    lines = [f"## {name} {{ #{name.lower()} }}", "", summary(part.get("description")), ""]
    if "properties" not in part:
        return "\n".join([*lines, f"One of {takes(part, whole)}.", ""])
    told = arguments(part.get("description"))
    rows = [
        f"| `{key}` | {cell(_holds(value, whole))} | {_meaning(told, key)} |"
        for key, value in part["properties"].items()
    ]
    return "\n".join([*lines, HEAD, *rows, ""])


def _holds(value: Schema, whole: Schema) -> str:
    """Return what a key holds, with links to the values that are described on this page."""
    words = takes(value, whole)
    for name in sorted(whole["$defs"], key=len, reverse=True):
        if resolved({"$ref": f"#/$defs/{name}"}, whole).get("type") == "object":
            words = " ".join(
                f"[{name}](#{name.lower()})" if word == name else word for word in words.split()
            )
    return words


def _meaning(told: dict[str, str], key: str) -> str:
    """Return what a docstring says of a key, as a reader of JSON knows it."""
    return cell(re.sub(r"\bNone\b", "`null`", told.get(key, "")))
