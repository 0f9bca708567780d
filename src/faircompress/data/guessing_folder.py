"""What the folders of a user's pictures probably mean: guesses with reasons, for params.yaml."""

import re
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd

from faircompress.data import whose
from faircompress.data.attributes import words_of
from faircompress.data.csv_text import is_text_table, meant, read_csv
from faircompress.data.finding_pictures import MASKED, masks_beside, of_masks
from faircompress.data.folder_hints import Hints, annotated
from faircompress.data.folder_shapes import KEY, refuse_copies, refuse_two_meanings
from faircompress.data.guessing import LABELS, Guess, heaviest
from faircompress.data.guessing_groups import NO_GROUPS, grouped, likely_groups, unusable
from faircompress.data.guessing_splits import are_splits, split_names
from faircompress.data.guessing_tables import in_split_folders
from faircompress.data.paths import expression, fields
from faircompress.data.picture_files import PICTURES
from faircompress.data.split_words import SPELLINGS, guessed_split
from faircompress.data.trees import files_under, refuse_none
from faircompress.data.whose import SOMEBODY
from faircompress.support.errors import InputError

STRAYS = 0.05  # of the pictures may lie elsewhere than the others
NAMED = 5  # of these are named
NO_TEST = "No folder is the test split: say which is, as faircompress params will ask."
EYES = re.compile(r"o[dsu]|oculus[\W_]*\w+|(?:left|right|both)[\W_]*eyes?", re.IGNORECASE)


def guess_folder(
    home: Path,
    *,
    pattern: str | None = None,
    label: str | None = None,
    groups: Sequence[str] = (),
) -> Guess:
    """Guess how paths say what pictures show.

    Args:
        home: Folder of the pictures.
        pattern: Of their paths, if the user said so; see ``paths.py``.
        label: Likewise, a word of the pattern or a column of a table beside the pictures.
        groups: Likewise.

    Raises:
        ValueError: If there is no picture, or the paths can mean several things.
    """
    found = files_under(home)
    refuse_none(found, f"{KEY}: {home}")
    paths = [path for path in found if path.lower().endswith(PICTURES)]
    tables = [path for path in found if "/" not in path and is_text_table(Path(path))]
    hints = Hints(home, tables or ["."] * bool(in_split_folders(home)), annotated(found, paths))
    options: dict[str, Any] = {}
    reasons = {}
    paths = sorted({*paths} - {*(masks := masks_beside(paths))})
    if pattern is None:
        pattern, strays, reasons["pattern"] = _pattern(paths, hints)
        if strays:
            options["skip"], reasons["skip"] = strays, "guessed: they lie beside the others"
    else:
        form = expression(pattern)
        strays = [path for path in paths if not form.fullmatch(path)]
        if 0 < len(strays) <= min(NAMED, STRAYS * len(paths)):
            options["skip"], reasons["skip"] = strays, "guessed: the pattern does not take them"
        else:
            strays = []
    paths = [path for path in paths if path not in strays]
    if masks:
        options["skip"] = [*strays, *_forms_of(masks, paths)]
        reasons["skip"] = "guessed: masks of the others"
    options = {"pattern": pattern, **options}
    try:
        cells = fields(paths, pattern, key="data.folder", cure="")
    except InputError:  # told by params, which knows what is to be skipped
        return Guess({**options, "groups": {name: {} for name in groups}}, reasons)
    _refuse_one_class(cells, hints)
    beside = _sidecar(home, tables, cells)
    if beside and (whose.person(beside[2]) or not set(groups) <= {*cells.columns, "label"}
                   or not groups):  # fmt: skip
        sidecar, image, more = beside
        options |= {"sidecar": sidecar, "image": image}
        reasons["sidecar"] = "guessed: it has a row for each picture"
        cells = pd.concat([cells, more], axis=1)
    named = _label(cells, label, pattern, home)
    labels = cells[named]
    if "pattern" in reasons and named == "label":
        _refuse_no_classes(sorted(labels.unique()), hints)
    if named != "label":
        options["label"], reasons["label"] = named, "as you named it" if label else "guessed"
        cells = cells.drop(columns=named)
    options["groups"], reasons["groups"] = {}, ""  # stands before identity in params.yaml
    person = whose.person(cells.drop(columns=["label", "split", *groups], errors="ignore"))
    if person:
        options["identity"], reasons["identity"] = person, "guessed: whose picture it is"
        options["max_weight"], reasons["max_weight"] = heaviest(cells[person], labels)
        cells = cells.drop(columns=person)
    options["groups"], reasons["groups"] = _groups(cells, groups, pattern, home)
    used = {"label", "split", *(how.get("column", n) for n, how in options["groups"].items())}
    others = cells.drop(columns=[*used], errors="ignore")
    notes = () if groups else unusable(others)
    notes = notes if person else (*notes, *whose.told(cells, used, "data.folder"))
    if "split" in cells and (names := split_names(cells["split"])):
        options["split"] = {"column": "split", "names": names}
        reasons["split"] = "guessed: say which is which"
    elif "split" in cells and "test" not in map(guessed_split, cells["split"]):
        notes = (*notes, NO_TEST)
    return Guess(options, reasons, notes)


