"""What the columns of a user's table probably are: guesses with reasons, for params.yaml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faircompress.data import whose
from faircompress.data.csv_text import no_column
from faircompress.data.guessing_groups import (
    NO_GROUPS,
    ages,
    grouped,
    hashable,
    likely_groups,
    numbers,
    unusable,
)
from faircompress.data.guessing_images import Pictures, pictures_of
from faircompress.data.guessing_splits import (
    refuse_several_flags,
    split_column,
    split_names,
    unread_splits,
    words_of,
)
from faircompress.data.one_row_a_picture import refuse_several_rows
from faircompress.data.paths import columns_of
from faircompress.data.sidecars import found_beside
from faircompress.data.split_words import SPELLINGS
from faircompress.data.table_head import head_of
from faircompress.support.errors import InputError

LABELS = ("label", "target", "class", "diagnosis", "outcome", "y")
WEIGHTS = ("sample_weight", "sampling_weight", "survey_weight", "row_weight")  # not of a body
ORDER = (
    "file", "image", "sidecar", "label", "groups", "split", "identity", "weight", "max_weight",
)  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """Keys of ``data.table`` or ``data.folder``, and why each has its value.

    Args:
        options: The keys.
        reasons: For their values.
        notes: What else is worth telling.
        home: Folder that a table's pictures and files are under; None: it is the table's.
    """

    options: Mapping[str, Any]
    reasons: Mapping[str, str]
    notes: tuple[str, ...] = ()
    home: Path | None = None


def guess_columns(
    file: Path,
    *,
    label: str | None = None,
    groups: Sequence[str] = (),
    image: str | None = None,
    cells: pd.DataFrame | None = None,
    named: str = "",
    home: Path | None = None,
) -> Guess:
    """Guess what a table's columns are.

    Args:
        file: CSV or Parquet.
        label: The label's column, if the user said so.
        groups: Likewise.
        image: Likewise.
        cells: First rows, of all parts; None: those of the file.
        named: How the parts are named; empty: it is this file.
        home: Folder that ``named`` is under; None: the file's.

    Raises:
        ValueError: If a column that was named is absent, or one that is needed cannot be guessed.
    """
    cells = head_of(file) if cells is None else cells
    table = cells.apply(numbers)
    names = list(table.columns)
    if table.empty:
        raise InputError(f"{file} has no row; needed is a row for each picture.")
    for column in (label, None if "{" in (image or "") else image, *groups):
        if column is not None and column not in names:
            raise InputError(
                f"{file} has no column {column!r}.{no_column(column, [str(one) for one in names])}"
            )
    home = home or file.parent
    found = Pictures(image, "as you named it", home) if image else pictures_of(cells, file, home)
    image = found.image
    above = "" if found.home == home else f"{home.resolve().name}/"
    label = label or _label(table, file)
    by_class, groups = label in groups, [name for name in groups if name != label]
    if not hashable(table[label]):
        raise InputError(
            f"column {label!r} of {file} holds lists or structs; needed is a column with one class "
            "a row. Write such a column, and give --label."
        )
    values = table[label].dropna().unique()
    if len(values) < 2:
        raise InputError(
            f"column {label!r} of {file} has one value, {str(values[0]) if len(values) else ''!r}; "
            "a label needs two or more. Give --label."
        )
    options: dict[str, Any] = {
        "file": above + (named or file.name), "image": image, "label": label
    }  # fmt: skip
    reasons = {"image": found.reason, "label": "two or more classes"}
    if "{" in named:
        reasons["file"] = "parts; their names say more"
    table, beside = _with_more(table, found_beside(file, cells, image))
    if beside:
        under = [above + name for name in beside]
        options["sidecar"] = under[0] if len(under) == 1 else under
        reasons["sidecar"] = "guessed: it says the split or the person of each picture"
    made_of = {*columns_of(image)} - {image, label, *groups}
    refuse_several_rows(cells, image, label, file)
    taken = {*made_of, image, label, *groups}
    refuse_several_flags(table, taken - made_of, file)
    split = split_column(table, taken - made_of)  # paths may hold splits and people's names
    for key, column, why in (
        ("split", split, "train, validation, test"),
        ("identity", whose.person(table), "whose picture it is"),
        ("weight", _named(list(table.columns), WEIGHTS), "what a row counts in pooled rates"),
    ):
        mine = taken if key == "weight" else taken - made_of
        if column is not None and column not in mine:
            options[key], reasons[key] = column, why
            taken.add(column)
    if split is not None and (words := split_names(table[split])):
        options["split"] = {"column": split, "names": words}
        reasons["split"] = "guessed: say which is which"
    elif split is not None:
        meant = {SPELLINGS.get(word.lower()) for word in words_of(table[split])}
        if not {"train", "test"} <= meant or None in meant:
            reasons["split"] = "guessed: say which is the test by names"
    if "identity" in options:
        options["max_weight"], reasons["max_weight"] = heaviest(
            table[options["identity"]], table[label]
        )
    others = table[[name for name in names if name not in taken]]
    free, why = likely_groups(others)
    wanted, chosen = (groups, True) if groups or by_class else (free, False)
    options["groups"] = {"label": {}} if by_class else {}  # each class against the rest
    options["groups"] |= grouped(table, wanted)
    reasons["groups"] = "as you named them" if chosen else why
    if not options["groups"]:
        options["groups"], reasons["groups"] = {"label": {}}, NO_GROUPS
    notes = () if chosen else unusable(others)
    notes = (*notes, *ages(cells))
    if split is None:
        notes = (*notes, *unread_splits(table, {*taken, *wanted}))
    if "identity" not in options:
        notes = (*notes, *whose.told(table, {*taken, *wanted}, "data.table"))
    if (body := _named(list(table.columns), ("weight",))) and body not in {*taken, *wanted}:
        notes = (
            *notes,
            f"If column {body!r} says what a row counts, say data.table.weight: {body}.",
        )
    return Guess({key: options[key] for key in ORDER if key in options}, reasons, notes, found.home)


def heaviest(people: pd.Series, labels: pd.Series) -> tuple[int, str]:
    """Return ``max_weight`` as the people of a table have it, and why."""
    rows = pd.DataFrame({"person": people.astype(str), "label": labels.astype(str)})
    counts = rows[people.notna()].groupby(["person", "label"]).size().groupby("person")
    side = counts.max() if labels.nunique() <= 2 else counts.sum()  # a class, or all others
    most = side * np.where(counts.size() > 1, 2, 1)  # of several classes: rows count twice
    return int(most.max()), (
        "guessed from the table: the most that one person may count in a class, or in all of "
        "several, in the population; say what holds, or null with data.counts: people"
    )


def _with_more(
    table: pd.DataFrame, beside: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with split, person and weight from tables beside it, and whose they are."""
    used = []
    for name, more in beside.items():
        roles = [
            (split_column(table, set()), split_column(more, set())),
            (whose.person(table), whose.person(more)),
            (_named(table.columns, WEIGHTS), _named(more.columns, WEIGHTS)),
        ]
        wanted = [new for own, new in roles if own is None and new is not None]
        if wanted and not set(more.columns) & set(table.columns):
            table = table.join(more[wanted].apply(numbers))
            used.append(name)
    return table, used


def _label(table: pd.DataFrame, file: Path) -> str:
    names = [str(name) for name in table.columns]
    found = _named(names, LABELS)
    if found is None or (found.lower() == "y" and {"x", "X"} & {*names}):  # a place in a picture
        flags = [name for name in names if table[name].isin((0, 1)).all()]
        if len(flags) > 1 and (table[flags].sum(axis=1) == 1).all():
            raise InputError(
                f"{file} says the class by a 1 in one of {', '.join(map(repr, flags[:8]))}; needed "
                "is one column with its name, as pandas makes it: "
                "table['label'] = table[COLUMNS].idxmax(axis=1)."
            )
        raise InputError(
            f"which column of {file} is the label? It has {', '.join(map(repr, names))}. Give "
            "--label."
        )
    return found


def _named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    low = {re.sub(r"[\s-]+", "_", str(name).strip().lower()): str(name) for name in reversed(names)}
    return next((low[word] for word in wanted if word in low), None)
