"""A fault in every Python process that has this folder on its path; `bench/faults.py` sets it.

``FAULT`` is ``WHAT:COUNT:PATTERN``: at the COUNT-th time that a file whose path matches is about to
be written, the process kills itself: ``half`` with half of the first write done, ``before`` or
``after`` its new name is given, or what is opened (``open``).
"""

import builtins
import io
import os
import re
import signal
import sys
from typing import Any

WHAT, COUNT, PATTERN = (os.environ.get("FAULT", "") + "::").split(":")[:3]


def is_it(path: Any) -> bool:
    """Count a file that matches; tell whether it is the one."""
    if not isinstance(path, str | os.PathLike) or not re.search(PATTERN, os.fspath(path)):
        return False
    counter = os.open(os.environ["FAULT_COUNTER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(counter, b".")
    seen = os.fstat(counter).st_size
    os.close(counter)
    return seen == int(COUNT)


def die() -> None:
    """End as a loss of power would: no handler, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


class Half:
    """A file that is half written when its process dies."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def write(self, content: Any) -> None:
        """Write half, see that it is on disk, die."""
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        os.fsync(self.file.fileno())
        die()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "Half":
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()


real_open, real_rename, real_replace = io.open, os.rename, os.replace


def opened(path: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
    """Open a file; half of it is all that comes."""
    writes = any(letter in mode for letter in "wax+")
    if not (writes and is_it(path)):
        return real_open(path, mode, *given, **named)
    if WHAT == "open":
        die()
    return Half(real_open(path, mode, *given, **named))


def renamed(real: Any) -> Any:
    """Return a renaming after or before which the process dies."""

    def rename(source: Any, target: Any, **named: Any) -> None:
        hit = is_it(target)
        if hit and WHAT == "before":
            die()
        real(source, target, **named)
        if hit:
            die()

    return rename


if WHAT in ("half", "open"):
    builtins.open = io.open = opened  # type: ignore[assignment]  # open has overloads
elif WHAT in ("before", "after"):
    os.rename, os.replace = renamed(real_rename), renamed(real_replace)
elif WHAT:
    sys.exit(f"no such fault: {WHAT}")
