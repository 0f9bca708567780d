"""Plug-ins by file name: ``criteria/taylor.py`` gives ``taylor``. There is no list to register in.

The options of a plug-in are the keyword-only parameters of its function that have a default.
They are read from the source text, so that params.yaml is checked without importing torch.
"""

import ast
import importlib
import typing
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from faircompress.config import bounds
from faircompress.support.errors import InputError

ROOT = Path(__file__).parent.parent
ROOMS = {  # kind of plug-in -> its folder
    "criteria": "compression/criteria",
    "heads": "training/heads",
    "metrics": "statistics/metrics",
    "models": "networks/models",
    "objectives": "training/objectives",
    "rules": "evaluation/rules",
    "sources": "data/sources",
    "stages": "stages",
}
_WORDS = {**vars(typing), **vars(bounds), "Field": Field}
BESIDE: dict[str, dict[str, Any]] = {  # kind -> keys that stand beside the name of any of it
    "objectives": {
        "mix": (bounds.Share, Field(0.0, description="of plain cross-entropy in the objective"))
    }
}


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the plug-ins of a kind, a key of ``ROOMS``, sorted."""
    found = (ROOT / ROOMS[kind]).glob("*.py")
    return tuple(sorted(path.stem for path in found if path.stem != "__init__"))


def find(kind: str, name: str) -> Any:
    """Import a plug-in and return its function; its folder's ``__init__`` says of which type."""
    if name not in names(kind):
        raise InputError(f"no {name!r} in {kind}; there are: {', '.join(names(kind))}")
    package = f"faircompress.{ROOMS[kind].replace('/', '.')}"
    given = vars(importlib.import_module(f"{package}.{name}"))
    if name not in given:
        raise TypeError(f"{ROOMS[kind]}/{name}.py must define {name}: its one name is the file's")
    return given[name]


def summary(kind: str, name: str) -> str:
    """Return what a plug-in is in one line: its docstring's first, of a metric its function's."""
    tree = ast.parse(path_of(kind, name).read_text("utf-8"))
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    described = functions[0] if kind == "metrics" and functions else tree
    return (ast.get_docstring(described) or "").partition("\n")[0].replace("``", "")


def path_of(kind: str, name: str) -> Path:
    """Return the file of a plug-in."""
    return ROOT / ROOMS[kind] / f"{name}.py"


class Section(BaseModel):
    """A part of params.yaml: frozen, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def choice(kind: str) -> type[Section]:
    """Return the section in which one plug-in of a kind is chosen and all are set up.

    It has ``name``, and for each plug-in of the kind a sub-section with its options.
    """
    fields: dict[str, Any] = {"name": (Literal[names(kind)], ...), **BESIDE.get(kind, {})}
    for name in names(kind):
        section = options(kind, name)
        fields[name] = (section, Field(default_factory=section))
    return create_model(f"Choice_{kind}", __base__=Section, **fields)


def options_of(chosen: Any) -> dict[str, Any]:
    """Return the options of the plug-in that a ``choice`` section names."""
    return getattr(chosen, chosen.name).model_dump()


def options(kind: str, name: str) -> type[Section]:
    """Return the section with the options of one plug-in."""
    tree = ast.parse(path_of(kind, name).read_text("utf-8"))
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    if not functions:
        raise TypeError(f"{ROOMS[kind]}/{name}.py must define a function called {name}")
    fields: dict[str, Any] = {}
    for argument, default in zip(
        functions[0].args.kwonlyargs, functions[0].args.kw_defaults, strict=True
    ):
        if default is not None and argument.annotation is not None:
            kind = eval(ast.unparse(argument.annotation), dict(_WORDS))  # our own source text
            fields[argument.arg] = (kind, ast.literal_eval(default))
    return create_model(f"{kind}_{name}", __base__=Section, **fields)
