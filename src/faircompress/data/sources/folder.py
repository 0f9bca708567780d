"""Your own data: a folder of pictures whose paths, and maybe a CSV file, say what they show."""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from faircompress.config.bounds import Column, Groups, OpenShare, Positive, Seed
from faircompress.data.columns import Table, data_set
from faircompress.data.csv_text import meant, read_csv
from faircompress.data.fingerprint import within
from faircompress.data.sources import RawData
from faircompress.support.errors import InputError

KEY = "data.folder"
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"}


def folder(
    *,
    root: str = "data/folder",
    pattern: str = "{split}/{label}/*",
    skip: list[str] = [],  # noqa: B006 (params read the default from the source text)
    sidecar: str | None = None,
    separator: str = ",",
    image: str = "image",
    label: Column = "label",
    groups: Groups = [],  # noqa: B006 (likewise)
    split: Column | None = None,
    identity: str | None = None,
    weight: str | None = None,
    max_weight: Positive | None = None,
    validation: OpenShare = 0.1,
    test: OpenShare = 0.2,
    seed: Seed = 1,
) -> RawData:
    """Return the pictures under a folder, with label and groups from their paths or a CSV file.

    Each ``{word}`` of the pattern is a column: ``{age}_{sex}_{rest}.jpg`` has three. A sidecar
    adds its own. They are told by name, or with their values named, binned or dropped: see
    ``columns.py``. An id is the path of the picture under ``root``.

    Args:
        root: Folder of the pictures.
        pattern: Of their paths. A ``{word}`` holds as little as it can, at least one letter and
            no slash; ``*`` holds anything without a slash.
        skip: Patterns of paths to leave out, such as ``*/copies/*``.
        sidecar: CSV file under ``root`` with a row for each picture.
        separator: What parts its fields.
        image: Its column of pictures: paths under ``root``, or names if none has a slash.
        label: Column of the label.
        groups: Columns of the groups.
        split: Column of the split; null: ``{split}`` of the pattern if it has one, else cut by
            identity, else by pixels.
        identity: Column that says whose picture it is.
        weight: Column of what a row counts in pooled rates.
        max_weight: The most that one person (or a row of nobody) weighs in the population; null:
            1.5 times the heaviest of the validation rows is taken.
        validation: Share to cut where there is no split.
        test: Likewise.
        seed: Of the cut.

    Raises:
        ValueError: If a path does not match, a column is missing, or a value has no place in it.
    """
    home = Path(root)
    found = list(_walk(home))
    paths = [path for path in found if Path(path).suffix.lower() in PICTURES]
    skipped = [path for path in paths if any(fnmatch(path, each) for each in skip)]
    others = len(found) - len(paths) - bool(sidecar)
    paths = [path for path in paths if path not in set(skipped)]
    cells = _fields(paths, pattern)
    if sidecar:
        cells = _joined(cells, read_csv(within(home, sidecar), key=KEY, separator=separator), image)
    left_out = {"Pictures left out by skip": len(skipped), "Files that are no pictures": others}
    return data_set(
        Table(
            cells,
            KEY,
            f"{root} with pattern {pattern}" + (f" and {sidecar}" if sidecar else ""),
            tuple(f"{what}: {count:,}." for what, count in left_out.items() if count),
        ),
        lambda row: within(home, paths[row]).read_bytes(),
        label=label,
        groups=groups,
        split="split" if split is None and "{split}" in pattern else split,
        identity=identity,
        weight=weight,
        max_weight=max_weight,
        shares={"validation": validation, "test": test},
        seed=seed,
    )


def _walk(home: Path) -> Iterator[str]:
    """Give each file's path under ``home``, sorted, hidden ones left out."""
    for place, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        under = Path(place).relative_to(home)
        yield from ((under / n).as_posix() for n in sorted(names) if not n.startswith("."))


def _fields(paths: list[str], pattern: str) -> pd.DataFrame:
    """Return what the pattern reads from each path, one row a path."""
    parts = re.split(r"(\{\w+\}|\*)", pattern)
    words = [part[1:-1] for part in parts if part.startswith("{")]
    if len(set(words)) < len(words):
        raise InputError(f"{KEY}.pattern: {pattern!r} has a word twice; name each once")
    expression = re.compile("".join(map(_expression, parts)), re.IGNORECASE)
    matches = [expression.fullmatch(path) for path in paths]
    strange = [path for path, match in zip(paths, matches, strict=True) if not match]
    if strange or not paths:
        named = ", ".join(strange[:5]) or "there are none"
        raise InputError(
            f"{KEY}.pattern: {len(strange):,} of {len(paths):,} pictures do not match {pattern!r}: "
            f"{named}. Mend the pattern, rename them, or leave them out by {KEY}.skip."
        )
    return pd.DataFrame([m.groupdict() for m in matches if m], index=paths, columns=words)


def _expression(part: str) -> str:
    if part.startswith("{"):
        return rf"(?P<{part[1:-1]}>[^/]+?)"
    return "[^/]*" if part == "*" else re.escape(part)


def _joined(cells: pd.DataFrame, sidecar: pd.DataFrame, image: str) -> pd.DataFrame:
    """Return columns of paths with those that the sidecar has for the same pictures."""
    if image not in sidecar.columns:
        close = meant(image, list(sidecar.columns))
        raise InputError(f"{KEY}.image: the sidecar has no column {image!r}.{close}")
    both = sorted(set(sidecar.columns) & set(cells.columns))
    if both:
        raise InputError(f"{KEY}.sidecar: {both[0]!r} is a word of the pattern too; rename one")
    listed = sidecar.set_index(image)
    twice = listed.index[listed.index.duplicated()]
    if len(twice):
        raise InputError(f"{KEY}.sidecar: {len(twice)} pictures stand in it twice: {twice[0]}")
    whole = listed.index.str.contains("/").any()
    keys = cells.index if whole else cells.index.map(lambda path: path.rpartition("/")[2])
    lacking = cells.index[~keys.isin(listed.index)]
    if len(lacking):
        named = ", ".join(lacking[:5])
        raise InputError(
            f"{KEY}.sidecar: {len(lacking):,} of {len(cells):,} pictures have no row in it: {named}"
        )
    return pd.concat([cells, listed.loc[keys].set_axis(cells.index)], axis=1)
