"""Where pictures are that a table names by less than their paths: by a name, or a number alone."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pandas as pd

from faircompress.data.attributes import words_of
from faircompress.data.paths import slashed
from faircompress.data.picture_files import PICTURES
from faircompress.data.trees import walk

FILES = 200_000  # are looked through
SURE = 0.9  # of the cells must be explained
MASKS = {  # words of names of pictures that are not what a network sees
    "mask", "masks", "seg", "segmentation", "segmentations", "annotation", "annotations", "gt",
    "groundtruth", "roi", "heatmap", "heatmaps", "overlay", "overlays", "thumbnail", "thumbnails",
}  # fmt: skip
MASKED = re.compile(rf"[\s_.-]+(?:{'|'.join(sorted(MASKS))})(?:[\W_]*\d+)?$", re.IGNORECASE)
LONG, FEW = 4, 12  # letters of values that are looked for within paths; rows and paths for that


class PictureIndex:
    """The pictures of a folder, by their names.

    Args:
        home: Folder that paths begin at.
    """

    def __init__(self, home: Path) -> None:
        every = islice(walk(home), FILES)
        self.paths = [path for path in every if PurePosixPath(path).suffix.lower() in PICTURES]
        self.home = f"{home.resolve().as_posix()}/"
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for path in (unicodedata.normalize("NFC", path) for path in self.paths):
            self.by_name[PurePosixPath(path).stem].append(path)
            self.by_name[PurePosixPath(path).name].append(path)

    def of_column(self, column: str, cells: Sequence[str]) -> str | None:
        """Return how the paths of pictures are made of a column; None if it does not name them.

        Args:
            column: Its name.
            cells: Some of its values, as text.

        Returns:
            The column's name if it holds the paths, else a template such as
            ``pictures/{image}.jpg``; None, too, if there are several as good.
        """
        ways = self.ways(column, cells)
        return ways[0] if len(ways) == 1 else None

    def ways(self, column: str, cells: Sequence[str]) -> list[str]:
        """Return all equally good ways to make paths of a column, as ``of_column`` does.

        A path as it stands is better than any; folders of masks are worse than others.
        """
        named = [self._as_read(cell) for cell in cells if cell.strip()]
        if not named or "{" in column or "}" in column:
            return []
        of_cells = [_around(cell, self.by_name) for cell in named]
        around = Counter(ends for found in of_cells for ends in sorted(found))
        count = max(around.values(), default=0)
        best = sorted(ends for ends, times in around.items() if times == count)
        best = [ends for ends in best if not of_masks(ends[0])] or best
        best = [("", "")] if ("", "") in best else best
        if count < len(named) and (several := _in_several(of_cells)):
            best, count = [several[:2]], several[2]
        if count < SURE * len(named):
            return []
        return [f"{before}{{{column}}}{after}" if before or after else column
                for before, after in best]  # fmt: skip

    def _as_read(self, cell: str) -> str:
        """Return a cell as a path under the folder, written as ``picture_bytes`` would find it."""
        path = unicodedata.normalize("NFC", slashed(cell).strip().removeprefix(self.home))
        path = re.sub(r"^(?:\./+)+", "", path)
        return path if PurePosixPath(path).name in self.by_name else unquote(path)

    def of_columns(self, rows: pd.DataFrame) -> str | None:
        """Return how the paths are made of several columns; None if not, or in several ways.

        Such as ``aligned/{user}/face.{number}.{name}.jpg``. Each made path must be that of a
        picture, and hardly two rows may have the same.

        Args:
            rows: Some of the table's.
        """
        texts = rows.map(lambda cell: "" if pd.isna(cell) else slashed(str(cell)).strip())
        texts = texts[[name for name in texts if not set("{}*") & set(str(name))]]
        there, right = set(self.paths), set[str]()
        for anchor in texts:
            if texts[anchor].str.len().mean() < LONG:
                continue
            for template in self._templates(texts.head(FEW), str(anchor)):
                made = [template.format_map(row) for row in texts.to_dict("records")]
                found = sum(path in there for path in made) >= SURE * len(made)
                if found and len({*made}) >= SURE * len(made) and template.count("{") > 1:
                    right.add(template)
        best = {template for template in right if not of_masks(template)} or right
        return best.pop() if len(best) == 1 else None

    def _templates(self, texts: pd.DataFrame, anchor: str) -> list[str]:
        """Return what paths that hold a column's value look like, the usual first."""
        found = Counter[str]()
        order = sorted(texts, key=lambda name: (name != anchor, -texts[name].str.len().mean()))
        for row in texts.to_dict("records"):
            holding = [path for path in self.paths if row[anchor] and row[anchor] in path]
            found.update(sorted({_template(path, row, order) for path in holding[:FEW]}))
        return [template for template, count in found.most_common(3) if count > 1]


def of_masks(name: str) -> bool:
    """Tell by its name whether a folder or column is of masks or the like."""
    return bool(MASKS & words_of(name))


def masks_beside(paths: Sequence[str]) -> list[str]:
    """Return the pictures that are called as others in their folder with a word of masks behind.

    Such as ``benign (1)_mask.png`` and ``benign (1)_mask_1.png`` beside ``benign (1).png``.
    """
    stems = {str(PurePosixPath(path).with_suffix("")) for path in paths}
    found = []
    for path in paths:
        before = MASKED.sub("", str(PurePosixPath(path).with_suffix("")))
        if before in stems and before + PurePosixPath(path).suffix != path:
            found.append(path)
    return found


def path_of_column(home: Path, column: str, cells: Sequence[str]) -> str | None:
    """Return how the paths of pictures in a folder are made of a column; see ``of_column``."""
    return PictureIndex(home).of_column(column, cells)


def _template(path: str, row: dict[Any, str], order: Sequence[str]) -> str:
    """Return a path with the values of a row taken out, where they stand as whole words."""
    parts = [path.replace("{", "{{").replace("}", "}}")]
    for name in order:
        if not row[name]:
            continue
        word = re.compile(rf"(?<![^\W_]){re.escape(row[name])}(?![^\W_])")
        parts = [
            piece
            for part in parts
            for piece in ([part] if part.startswith("{") else _parted(word, part, f"{{{name}}}"))
        ]
    return "".join(parts)


def _parted(word: re.Pattern[str], text: str, field: str) -> list[str]:
    pieces = word.split(text)
    return [piece for one in pieces[:-1] for piece in (one, field)] + pieces[-1:]


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
