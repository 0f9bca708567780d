"""The files of a folder of pictures, without what systems leave beside them."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from faircompress.data.file_text import ARRAYS
from faircompress.data.picture_files import PICTURES
from faircompress.support.errors import InputError

HOLDING = {".parquet", ".pq"}  # tables that may hold pictures
PACKED = {".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"}
HELD = {".npz", ".npy", ".h5", ".hdf5", ".mat", ".arrow", ".tfrecord", ".pkl"}  # arrays or records
JUNK = ("__MACOSX", "@eaDir", "lost+found")  # of a Mac's ZIP, a Synology disk, a Linux disk


def files_under(home: Path) -> list[str]:
    """Return each file's path under ``home``, sorted; hidden ones and ``JUNK`` are left out.

    Raises:
        ValueError: If names are no UTF-8, since no table could hold them.
    """
    found = list(walk(home))
    strange = [path for path in found if not _is_text(path)]
    if strange:
        raise InputError(
            f"{home}: {len(strange):,} names are not UTF-8, such as {os.fsencode(strange[0])!r}. "
            "Rename them; if they are of Windows, convmv -f cp1252 -t utf8 -r --notest does it"
        )
    return found


def refuse_none(paths: Sequence[str], where: str) -> None:
    """Raise if there is no picture among files, saying what there is.

    Raises:
        ValueError: Naming the endings of the files.
    """
    ends = Counter(PurePosixPath(path).suffix.lower() or "no ending" for path in paths)
    if any(end in PICTURES for end in ends):
        return
    there = ", ".join(f"{count:,} with {end}" for end, count in ends.most_common(4))
    raise InputError(
        f"{where} holds no picture, by the ends of its files' names ({there or 'it is empty'})"
        + (". Give them names such as x.png, if they are pictures" if "no ending" in ends else "")
        + (". Unpack them" if PACKED & {*ends} else "")
        + (f". Of arrays, {ARRAYS}" if HELD & {*ends} else "")
        + (
            ". If tables hold the pictures: the data source `table` (init: --table)"
            if HOLDING & {*ends}
            else ""
        )
    )


def walk(home: Path) -> Iterator[str]:
    """Give each file's path under ``home``, sorted within its folder."""
    for place, folders, names in os.walk(home):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in JUNK)
        under = Path(place).relative_to(home)
        yield from ((under / n).as_posix() for n in sorted(names) if not n.startswith("."))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
