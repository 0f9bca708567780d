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

from faircompress import bounds

ROOT = Path(__file__).parent
_WORDS = {**vars(typing), **vars(bounds), "Field": Field}


@cache
def names(folder: str) -> tuple[str, ...]:
    """Return the plug-ins of a folder, sorted."""
    return tuple(sorted(p.stem for p in (ROOT / folder).glob("*.py") if p.stem != "__init__"))


def find(folder: str, name: str) -> Any:
    """Import a plug-in and return its function; the folder's ``__init__`` says of which type."""
    if name not in names(folder):
        raise ValueError(f"no {name!r} in {folder}; there are: {', '.join(names(folder))}")
    return getattr(importlib.import_module(f"faircompress.{folder.replace('/', '.')}.{name}"), name)


class Section(BaseModel):
    """A part of params.yaml: frozen, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def choice(folder: str) -> type[Section]:
    """Return the section in which one plug-in of a folder is chosen and all are set up.

    It has ``name``, and for each plug-in of the folder a sub-section with its options.
    """
    fields: dict[str, Any] = {"name": (Literal[names(folder)], ...)}
    for name in names(folder):
        options = _options(folder, name)
        fields[name] = (options, Field(default_factory=options))
    return create_model(f"Choice_{folder}", __base__=Section, **fields)


def options_of(chosen: Any) -> dict[str, Any]:
    """Return the options of the plug-in that a ``choice`` section names."""
    return getattr(chosen, chosen.name).model_dump()


def _options(folder: str, name: str) -> type[Section]:
    tree = ast.parse((ROOT / folder / f"{name}.py").read_text("utf-8"))
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    if not functions:
        raise TypeError(f"{folder}/{name}.py must define a function called {name}")
    fields: dict[str, Any] = {}
    for argument, default in zip(
        functions[0].args.kwonlyargs, functions[0].args.kw_defaults, strict=True
    ):
        if default is not None and argument.annotation is not None:
            kind = eval(ast.unparse(argument.annotation), dict(_WORDS))  # our own source text
            fields[argument.arg] = (kind, ast.literal_eval(default))
    return create_model(f"{folder}_{name}", __base__=Section, **fields)
