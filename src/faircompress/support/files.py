"""Files that are whole or absent: written aside, flushed to disk, then renamed."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faircompress.support.errors import InputError

CURES = {
    errno.ENOSPC: "Make room on its disk",
    errno.EDQUOT: "Make room, or have your quota raised,",
    errno.EFBIG: "Raise the limit on the size of a file (`ulimit -f`)",
}


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader never sees half of it.

    Raises:
        OSError: If it cannot be written; the file that was there before stays as it was.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _whole(path, aside):
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values are equal files; NaN is refused."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """Return what ``write_json`` writes."""
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def read_json(path: Path) -> Any:
    """Read a JSON file; a missing or broken one is named."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}. Was the command that writes it run?"
        ) from error


def sha256(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill; it takes the place of ``path`` only when all went well."""
    aside, before = (path.with_name(f".{path.name}.{end}") for end in ("part", "before"))
    remove(aside)
    with _whole(path, aside):
        aside.mkdir(parents=True)
        yield aside
        for file in aside.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
        remove(before)
        if path.exists():
            path.rename(before)
        aside.rename(path)
        remove(before)


def user_cache() -> Path:
    """Return the user's folder for what is remembered only to save time; it may not be there."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "faircompress"


def room(path: Path) -> str:
    """Say how much room is left on the disk of a file, be it there yet or not."""
    there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    return f"{free / 1e6:.0f} MB are free on the disk of {there}"


@contextmanager
def _whole(path: Path, aside: Path) -> Iterator[None]:
    """Leave nothing aside, and say of a full disk what to do about which file."""
    try:
        yield
    except OSError as error:
        if error.errno not in CURES:
            raise
        why = os.strerror(error.errno)
        raise OSError(
            error.errno,
            f"{path} was not written: {why} ({room(path)}). What was there before is untouched. "
            f"{CURES[error.errno]} and run again.",
        ) from error
    finally:
        remove(aside)


def link(path: Path, target: Path) -> None:
    """Make a relative link, which moves along; what is there and is no link is left alone."""
    place = os.path.relpath(target, path.parent)
    if path.is_symlink() and os.readlink(path) != place:
        path.unlink()
    if not os.path.lexists(path):
        path.symlink_to(place)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
