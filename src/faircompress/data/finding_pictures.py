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
    of_cells = [_around(cell, by_stem) for cell in named]
    around = Counter(ends for found in of_cells for ends in found)
    (before, after), count = next(iter(around.most_common(1)), (("", ""), 0))
    if count < len(named):
        before, after, count = _in_several(of_cells) or (before, after, count)
    if count < SURE * len(named):
        return None
    return f"{before}{{{column}}}{after}" if before or after else column


def _in_several(of_cells: Sequence[set[tuple[str, str]]]) -> tuple[str, str, int] | None:
    """Return what stands before and after cells whose pictures lie in several folders.

    Folders that differ are ``*``; ``**`` if they lie at several depths. None: some cell's picture
    may be in two of them.
    """
    found = [next(iter(ends)) for ends in of_cells if len(ends) == 1]
    afters = Counter(after for _, after in found)
    if not found or any(len(ends) > 1 for ends in of_cells):
        return None
    after, count = afters.most_common(1)[0]
    folders = [before.split("/")[:-1] for before, end in found if end == after]
    if len({len(one) for one in folders}) > 1:
        return "**/", after, count
    parts = [one[0] if len({*one}) == 1 else "*" for one in zip(*folders, strict=True)]
    return "".join(f"{part}/" for part in parts), after, count


def _around(cell: str, files: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Return what stands before and after a cell in the paths of files that it may name."""
    found = set()
    for path in files.get(PurePosixPath(cell).name, []):
        before, there, after = path.rpartition(cell)
        if there and before[-1:] in ("", "/") and after.lower() in ("", *PICTURES):
            found.add((before, after))
    return found
