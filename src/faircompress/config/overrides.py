"""params.yaml as plain values, and overrides ``section.key=value`` put over them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faircompress.config import yaml_text
from faircompress.config.bad_params import BadParams


def overridden(path: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Return params.yaml as plain values, with overrides put over it."""
    try:
        raw = yaml_text.read(path)
    except FileNotFoundError:
        raise BadParams(f"{path} is missing. Run this in the project's folder.") from None
    except NotADirectoryError:
        raise BadParams(f"{path.parent} is a file; needed is the project's folder.") from None
    except yaml_text.BadYaml as error:
        raise BadParams(str(error)) from None
    if not isinstance(raw, dict):
        raise BadParams(f"{path} holds {type(raw).__name__}; needed: sections with keys.")
    before = _key_and_source(raw)
    for override in overrides:
        _put(raw, override)
    _refuse_shared_key(before, _key_and_source(raw))
    return raw


def _key_and_source(raw: dict[str, Any]) -> tuple[Any, Any]:
    data = raw.get("data")
    return raw.get("name"), data.get("name") if isinstance(data, dict) else None


def _refuse_shared_key(before: tuple[Any, Any], after: tuple[Any, Any]) -> None:
    """Refuse other data under the project's own name, whose champion they would be held to."""
    if before[0] is not None and before[0] == after[0] and before[1] != after[1]:
        raise BadParams(
            f"name: {before[0]!r} is the key of experiment and registered model on data "
            f"{before[1]!r}, and this run has data {after[1]!r}. Add -S name=ANOTHER."
        )


def _put(raw: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    if not equals or not path:
        raise BadParams(f"-S {override}: needed is section.key=value")
    *parents, last = path.strip().split(".")
    place = raw
    for key in parents:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise BadParams(f"-S {override}: {key} holds a value, not keys")
    try:
        place[last] = yaml_text.parse(value, f"-S {override}")
    except yaml_text.BadYaml as error:
        raise BadParams(str(error)) from None


def refuse_twice(overrides: Sequence[str]) -> None:
    """Refuse a key that is overridden twice, or beside a key that it is a part of.

    Raises:
        BadParams: Naming both. Of a preset and an override the latter wins; that is no fault.
    """
    seen: dict[tuple[str, ...], str] = {}
    for override in overrides:
        key = tuple(part.strip() for part in override.partition("=")[0].split("."))
        clash = next((seen[k] for k in seen if k[: len(key)] == key or key[: len(k)] == k), None)
        if clash is not None:
            raise BadParams(f"-S {clash} and -S {override} set one key twice; give one of them.")
        seen[key] = override
