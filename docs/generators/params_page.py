"""Every key of params.yaml, from the classes that check it."""

import ast
import re
from pathlib import Path
from typing import Any

import yaml
from schema_words import Schema, arguments, as_code, cell, resolved, summary, takes

from faircompress.config.params import Params
from faircompress.config.plugins import names, path_of

ROOT = Path(__file__).parents[2]
HEAD = "| key | takes | if left out | in a new project | meaning |\n|---|---|---|---|---|"
NAMING = "[column with keys](your-data.md#2-say-what-is-what)"
CHOSEN = {  # section in which a plug-in is chosen -> the kind of plug-in
    "data": "sources",
    "prune.criterion": "criteria",
    "prune.scoring": "objectives",
    "prune.finetune": "objectives",
    "prune.head": "heads",
}


def params_page() -> str:
    """Return the page: a heading for each section, a row for each key."""
    text = (ROOT / "params.yaml").read_text("utf-8")
    whole = Params.model_json_schema()
    maker = _Page(whole, yaml.safe_load(text), _comments(text))
    maker.section("", whole)
    return "\n".join(maker.lines)


class _Page:
    def __init__(self, whole: Schema, shipped: dict[str, Any], comments: dict[str, str]) -> None:
        self.whole, self.shipped, self.comments = whole, shipped, comments
        self.lines: list[str] = []
        self.done: set[str] = set()

    def section(self, place: str, schema: Schema, told: dict[str, str] | None = None) -> None:
        """Write the rows of a section, then its sub-sections, each once."""
        parts = {k: _open(part, self.whole) for k, part in schema["properties"].items()}
        inner = {key: part for key, part in parts.items() if _is_section(part)}
        rows = [
            self._row(place, k, part, schema, told or {})
            for k, part in parts.items()
            if k not in inner
        ]
        self.lines += [*([HEAD, *rows] if rows else ["No options."]), ""]
        for key, part in inner.items():
            self._inner(f"{place}.{key}".lstrip("."), key, part)
        for key, part in parts.items():
            self._items(f"{place}.{key}".lstrip("."), part)

    def _inner(self, place: str, key: str, part: Schema) -> None:
        kind = CHOSEN.get(place.rpartition(".")[0])
        plugin = key if kind and key in names(kind) else None
        told: dict[str, str] = {}
        words = summary(part.get("description"))
        if place == "monitor.rows":  # it takes what data.table takes
            told = arguments(_docstring("sources", "table"))
        if plugin and kind:
            doc = _docstring(kind, plugin)
            words, told = summary(doc), arguments(doc)
            if f"{kind}.{plugin}" in self.done:
                self.lines += [
                    f"**`{place}`**: the options of [`{plugin}` above](#{kind}-{plugin}).",
                    "",
                ]
                return
            self.done.add(f"{kind}.{plugin}")
        anchor = f"{kind}-{plugin}" if plugin else place.replace(".", "-")
        level = "##" if "." not in place else "###" if place.count(".") == 1 else "####"
        self.lines += [f"{level} `{place}` {{ #{anchor} }}", "", words, ""]
        self.section(place, part, told)

    def _items(self, place: str, part: Schema) -> None:
        """Write what an entry of a list of sections holds: a rule."""
        items = part.get("items", {})
        for arm in items.get("oneOf", []):
            schema = resolved(arm, self.whole)
            about = "groups" if schema["title"] == "Rule" else "costs"
            self.lines += [
                f"### `{place}`: a rule on {about}",
                "",
                summary(schema.get("description")),
                "",
            ]
            told = arguments(schema.get("description"))
            self.section(place, schema, {k: v.replace("None", "`null`") for k, v in told.items()})
            if schema["title"] == "Rule":
                self.lines += _kinds()

    def _comment(self, path: str) -> str:
        """Return the words beside a key of params.yaml; training says them for fine-tuning, too."""
        return self.comments.get(path) or self.comments.get(path.replace("prune.", "train."), "")

    def _row(self, place: str, key: str, part: Schema, schema: Schema, told: dict[str, str]) -> str:
        path = f"{place}.{key}".lstrip(".")
        needed = key in schema.get("required", [])
        default = "needed" if needed else as_code(part.get("default", _empty(part)))
        words = part.get("description") or told.get(key) or self._comment(path)
        new = _at(self.shipped, path)
        allowed = takes(part, self.whole).replace("Naming", NAMING)
        cells = [f"`{key}`", allowed, default, new, words]
        return "| " + " | ".join(cell(one) for one in cells) + " |"


def _kinds() -> list[str]:
    """Return a table of the kinds of rules, with the first sentence of each file."""
    rows = []
    for name in names("rules"):
        doc = ast.get_docstring(ast.parse(path_of("rules", name).read_text("utf-8"))) or ""
        rows.append(f"| `{name}` | {cell(summary(doc.partition(chr(10))[0]))} |")
    return ["| kind | what it asks |", "|---|---|", *rows, ""]


def _open(part: Schema, whole: Schema) -> Schema:
    """Return a part, or of a section that may be null the section."""
    arms = [resolved(arm, whole) for arm in part.get("anyOf", [])]
    return next((arm for arm in arms if _is_section(arm)), resolved(part, whole))


def _is_section(part: Schema) -> bool:
    return part.get("type") == "object" and part.get("additionalProperties") is False


def _empty(part: Schema) -> object:
    return [] if part.get("type") == "array" else {}


def _at(values: Any, path: str) -> str:
    for key in path.split("."):
        if not isinstance(values, dict) or key not in values:
            return ""
        values = values[key]
    if isinstance(values, list) and len(str(values)) > 60:
        return f"{len(values)} of them"
    return as_code(values)


def _comments(text: str) -> dict[str, str]:
    """Return the comment behind each key of a YAML text, by the key's path."""
    found: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = re.match(r"^( *)(\w+):(?:[^#]*)(?:#\s*(.*))?$", line)
        if match:
            depth = len(match[1])
            stack = [(deep, key) for deep, key in stack if deep < depth] + [(depth, match[2])]
            found[".".join(key for _, key in stack)] = match[3] or ""
    return found


def _docstring(kind: str, name: str) -> str:
    """Return a plug-in's docstring from its source text, so that torch is not imported."""
    tree = ast.parse(path_of(kind, name).read_text("utf-8"))
    found = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    return ast.get_docstring(next(found)) or ""
