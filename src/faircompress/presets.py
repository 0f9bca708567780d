"""Named sets of params, such as the experiments of the thesis; see presets.yaml."""

import difflib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from faircompress.params import BadParams

EXTENDS = "extends"


def preset(path: Path, names: Sequence[str]) -> list[str]:
    """Return what presets change, as ``section.key=value``; later ones win.

    Args:
        path: The project's ``presets.yaml``.
        names: Which ones; names that begin with ``_`` are parts of others.

    Raises:
        BadParams: If a preset is unknown, or extends itself.
    """
    if not names:
        return []
    try:
        known = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadParams(f"{path} is missing; a preset is one of its sections.") from None
    found: dict[str, Any] = {}
    for name in names:
        merge(found, _whole(known, name, ()))
    return overrides(found)


def overrides(values: dict[str, Any], prefix: str = "") -> list[str]:
    """Return nested keys as ``section.key=value``."""
    found = []
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            found += overrides(value, f"{path}.")
        else:
            found.append(f"{path}={json.dumps(value)}")
    return found


def merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    """Put nested keys over others, in place."""
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = json.loads(json.dumps(value))  # a copy


def _whole(known: dict[str, Any], name: str, within: tuple[str, ...]) -> dict[str, Any]:
    if name in within:
        raise BadParams(f"preset {name!r} extends itself, by way of {' -> '.join(within)}.")
    if name not in known:
        raise BadParams(f"no preset {name!r}.{_meant(name, known)}")
    found: dict[str, Any] = {}
    for base in known[name].get(EXTENDS, ()):
        merge(found, _whole(known, base, (*within, name)))
    merge(found, {key: value for key, value in known[name].items() if key != EXTENDS})
    return found


def _meant(name: str, known: Iterable[str]) -> str:
    offered = [other for other in known if not other.startswith("_")]
    close = difflib.get_close_matches(name, offered, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(offered)}."
