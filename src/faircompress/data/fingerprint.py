"""The fingerprint of a raw data source, by which new data is noticed in a second.

A file is hashed once, and again only when its size or one of its times changes. What was hashed
is remembered outside the fingerprint, which holds no times and no places: the same data has the
same fingerprint on every machine.
"""

import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from faircompress.config import plugins
from faircompress.support import files
from faircompress.support.errors import InputError
from faircompress.support.progress import track

Stamp = tuple[int, int, int]
Known = dict[str, list[Any]]
MANY = 500  # files that are hashed in a moment
RACE = 2_000_000_000  # nanoseconds within which a file may change without its times telling


def fingerprint(
    root: Path, memory: Path, *, before_many: Callable[[], object] = dict
) -> dict[str, Any]:
    """Return how many files there are under ``root``, their bytes, and one sha256 of them all.

    Args:
        root: Folder of the data; every file under it counts, hidden ones too.
        memory: File in which hashes are kept from one call to the next.
        before_many: Called before more than ``MANY`` files are hashed, which takes long; it
            raises if that would be in vain.

    Raises:
        ValueError: If something under ``root`` points outside it, or is not a plain file.
    """
    now, stamps = time.time_ns(), dict(sorted(_walk(root)))
    seen = _together((name, *stamp) for name, stamp in stamps.items())
    answer, read_known = _recall(memory)
    if answer.get("seen") == seen:
        found: dict[str, Any] = answer["found"]
        return found
    known = read_known()
    stale = [name for name, stamp in stamps.items() if known.get(name, [])[:3] != list(stamp)]
    if len(stale) > MANY:
        before_many()
    hashes = {name: entry[3] for name, entry in known.items() if name in stamps}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fresh = pool.map(lambda name: files.sha256(root / name), stale)
        hashes |= zip(stale, track(fresh, "files hashed", len(stale)), strict=True)
    found = {
        "files": len(stamps),
        "bytes": sum(stamp[0] for stamp in stamps.values()),
        "sha256": _together((name, stamps[name][0], hashes[name]) for name in stamps),
    }
    settled = {n: [*s, hashes[n]] for n, s in stamps.items() if max(s[1:]) < now - RACE}
    answer = {"seen": seen, "found": found} if len(settled) == len(stamps) else {}
    files.write_text(memory, json.dumps(answer) + "\n" + json.dumps(settled) + "\n")
    return found


def missing_root(data: Any) -> str | None:
    """Say what is wrong with the folder that the section ``data`` of params names, if anything.

    Nothing is, if it is there, if the data need none, or if it may be fetched from its publisher.
    """
    options = plugins.options_of(data)
    if "root" not in options or Path(options["root"]).is_dir():
        return None
    where = f"data.{data.name}.root: {options['root']} is not a folder (looked in {Path.cwd()})."
    plugin = plugins.path_of("sources", data.name)
    if "\ndef download(" not in plugin.read_text("utf-8"):
        return f"{where} Put the data there, or name the folder it is in."
    if options.get("download", False):
        return None
    return f"{where} Name the folder the data is in, or set data.{data.name}.download: true."


def within(root: Path, name: str) -> Path:
    """Return the path of a file that a data set's own list names, if it lies in its folder.

    Raises:
        ValueError: If it lies elsewhere. A list from outside must not make us read any file.
    """
    if "\0" in name:
        raise InputError(f"{name!r} holds a zero byte, which no path has")
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(os.path.realpath(root)):
        link = _link_in(root, name)
        why = (
            f": {link} is a link that leads there. Name its folder as root, or copy it"
            if link
            else ""
        )
        raise InputError(f"{name!r} lies outside {root}; needed: a file inside it{why}")
    return path


def bytes_within(root: Path, name: str) -> bytes:
    """Return the bytes of a file that a data set's own list names; see ``within``.

    A pipe or a device is not read: it may have no end, or never begin.

    Raises:
        OSError: If there is no such file, or it is none.
        ValueError: If it lies elsewhere.
    """
    path = within(root, name)
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # of a folder Python itself says so
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, no file", str(path))
    return path.read_bytes()


def _link_in(root: Path, name: str) -> Path | None:
    """Return the first link on the way from a folder to a file in it."""
    steps = [root.joinpath(*Path(name).parts[: at + 1]) for at in range(len(Path(name).parts))]
    return next((step for step in steps if step.is_symlink()), None)


def _walk(root: Path) -> Iterator[tuple[str, Stamp]]:
    """Give each file's relative name, and its size and times."""
    home, folders = os.path.realpath(root), [""]
    while folders:
        folder = folders.pop()
        with os.scandir(os.path.join(home, folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    _refuse_escape(root, home, name)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                elif os.path.isfile(entry):
                    known = entry.stat()
                    yield name, (known.st_size, known.st_mtime_ns, known.st_ctime_ns)
                else:
                    raise InputError(f"{root / name} is {_odd(entry)}; remove it")


def _odd(entry: os.DirEntry[str]) -> str:
    """Say what lies among data and is neither file nor folder."""
    if not entry.is_symlink():
        return "no file and no folder"
    if os.path.isdir(entry):
        return "a link to a folder of the same data, whose files would count twice"
    return "a link to nothing, or to itself"


def _refuse_escape(root: Path, home: str, name: str) -> None:
    target = os.path.realpath(os.path.join(home, name))
    if not Path(target).is_relative_to(home):
        raise InputError(
            f"{root / name} points to {target}, outside {root}. Data that can change unseen "
            "cannot be fingerprinted; copy the file here, or point root at its real folder."
        )


def _recall(memory: Path) -> tuple[dict[str, Any], Callable[[], Known]]:
    """Return the last answer, and a way to the hash of each file, which takes longer to read.

    A memory that is lost or broken only costs time.
    """

    def line(number: int) -> dict[str, Any]:
        try:
            with memory.open(encoding="utf-8") as file:
                value = json.loads(next(islice(file, number, None)))
        except (OSError, ValueError, StopIteration):
            return {}
        return value if isinstance(value, dict) else {}

    return line(0), lambda: line(1)


def _together(entries: Iterable[tuple[object, ...]]) -> str:
    """Return the sha256 of lines of values; no value holds the zero byte that parts them."""
    lines = "\n".join(["\0".join(map(str, entry)) for entry in entries])
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
