"""How large the pictures of a user's table are, and to what they are brought."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from faircompress.data.paths import made, picture_bytes, placed
from faircompress.data.picture_files import opened
from faircompress.data.table_files import parts_of
from faircompress.data.table_head import SAMPLE, head_of
from faircompress.support.errors import InputError

SMALL = 96  # pixels; pictures of one size up to it stay as they are


def picture_paths(home: Path, file: str, image: str) -> list[str]:
    """Return paths of some of a table's pictures; none if the table holds them itself."""
    part = parts_of(home, file, key="--table")[0]
    cells = head_of(part.path, SAMPLE).assign(**part.words)
    if image in cells and isinstance(next(iter(cells[image].dropna()), ""), bytes | dict):
        return []
    cells = (
        cells.astype(object).where(cells.notna(), None).map(lambda v: v if v is None else str(v))
    )
    found = made(image, cells, key="data.table", where=str(part.path))
    if "*" in image:
        found = placed(found, home, key="data.table")
    return [path for path in found if path]


def pictures_side(home: Path, paths: Sequence[str], *, model: str | None) -> int | None:
    """Return the pixels to which pictures are brought; None: they are alike and small as they are.

    Args:
        home: Folder of the pictures; what a path names elsewhere is not read.
        paths: Some pictures; those that are missing or cannot be opened are the checks' business.
        model: The network; None or ``small`` is made for small pictures.
    """
    sizes = set()
    for path in paths:
        with suppress(OSError, InputError):
            sizes.add(opened(picture_bytes(home, path)).size)
    if len(sizes) == 1 and max(next(iter(sizes))) <= SMALL:
        return None
    return 64 if model in (None, "small") else 224