def _pattern(paths: Sequence[str], hints: Hints) -> tuple[str, list[str], str]:
    """Return a pattern, what it leaves out, and why it was chosen."""
    folders = [path.split("/")[:-1] for path in paths]
    usual, count = Counter(map(len, folders)).most_common(1)[0]
    few = len(paths) - count <= min(NAMED, STRAYS * len(paths))
    strays = [p for p, of in zip(paths, folders, strict=True) if few and len(of) != usual]
    folders = [of for of in folders if not few or len(of) == usual]
    before: list[str] = []
    while min(map(len, folders)) > 1 and len({of[0] for of in folders}) == 1:
        before, folders = [*before, folders[0][0]], [of[1:] for of in folders]
    deep = min(map(len, folders))
    levels = [{of[level] for of in folders} for level in range(deep)]
    split = next((level for level in (0, 1) if level < deep and are_splits(levels[level])), None)
    if split == 0 and deep == 1 and not {name.lower() for name in levels[0]} <= {*SPELLINGS}:
        split = None  # told of folders that are no classes
    if deep == 0 or (split == 0 and deep == 1):
        raise _no_label("{split}/" * (split == 0), paths, folders, hints)
    refuse_copies(folders, 0 if split is None else 1, hints.home)
    words = ["{label}"] if split is None else ["{split}", "{label}"]
    words = words[::-1] if split == 1 else words
    refuse_two_meanings(folders, len(words), before + words)
    rest = "*" if {len(of) for of in folders} == {len(words)} else "**"
    alone = f"; all lie in {'/'.join(before)}" if before else ""
    why = "each folder is a class" if split is None else "folders are splits and classes"
    return "/".join([*before, *words, rest]), strays, f"guessed: {why}{alone}"


