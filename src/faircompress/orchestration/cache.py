"""Nothing damaged comes back from the DVC cache: what a stage would restore is hashed before.

DVC believes a file of its cache that nobody but root may write. A disk that was full, a broken copy
or a flipped bit then ends in a stage's results, and is believed there as well. What does not have
the hash it is named by is dropped here; DVC fetches it again or runs the stage again.
"""

import functools
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.utils import dict_sha256
from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml

BEING_WRITTEN = 60.0  # seconds in which an unfinished file may still be worked on
SHA256 = 64  # digits, the name of a finished file; before, DVC gives it another
NOT_HASHED = ["size", "nfiles"]  # of a run that the cache remembers
# of which a stage takes values
PARAMS = ("params.yaml", "artifacts/code.json", "artifacts/widths.json")
Entry = dict[str, Any]


@dataclass(frozen=True)
class Cache:
    """A DVC cache: objects named by their md5, and which runs gave which of them."""

    folder: Path

    def file(self, md5: str) -> Path:
        """Return where the object with a hash lies, or would lie."""
        return self.folder / "files" / "md5" / md5[:2] / md5[2:]

    def drop_damaged(self, md5s: Iterable[str], since: float = 0) -> list[str]:
        """Remove objects that are not what they are named by; return their names.

        Args:
            md5s: Their names; of a folder, named ``*.dir``, the files in it are looked at as well.
            since: Time before which nothing came into the cache that is to be looked at.
        """
        dropped = []
        for md5 in dict.fromkeys(self._with_contents(md5s)):
            file = self.file(md5)
            if not file.exists() or file.stat().st_ctime < since:
                continue
            if _md5(file) != md5.removesuffix(".dir"):
                file.unlink()
                dropped.append(md5)
        return dropped

    def absent(self, md5s: Iterable[str]) -> list[str]:
        """Return the names of objects that are not there."""
        return [md5 for md5 in dict.fromkeys(self._with_contents(md5s))
                if not self.file(md5).exists()]  # fmt: skip

    def _with_contents(self, md5s: Iterable[str]) -> Iterator[str]:
        for md5 in md5s:
            yield md5
            if md5.endswith(".dir"):
                with suppress(OSError, ValueError, TypeError, KeyError):  # damaged: dropped itself
                    yield from [str(f["md5"]) for f in json.loads(self.file(md5).read_bytes())]

    def runs_of(self, command: str, hashes: Collection[str]) -> Iterator[Entry]:
        """Give the remembered runs of a command that name all of some hashes; drop damaged ones."""
        for file in self.folder.glob("runs/??/*/*"):
            text = file.read_text("utf-8", errors="replace")
            if command in text and all(md5 in text for md5 in hashes):
                entry = _read(file)
                if entry and dict_sha256(entry, exclude=NOT_HASHED) == file.name:
                    yield entry
                elif len(file.name) == SHA256 or _age(file) > BEING_WRITTEN:
                    file.unlink()
                    _remove_if_empty(file.parent)
        for folder in self.folder.glob("runs/??/*"):
            if _age(folder) > BEING_WRITTEN:
                _remove_if_empty(folder)


@functools.cache
def cache_of(workspace: Path) -> Cache:
    """Return the cache that a workspace uses."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    told = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    place = told.stdout.strip() if told.returncode == 0 else ""
    return Cache(workspace / (place or ".dvc/cache"))


def drop_damaged(workspace: Path, stages: Collection[str]) -> list[str]:
    """Remove from the cache what stages would restore from it, but is damaged; return the names."""
    return cache_of(workspace).drop_damaged(restorable(workspace, stages))


def restorable(workspace: Path, stages: Collection[str]) -> list[str]:
    """Return the names of what stages would restore, by ``dvc.lock`` or a remembered run."""
    cache, lock = cache_of(workspace), locked(workspace)
    before = {
        out["path"]: out["md5"]
        for name, entry in lock.items()
        for out in entry.get("outs", ())
        if name not in stages
    }
    return [md5 for stage in stages for md5 in _restorable(workspace, cache, stage, lock, before)]


def locked(workspace: Path) -> dict[str, Entry]:
    """Return what ``dvc.lock`` says of each stage."""
    found = _read(workspace / "dvc.lock") or {}
    return {name: dict(entry) for name, entry in (found.get("stages") or {}).items()}


@dataclass(frozen=True)
class Result:
    """What a stage, or a ``.dvc`` file, names: where it lies, and its hash."""

    stage: str
    path: Path
    md5: str


def results(workspace: Path) -> list[Result]:
    """Return what ``dvc.lock`` and the ``.dvc`` files of a workspace name."""
    tracked = {file.name: _read(file) or {} for file in workspace.glob("*.dvc") if file.is_file()}
    return [
        Result(name, workspace / out["path"], str(out["md5"]))
        for name, entry in (locked(workspace) | tracked).items()
        for out in entry.get("outs", ())
        if "md5" in out
    ]


def outputs(entries: Iterable[Entry]) -> list[str]:
    """Return the hashes of the results of runs."""
    return [str(out["md5"]) for entry in entries for out in entry.get("outs", ()) if "md5" in out]


def _restorable(
    workspace: Path, cache: Cache, stage: str, lock: dict[str, Entry], before: dict[str, str]
) -> list[str]:
    """Return the hashes of what DVC may restore for a stage as things stand."""
    plan = (_read(workspace / "dvc.yaml") or {}).get("stages", {}).get(stage, {})
    needed = [before[path] for path in plan.get("deps", ()) if path in before]
    runs = cache.runs_of(f"cmd: {plan.get('cmd')}\n", needed)
    known = [*([lock[stage]] if stage in lock else []), *runs]
    values = {name: _read(workspace / name) or {} for name in PARAMS}
    return outputs(entry for entry in known if _matches(entry, values, before))


def _matches(entry: Entry, values: dict[str, Entry], before: dict[str, str]) -> bool:
    """Tell whether a run had the params, code and files that are there now, as is soon seen."""
    for file in PARAMS:
        said = entry.get("params", {}).get(file, {})
        if any(values[file].get(name, value) != value for name, value in said.items()):
            return False
    deps = [(dep["path"], dep.get("md5")) for dep in entry.get("deps", ())]
    return all(before.get(path, md5) == md5 for path, md5 in deps)


def _read(file: Path) -> Entry | None:
    """Return a YAML file of DVC, None where it is missing or damaged."""
    try:
        found = load_yaml(str(file))
    except (FileNotFoundError, YAMLFileCorruptedError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _remove_if_empty(folder: Path) -> None:
    """Remove an empty folder of remembered runs: DVC stumbles over it."""
    with suppress(OSError):
        folder.rmdir()


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _md5(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()
