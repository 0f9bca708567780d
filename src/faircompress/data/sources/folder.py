"""Your own data: a folder of pictures whose paths, and maybe a CSV file, say what they show."""

from fnmatch import fnmatch
from pathlib import Path

from faircompress.config.bounds import Column, Groups, MaxWeights, Names, OpenShare, Seed
from faircompress.data.columns import Table, data_set
from faircompress.data.finding_pictures import masks_beside
from faircompress.data.paths import fields, picture_bytes
from faircompress.data.picture_files import PICTURES
from faircompress.data.sidecars import with_sidecars
from faircompress.data.sources import RawData
from faircompress.data.trees import files_under, refuse_none

KEY = "data.folder"
CURE = f", rename them, or leave them out by {KEY}.skip"

OF_MASKS = (
    "{count:,} pictures are called as masks of others, such as {first}. If they are, leave them "
    f"out by {KEY}.skip, such as ['*_mask*']."
)


def folder(
    *,
    root: str = "data/folder",
    pattern: str = "{split}/{label}/*",
    skip: list[str] = [],  # noqa: B006 (params read the default from the source text)
    sidecar: Names | None = None,
    sidecar_key: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    image: str = "image",
    label: Column = "label",
    groups: Groups = [],  # noqa: B006 (likewise)
    split: Column | None = None,
    identity: str | None = None,
    weight: str | None = None,
    max_weight: MaxWeights | None = None,
    validation: OpenShare = 0.1,
    test: OpenShare = 0.2,
    seed: Seed = 1,
) -> RawData:
    """Return the pictures under a folder, with label and groups from their paths or a CSV file.

    Each ``{word}`` of the pattern is a column: ``{age}_{sex}_{rest}.jpg`` has three. A sidecar
    adds its own (``paths.py`` says how). They are told by name, or with their values named, binned
    or dropped: see ``columns.py``. An id is the path of the picture under ``root``.

    Args:
        root: Folder of the pictures.
        pattern: Of their paths. A ``{word}`` holds as little as it can, at least one letter and
            no slash; ``*`` holds anything without a slash, ``**`` anything.
        skip: Patterns of paths to leave out, such as ``*/copies/*``.
        sidecar: Text table under ``root`` with a row for each picture; or several.
        sidecar_key: Column of it and of the pattern by which they belong together, such as
            ``person``; null: the picture.
        separator: What parts its fields; null: what its first lines tell.
        encoding: Of its text, such as windows-1252; null: UTF-8 or UTF-16.
        image: Its column of pictures: paths under ``root``, or names if none has a slash; or how
            to make them of columns, such as ``{number}.jpg``.
        label: Column of the label.
        groups: Columns of the groups.
        split: Column of the split; null: ``{split}`` of the pattern if it has one, else cut by
            identity, else by pixels.
        identity: Column that says whose picture it is.
        weight: Column of what a row counts in pooled rates.
        max_weight: The most that one person (or a row of nobody) weighs in the population, or of
            each subgroup, such as ``{sex=f & label=yes: 3, ...}``; null: 1.5 times the heaviest of
            the validation rows is taken.
        validation: Share to cut where there is no split.
        test: Likewise.
        seed: Of the cut.

    Raises:
        ValueError: If a path does not match, a column is missing, or a value has no place in it.
    """
    home = Path(root)
    found = files_under(home)
    refuse_none(found, f"{KEY}.root: {root}")
    paths = [path for path in found if Path(path).suffix.lower() in PICTURES]
    skipped = [path for path in paths if any(fnmatch(path, each) for each in skip)]
    beside = [sidecar] if isinstance(sidecar, str) else list(sidecar or ())
    masks, gone = masks_beside(paths), set(skipped)
    others = len(found) - len(paths) - len(beside)
    paths = [path for path in paths if path not in gone]
    unsaid = [path for path in masks if path not in gone]
    cells = fields(paths, pattern, key=KEY, cure=CURE)
    cells, notes = with_sidecars(
        cells, home, sidecar, image=image, shared=sidecar_key, key=KEY, separator=separator,
        encoding=encoding,
    )  # fmt: skip
    left_out = {"Pictures left out by skip": len(skipped), "Files that are no pictures": others}
    return data_set(
        Table(
            cells,
            KEY,
            f"{root} with pattern {pattern}" + "".join(f" and {name}" for name in beside),
            (
                *notes,
                *(f"{what}: {count:,}." for what, count in left_out.items() if count),
                *([OF_MASKS.format(count=len(unsaid), first=unsaid[0])] if unsaid else ()),
            ),
        ),
        lambda row: picture_bytes(home, paths[row]),
        label=label,
        groups=groups,
        split="split" if split is None and "{split}" in pattern else split,
        identity=identity,
        weight=weight,
        max_weight=max_weight,
        shares={"validation": validation, "test": test},
        seed=seed,
    )