def _forms_of(masks: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return patterns that take all masks and no other picture, else the masks themselves."""
    stems = {path: Path(path).with_suffix("").as_posix() for path in masks}
    ends = sorted(
        {f"*{stem.removeprefix(MASKED.sub('', stem))}{Path(p).suffix}" for p, stem in stems.items()}
    )
    taken = any(fnmatch(path, end) for path in others for end in ends)
    return list(masks) if taken or set("*?[") & set("".join(end[1:] for end in ends)) else ends


def _no_label(
    begin: str, paths: Sequence[str], folders: Sequence[Sequence[str]], hints: Hints
) -> InputError:
    bare = sorted({of[0] for of in folders if len(of) == 1})
    labelled = sorted({of[0] for of in folders if len(of) > 1} - {*bare})
    if begin and labelled:
        return InputError(
            f"{KEY}: {', '.join(labelled)} in {hints.home} have folders for labels; without are "
            f"{', '.join(bare)}. Pictures without a label train nothing and prove nothing: move "
            "them away, or give all labels in a table: --table FILE."
        )
    where = f"{KEY}: no folder of {hints.home} says the label"
    if hints.annotations:
        return InputError(f"{where}.{hints.annotations}")
    if hints.tables:
        return InputError(
            f"{where}. If a table there does:{hints.table}; if names such as {paths[0]} do: "
            f"--pattern '{begin}{{label}}_*'."
        )
    return InputError(
        f"{where} of a picture such as {paths[0]}. If its name "
        f"does, say how: --pattern '{begin}{{label}}_*'; if a table does: --table FILE."
    )


def _refuse_one_class(cells: pd.DataFrame, hints: Hints) -> None:
    if "label" in cells and cells["label"].nunique() == 1:
        table = f" If a table says the label:{hints.table}." if hints.tables else ""
        raise InputError(
            f"{KEY}: all pictures of {hints.home} have the label {cells['label'].iloc[0]!r}; "
            "needed: two or more. Name the folder above it, or say by --pattern where in the path "
            f"it stands.{table}{hints.annotations}"
        )


def _refuse_no_classes(names: Sequence[str], hints: Hints) -> None:
    """Raise if folders that would be the classes are splits, parts, people or masks."""
    of_splits = sum(bool({*SPELLINGS} & words_of(name)) for name in names)
    masks = any(map(of_masks, names))
    eyes = all(EYES.fullmatch(name) for name in names)
    parts = all(re.fullmatch(r"(?:images?|part|imgs?|data|batch|fold)[\W_]*\d+", n, re.IGNORECASE)
                for n in names)  # fmt: skip
    people = all(SOMEBODY.match(name) for name in names)
    what = (
        "splits" if of_splits > len(names) / 2 else "masks and pictures" if masks
        else "eyes, right and left" if eyes
        else "parts of one set" if parts else "people" if people else ""
    )  # fmt: skip
    if what:
        table = f"; or, if a table says the label:{hints.table}" if hints.tables else ""
        table += "; or, if they are the classes: --pattern '{label}/**'" if eyes else ""
        raise InputError(
            f"{KEY}: the folders {', '.join(names[:4])} of {hints.home} look like {what}, not "
            "classes. Say where in the paths the label is: --pattern "
            f"'{{part}}/{{label}}/*'{table}.{hints.annotations}"
        )


def _sidecar(
    home: Path, tables: Sequence[str], cells: pd.DataFrame
) -> tuple[str, str, pd.DataFrame] | None:
    """Return a table with a row for each picture, its column of pictures, and its other cells."""
    names = pd.Index([path.rpartition("/")[2] for path in cells.index])
    for table in tables:
        try:
            rows = read_csv(home / table, key=KEY)
        except InputError:
            continue
        for image in rows.columns:
            keys = pd.Index(rows[image])
            by = cells.index if keys.astype(str).str.contains("/").any() else names
            if keys.is_unique and by.is_unique and by.isin(keys).all():
                more = rows.set_index(image).loc[by].set_axis(cells.index)
                if not set(more.columns) & set(cells.columns):
                    return table, str(image), more
    return None


def _label(cells: pd.DataFrame, label: str | None, pattern: str, home: Path) -> str:
    """Return the column of the label.

    Raises:
        ValueError: If it is not there, or nothing tells which it is.
    """
    there = [str(name) for name in cells if name != "split"]
    if label is not None and label not in there:
        raise InputError(
            f"--label: neither the pattern {pattern!r} nor a table in {home} has {label!r}."
            f"{meant(label, there)}"
        )
    found = label or next((name for name in LABELS if name in there), None)
    if found is None:
        raise InputError(
            f"{KEY}: which is the label? The pattern {pattern!r} has {', '.join(there) or 'none'}. "
            "Give --label, or write {label} into the pattern."
        )
    return found


def _groups(
    cells: pd.DataFrame, groups: Sequence[str], pattern: str, home: Path
) -> tuple[dict[str, Any], str]:
    """Return the groups, and why."""
    absent = [name for name in groups if name not in cells and name != "label"]
    if absent:
        known = ", ".join(map(repr, cells.columns)) or "none"
        raise InputError(
            f"{KEY}: neither --pattern {pattern!r} nor a table in {home} has {absent[0]!r}; there "
            f"are {known}. Write it into the pattern, or lay a table with a column of names of "
            f"pictures, and {absent[0]!r}, beside them."
        )
    free, why = likely_groups(cells.drop(columns=["label", "split"], errors="ignore"))
    if groups or free:
        return grouped(cells, groups or free), "as you named them" if groups else why
    return {"label": {}}, f"{NO_GROUPS}; add some by --pattern or a table"
