"""What one source file means, and what it stands on, told from its text without importing it."""

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

FINDERS = ("find", "names", "chosen")  # calls that take the folder of a plug-in


@dataclass(frozen=True)
class Source:
    """A file of Python.

    Args:
        sha256: Of what it means, in hex: neither comments, docstrings nor layout count.
        imports: Dotted names that it imports, at any place: modules, or what is in them.
        folders: Of plug-ins that it finds by name, such as ``criteria``.
        files: Names of files, such as ``report.html.j2``, that it gives to calls.
    """

    sha256: str
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    files: tuple[str, ...]

    @classmethod
    def of(cls, text: str | bytes, package: str) -> "Source":
        """Read a file's text.

        Args:
            text: As it stands in the file.
            package: In which the file lies, dotted; relative imports start there.

        Raises:
            SyntaxError: If it is no Python.
        """
        tree = ast.parse(text)
        _strip(tree)
        meaning = json.dumps(_meaning(tree)).encode()
        nodes = list(ast.walk(tree))
        calls = [(node, _strings(node)) for node in nodes if isinstance(node, ast.Call)]
        folders = {word for call, words in calls if _name(call.func) in FINDERS for word in words}
        files = {word for _, words in calls for word in words if PurePath(word).suffix}
        imports = {name for node in nodes for name in _imports(node, package)}
        parts = (tuple(sorted(found)) for found in (imports, folders, files))
        return cls(hashlib.sha256(meaning).hexdigest(), *parts)


def _strip(tree: ast.AST) -> None:
    """Take out what computes nothing: docstrings, and imports for the type checker alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            node.body = []
        body = getattr(node, "body", None)
        if isinstance(body, list):  # of whatever node has one
            # a node with a list called body is one of several classes without a common name
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _meaning(value: Any) -> Any:
    """Return a tree as JSON values, the same in every version of Python that reads it alike.

    What is empty is left out, since new versions bring new fields.
    """
    if isinstance(value, list):
        return [_meaning(part) for part in value]
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = [
        (name, _meaning(part))
        for name, part in ast.iter_fields(value)
        if name not in ("ctx", "kind") and part is not None and part != []
    ]
    return [type(value).__name__, *fields]


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
        origin = ".".join([*above, *filter(None, [node.module])])
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def _name(node: ast.expr) -> str:
    """Return the last word of a dotted name; nothing if it is none."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _strings(call: ast.Call) -> list[str]:
    """Return the texts that a call is given as they are."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    values = [part.value for part in given if isinstance(part, ast.Constant)]
    return [value for value in values if isinstance(value, str)]
