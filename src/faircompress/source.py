"""The fingerprint of a raw data source, by which new data is noticed in a second.

A file is hashed once, and again only when its size or one of its times changes. What was hashed
is remembered outside the fingerprint, which holds no times and no places: the same data has the
same fingerprint on every machine.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from faircompress import files
from faircompress.progress import track

Stamp = tuple[int, int, int]
Memory = dict[str, list[Any]]
RACE = 2_000_000_000  # nanoseconds within which a file may change without its times telling


def fingerprint(root: Path, memory: Path) -> dict[str, Any]:
    """Return how many files there are under ``root``, their bytes, and one sha256 of them all.

    Args:
        root: Folder of the data; every file under it counts, hidden ones too.
        memory: JSON file in which hashes are kept from one call to the next.

    Raises:
        ValueError: If something under ``root`` points outside it, or is not a plain file.
    """
    now, known = time.time_ns(), _recall(memory)
    stamps = dict(sorted(_walk(root)))
    stale = [name for name, stamp in stamps.items() if known.get(name, [])[:3] != list(stamp)]
    hashes = {name: entry[3] for name, entry in known.items() if name in stamps}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fresh = pool.map(lambda name: files.sha256(root / name), stale)
        hashes |= zip(stale, track(fresh, "files hashed", len(stale)), strict=True)
    settled = {n: [*s, hashes[n]] for n, s in stamps.items() if max(s[1:]) < now - RACE}
    if settled != known:
        files.write_text(memory, json.dumps(settled))
    return {
        "files": len(stamps),
        "bytes": sum(stamp[0] for stamp in stamps.values()),
        "sha256": _together((name, stamps[name][0], hashes[name]) for name in stamps),
    }


def within(root: Path, name: str) -> Path:
    """Return the path of a file that a data set's own list names, if it lies in its folder.

    Raises:
        ValueError: If it lies elsewhere. A list from outside must not make us read any file.
    """
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(os.path.realpath(root)):
        raise ValueError(f"{name!r} lies outside {root}; needed: a file inside it")
    return path


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
                elif entry.is_file():
                    stat = entry.stat()
                    yield name, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
                else:
                    raise ValueError(f"{root / name} is no file and no real folder; remove it")


def _refuse_escape(root: Path, home: str, name: str) -> None:
    target = os.path.realpath(os.path.join(home, name))
    if not Path(target).is_relative_to(home):
        raise ValueError(
            f"{root / name} points to {target}, outside {root}. Data that can change unseen "
            "cannot be fingerprinted; copy the file here, or point root at its real folder."
        )


def _recall(memory: Path) -> Memory:
    """Return what was hashed before; a memory that is lost or broken only costs time."""
    try:
        known = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _together(entries: Iterator[tuple[str, int, str]]) -> str:
    content = hashlib.sha256()
    for entry in entries:
        content.update(json.dumps(entry).encode() + b"\n")
    return content.hexdigest()
