"""One process at a time: a lock file that ends with its holder, however that dies."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def waiting(path: Path, what: str) -> Iterator[None]:
    """Hold a lock; while another process does, say once that it is waited for.

    Args:
        path: Lock file; it stays, and holds the process id of whoever locked it last.
        what: What the holder does, for the sentence, such as ``makes mlflow.db``.

    Raises:
        OSError: If the lock file cannot be written.
    """
    with _opened(path) as file:
        if not _taken(file):
            print(f"Waiting: process {_holder(path)} {what}.", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        _sign(file)
        yield


@contextmanager
def only_one(path: Path) -> Iterator[str | None]:
    """Hold a lock if it is free; give the process id of whoever holds it otherwise.

    Args:
        path: Lock file.

    Raises:
        OSError: If the lock file cannot be written.
    """
    with _opened(path) as file:
        if _taken(file):
            _sign(file)
            yield None
        else:
            yield _holder(path)


def is_held(path: Path) -> bool:
    """Tell whether a living process holds a lock."""
    if not path.exists():
        return False
    with path.open("a") as file:
        return not _taken(file)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        yield file


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()


def _holder(path: Path) -> str:
    return path.read_text("utf-8").strip() or "unknown"
