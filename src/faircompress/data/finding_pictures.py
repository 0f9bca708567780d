"""Where pictures are that a table names by less than their paths: by a name, or a number alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from faircompress.data.paths import slashed
from faircompress.data.picture_files import PICTURES
from faircompress.data.trees import walk

FILES = 200_000  # are looked through
SURE = 0.9  # of the cells must be explained


def path_of_column(home: Path, column: str, cells: Sequence[str]) -> str | None:
    """Return how the paths of pictures are made of a column; None if it does not name them.

    Args:
        home: Folder that the paths begin at.
        column: Its name.
        cells: Some of its values, as text.

    Returns:
        The column's name if it holds the paths, else a template such as ``pictures/{image}.jpg``.
    """
    named = [slashed(cell).strip() for cell in cells if cell.strip()]
    if not named or "{" in column or "}" in column:
        return None
    by_stem = defaultdict(list)
    for path in islice(walk(home), FILES):
        if PurePosixPath(path).suffix.lower() in PICTURES:
            by_stem[PurePosixPath(path).stem].append(path)
            by_stem[PurePosixPath(path).name].append(path)
    around = Counter(ends for cell in named for ends in _around(cell, by_stem))
    (before, after), count = next(iter(around.most_common(1)), (("", ""), 0))
    if count < SURE * len(named):
        return None
    return f"{before}{{{column}}}{after}" if before or after else column


def _around(cell: str, files: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Return what stands before and after a cell in the paths of files that it may name."""
    found = set()
    for path in files.get(PurePosixPath(cell).name, []):
        before, there, after = path.rpartition(cell)
        if there and before[-1:] in ("", "/") and after.lower() in ("", *PICTURES):
            found.add((before, after))
    return found
