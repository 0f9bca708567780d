"""Named sets of params, such as the experiments of the thesis; see presets.yaml."""

import difflib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from faircompress.config import yaml_text
from faircompress.config.bad_params import BadParams

EXTENDS = "extends"
CHOICES = {  # word of a summary -> key
    "data": "data.name",
    "model": "train.model",
    "criterion": "prune.criterion.name",
    "scoring": "prune.scoring.name",
    "fine-tuning": "prune.finetune.name",
    "speed-up": "prune.speedup",
}


def preset(path: Path, names: Sequence[str]) -> list[str]:
    """Return what presets change, as ``section.key=value``; later ones win.

    Args:
        path: The project's ``presets.yaml``.
        names: Which ones.

    Raises:
        BadParams: If a preset is unknown, or extends itself.
    """
    return overrides(extended(path, {EXTENDS: list(names)})) if names else []


def names_of(path: Path) -> list[str]:
    """Return the presets of a file without those that are parts of others; none if it is absent."""
    return [name for name in _read(path) if not name.startswith("_")] if path.exists() else []


def summary(path: Path, name: str) -> str:
    """Return what a preset chooses, in one line: data, network, criterion, objectives, speed-up."""
    chosen = dict(one.split("=", 1) for one in preset(path, [name]))
    words = ((word, json.loads(chosen[key])) for word, key in CHOICES.items() if key in chosen)
    return ", ".join(f"{word} {value}" for word, value in words)


def extended(path: Path, values: dict[str, Any], within: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return nested params put over the presets that their key ``extends`` names.

    Args:
        path: The project's ``presets.yaml``; names in it that begin with ``_`` are parts of others.
        values: Nested params.
        within: Presets whose params these are.

    Raises:
        BadParams: If a preset is unknown, or extends itself.
    """
    found: dict[str, Any] = {}
    for name in values.get(EXTENDS, ()):
        if name in within:
            raise BadParams(f"preset {name!r} extends itself, by way of {' -> '.join(within)}.")
        merge(found, extended(path, _named(path, name), (*within, name)))
    merge(found, {key: value for key, value in values.items() if key != EXTENDS})
    return found


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


def _named(path: Path, name: str) -> dict[str, Any]:
    known = _read(path)
    if name not in known:
        raise BadParams(f"no preset {name!r}.{_meant(name, known)}")
    return known[name]


@cache
def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        raw = yaml_text.read(path)
    except FileNotFoundError:
        raise BadParams(f"{path} is missing; a preset is one of its sections.") from None
    except yaml_text.BadYaml as error:
        raise BadParams(str(error)) from None
    if not isinstance(raw, dict) or not all(isinstance(values, dict) for values in raw.values()):
        raise BadParams(f"{path} is no file of presets; needed: sections with keys.")
    return raw


def _meant(name: str, known: Iterable[str]) -> str:
    offered = [other for other in known if not other.startswith("_")]
    close = difflib.get_close_matches(name, offered, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(offered)}."
