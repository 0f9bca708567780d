"""What the columns of a user's table probably are: guesses with reasons, for params.yaml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faircompress.config.bounds import whole
from faircompress.data import whose
from faircompress.data.columns import OWN
from faircompress.data.csv_text import no_column
from faircompress.data.finding_pictures import path_of_column
from faircompress.data.picture_files import PICTURES, SUFFIXES
from faircompress.data.sidecars import found_beside
from faircompress.data.sources import SPLITS as NAMES
from faircompress.data.splitting import SPELLINGS, SPELT
from faircompress.data.table_head import SAMPLE, head_of
from faircompress.support.errors import InputError

LABELS = ("label", "y", "target", "class", "diagnosis", "outcome")
SPLITS = ("split", "part", "partition", "subset", "set", "fold")
SURELY, FEW = ("split", "partition", "subset"), 5  # such a column of so few words is the split
MANY = 12  # values of a group column that is guessed; a column of more is no group as it stands
ORDER = (
    "file", "image", "sidecar", "label", "groups", "split", "identity", "weight", "max_weight",
)  # fmt: skip
FOUND = "guessed: so the pictures are found"
NO_GROUPS = "guessed: nothing tells groups, so each class is one"


@dataclass(frozen=True)
class Guess:
    """Keys of ``data.table``, why each has its value, and what else is worth telling."""

    options: Mapping[str, Any]
    reasons: Mapping[str, str]
    notes: tuple[str, ...] = ()


def guess_columns(
    file: Path,
    *,
    label: str | None = None,
    groups: Sequence[str] = (),
    image: str | None = None,
    cells: pd.DataFrame | None = None,
    named: str = "",
) -> Guess:
    """Guess what a table's columns are.

    Args:
        file: CSV or Parquet.
        label: The label's column, if the user said so.
        groups: Likewise.
        image: Likewise.
        cells: First rows, of all parts; None: those of the file.
        named: How the parts are named; empty: it is this file.

    Raises:
        ValueError: If a column that was named is absent, or one that is needed cannot be guessed.
    """
    cells = head_of(file) if cells is None else cells
    table = cells.apply(_numbers)
    names = list(table.columns)
    if table.empty:
        raise InputError(f"{file} has no row; needed is a row for each picture.")
    for column in (label, None if "{" in (image or "") else image, *groups):
        if column is not None and column not in names:
            raise InputError(
                f"{file} has no column {column!r}.{no_column(column, [str(one) for one in names])}"
            )
    image, whence = (image, "as you named it") if image else _image(cells, file)
    label = label or _label(table, file)
    by_class, groups = label in groups, [name for name in groups if name != label]
    values = table[label].dropna().unique()
    if len(values) < 2:
        raise InputError(
            f"column {label!r} of {file} has one value, {str(values[0]) if len(values) else ''!r}; "
            "a label needs two or more. Give --label."
        )
    options: dict[str, Any] = {"file": named or file.name, "image": image, "label": label}
    reasons = {"image": whence, "label": "two or more classes"}
    if "{" in named:
        reasons["file"] = "parts; their names say more"
    table, beside = _with_more(table, found_beside(file, cells, image))
    if beside:
        options["sidecar"] = beside[0] if len(beside) == 1 else beside
        reasons["sidecar"] = "guessed: it says the split or the person of each picture"
    taken = {*re.findall(r"\{([^}]*)\}", image), image, label, *groups}
    split = _split(table, taken)
    for key, found, why in (
        ("split", split, "train, validation, test"),
        ("identity", whose.named(list(table.columns)), "whose picture it is"),
        ("weight", _named(list(table.columns), ("weight",)), "what a row counts in pooled rates"),
    ):
        if found is not None and found not in taken:
            options[key], reasons[key] = found, why
            taken.add(found)
    if split is not None and (words := split_names(table[split])):
        options["split"] = {"column": split, "names": words}
        reasons["split"] = "guessed: say which is which"
    if "identity" in options:
        options["max_weight"], reasons["max_weight"] = heaviest(
            table[options["identity"]], table[label]
        )
    free = [name for name in names if name not in taken and is_group(table[name])]
    wanted = groups if groups or by_class else free
    options["groups"] = {"label": {}} if by_class else {}  # each class against the rest
    options["groups"] |= dict(called(name, group_keys(table[name])) for name in wanted)
    chosen = bool(groups) or by_class
    reasons["groups"] = "as you named them" if chosen else "guessed: delete what is no group"
    if not options["groups"]:
        options["groups"], reasons["groups"] = {"label": {}}, NO_GROUPS
    notes = () if "identity" in options else whose.told(
        table, {*taken, *wanted}, "data.table"
    )  # fmt: skip
    return Guess({key: options[key] for key in ORDER if key in options}, reasons, notes)


def heaviest(people: pd.Series, labels: pd.Series) -> tuple[int, str]:
    """Return ``max_weight`` as the people of a table have it, and why."""
    rows = pd.DataFrame({"person": people.astype(str), "label": labels.astype(str)})
    counts = rows[people.notna()].groupby(["person", "label"]).size().groupby("person")
    most = counts.max() * np.where(counts.size() > 1, 2, 1)  # of both classes: rows count twice
    return int(most.max()), (
        "guessed from the table: the most that one person may count in a class, in the "
        "population; say what holds, or null with data.counts: people"
    )


def _with_more(
    table: pd.DataFrame, beside: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with split, person and weight from tables beside it, and whose they are."""
    used = []
    for name, more in beside.items():
        roles = [
            (_split(table, set()), _split(more, set())),
            (whose.named(list(table.columns)), whose.named(list(more.columns))),
            (_named(table.columns, ("weight",)), _named(more.columns, ("weight",))),
        ]
        wanted = [new for own, new in roles if own is None and new is not None]
        if wanted and not set(more.columns) & set(table.columns):
            table = table.join(more[wanted].apply(_numbers))
            used.append(name)
    return table, used


