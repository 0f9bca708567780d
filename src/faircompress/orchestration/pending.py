"""Which stages the next run would compute, and why. Nothing is run, and nothing is written.

DVC is asked in this process, which takes a third of a second: here are no threads.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faircompress.config import yaml_text
from faircompress.config.code_keys import ALWAYS_RUN, FILE, stage_keys
from faircompress.config.params import Params
from faircompress.support.errors import MissingFileError

CODE = f"artifacts/{FILE}"
ROWS = "artifacts/validate.json"  # with the key of what training reads
LOST = {"deleted": "is missing", "not in cache": "is not in the DVC cache"}


@dataclass(frozen=True)
class Pending:
    """A stage that would run again.

    Args:
        stage: Its name.
        reasons: What changed, as far as files tell; empty: only stages before it would run.
        after: Stages before it that would run, whose results it reads.
    """

    stage: str
    reasons: tuple[str, ...]
    after: tuple[str, ...] = ()


def pending_stages(folder: Path, params: Params) -> list[Pending]:
    """Return the stages that would run, in the chain's order; those that always run are left out.

    What the raw data holds is not looked at.

    Args:
        folder: With ``dvc.yaml`` and ``params.yaml``.
        params: Of the folder.

    Raises:
        MissingFileError: If there is no ``dvc.yaml``.
    """
    if not (folder / "dvc.yaml").exists():
        raise MissingFileError(
            f"{folder / 'dvc.yaml'} is missing. Run this in the project's folder."
        )
    chain = yaml_text.read(folder / "dvc.yaml")["stages"]
    lock = folder / "dvc.lock"
    if not lock.exists() or not (folder / ".dvc" / "config").exists():
        return [Pending(s, ("it never ran here",)) for s in chain if s not in ALWAYS_RUN]
    known = yaml_text.read(lock).get("stages", {})
    changed, keys = _changed(folder), stage_keys(params)
    found: list[Pending] = []
    for stage in (name for name in chain if name not in ALWAYS_RUN):
        if stage not in known:
            reasons = ["it never ran here"]
        else:
            reasons = list(_reasons(changed.get(stage, []), known[stage], folder))
            if _params_of(known[stage], CODE).get(stage) != keys.get(stage):
                reasons.append("its code, or what it is installed with, changed")
        before = _read_from(chain, stage, [one.stage for one in found])
        if reasons or before:
            found.append(Pending(stage, tuple(reasons), tuple(before)))
    return found


def _changed(folder: Path) -> dict[str, list[Any]]:
    """Return what DVC says of each stage; paths are as in ``dvc.yaml``."""
    from dvc.repo import Repo

    with contextlib.chdir(folder), Repo(".") as repo:
        said: dict[str, list[Any]] = repo.status()
    return {name.rpartition(":")[2]: what for name, what in said.items()}


def _reasons(said: list[Any], known: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Say in words what DVC found of a stage."""
    for one in said:
        if one == "changed command":
            yield "its command in dvc.yaml changed"
        if not isinstance(one, dict):
            continue
        for path, how in {**one.get("changed deps", {}), **one.get("changed outs", {})}.items():
            if path == "params.yaml":
                now = yaml_text.read(folder / path)
                for key in how:
                    old, new = _params_of(known, path).get(key), _value(now, key)
                    yield from _differences(old, new, key)
            elif path == ROWS and how != "deleted":
                yield "train or validation rows changed"
            elif path != CODE:
                yield f"{path} {LOST.get(how, 'changed')}"


def _params_of(known: Mapping[str, Any], path: str) -> dict[str, Any]:
    return dict(known.get("params", {}).get(path, {}))


def _value(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _differences(old: Any, new: Any, key: str) -> Iterator[str]:
    """Name each key whose value changed, with both."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}")
    elif old != new:
        both = f"{_short(old)} -> {_short(new)}"
        yield f"{key}: {both}" if len(both) <= 60 else f"{key} changed"


def _short(value: Any) -> str:
    return "null" if value is None else str(value)


def _read_from(chain: Mapping[str, Any], stage: str, pending: list[str]) -> list[str]:
    """Return which of some stages write what a stage reads, or keys of it."""
    files = [one for one in chain[stage].get("params", ()) if isinstance(one, dict)]
    deps = {*chain[stage].get("deps", ()), *(path for keys in files for path in keys)}
    return [one for one in pending if deps & set(_outs(chain[one]))]


def _outs(stage: Mapping[str, Any]) -> Iterator[str]:
    for out in (*stage.get("outs", ()), *stage.get("metrics", ())):
        yield from out if isinstance(out, dict) else [out]