def _numbers(words: pd.Series) -> pd.Series:
    """Return a column of text as numbers if all that is not empty is one."""
    if not words.map(lambda word: isinstance(word, str)).all():
        return words  # of Parquet, which has types
    known = words.where(words.str.strip() != "")
    numbers = pd.to_numeric(known, errors="coerce")
    return numbers if known.notna().any() and (numbers.isna() == known.isna()).all() else known


def _image(table: pd.DataFrame, file: Path) -> tuple[str, str]:
    """Return the column of the pictures, or how to make their paths of one, and why."""
    paths = "column of the pictures' paths"
    held = (n for n, c in table.items() if isinstance(next(iter(c.dropna()), ""), bytes | dict))
    for name in held:
        return str(name), "column of the pictures themselves"
    columns = {str(name): table[name].dropna().astype(str) for name in table.columns}
    some = {name: _spread(cells) for name, cells in columns.items()}
    ended = [name for name, cells in columns.items()
             if len(cells) and cells.str.lower().str.endswith(PICTURES).mean() > 0.5]  # fmt: skip
    remote = [name for name in ended if columns[name].str.contains("://").mean() > 0.5]
    for name in [name for name in ended if name not in remote][:1]:
        made_of = path_of_column(file.parent, name, some[name]) or name
        return made_of, paths if made_of == name else FOUND
    for name, cells in columns.items():
        distinct = cells.nunique() > 0.5 * len(cells)
        if distinct and (found := path_of_column(file.parent, name, some[name])):
            return found, FOUND
    if remote:
        raise InputError(
            f"column {remote[0]!r} of {file} holds addresses of pictures, and nothing is fetched "
            f"from them. Download the pictures into {file.parent}; if they are called as another "
            "column says, init finds them."
        )
    if len(table.columns) == 1 and re.search(r"\w[^\w\s]\w", str(table.columns[0])):
        raise InputError(
            f"{file} has one column, {str(table.columns[0])!r}: what parts the fields is not "
            "recognised. Save it with commas, or name what parts them in its first line, such as "
            "sep=^."
        )
    raise InputError(
        f"no column of {file} holds paths of pictures ({', '.join(SUFFIXES)}); it has "
        f"{', '.join(map(repr, table.columns))}. Give --image, the column that names them."
    )


def _spread(cells: pd.Series) -> list[str]:
    """Return some cells from all over a column, which may be sorted by folder."""
    return cells.iloc[:: max(len(cells) // SAMPLE, 1)].head(2 * SAMPLE).tolist()


def _label(table: pd.DataFrame, file: Path) -> str:
    names = [str(name) for name in table.columns]
    found = _named(names, LABELS)
    if found is None:
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


def _split(table: pd.DataFrame, taken: set[str]) -> str | None:
    for name in table.columns:
        if name in taken or str(name).lower() not in SPLITS:
            continue
        words = _words(table[name])
        certain = bool(words) and all(word.lower() in SPELLINGS for word in words)
        if certain or (str(name).lower() in SURELY and 0 < len(words) <= FEW):
            return str(name)
    return None


def _words(cells: pd.Series) -> list[str]:
    return sorted(cells.dropna().map(str).str.strip().map(whole).unique())


def split_names(cells: pd.Series) -> dict[str, str]:
    """Return what each word of a split column means, where one of them needs to be told."""
    words = _words(cells)
    known = {word: SPELLINGS[word.lower()] for word in words if word.lower() in SPELLINGS}
    all_told = all(word.lower() in {*SPELT, *NAMES} for word in words)
    if all_told or {*known.values()} == {"train", "validation"}:  # params asks which is the test
        return {}
    return known


def called(name: str, how: Mapping[str, Any]) -> tuple[str, Any]:
    """Return a group under a name that is free."""
    return (f"my_{name}", {"column": name, **how}) if name in OWN else (name, how)


def is_group(cells: pd.Series) -> bool:
    """Tell whether a column can be one of groups."""
    values = _numbers(cells).dropna()
    if len(values) < 2 or isinstance(values.iloc[0], bytes | dict):
        return False
    if pd.api.types.is_numeric_dtype(values):
        return 2 <= values.nunique() < 0.9 * len(values)  # else it numbers the rows
    return 2 <= values.nunique() <= MANY


def group_keys(cells: pd.Series) -> Any:
    """Return a column's keys: as it is, or cut into three ranges of about as many rows."""
    values = _numbers(cells).dropna()
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= MANY:
        return {}
    low, high = (float(f"{values.quantile(share):.3g}") for share in (1 / 3, 2 / 3))
    if not values.min() < low < high < values.max():
        return {}
    return {"bins": {"low": [None, low], "middle": [low, high], "high": [high, None]}}
