"""Which columns of a user's data probably say the groups that people belong to."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from faircompress.data.age_strings import as_years
from faircompress.data.attributes import tells_who
from faircompress.data.ingest import TAKEN

MANY = 12  # values of a group column that is guessed; a column of more is no group as it stands
GUESSED = "guessed: delete what is no group"
NO_GROUPS = "guessed: nothing tells groups, so each class is one"


def likely_groups(cells: pd.DataFrame) -> tuple[list[str], str]:
    """Return the columns of groups and why: those named as such, else all of few values.

    Args:
        cells: Columns that say nothing else, a row for each picture.
    """
    free = [str(name) for name in cells if is_group(cells[name])]
    named = [name for name in free if tells_who(name)]
    others = ", ".join(name for name in free if name not in named)
    if not named or not others:
        return free, GUESSED
    return named, f"guessed by name; it could also be: {others}"


def unusable(cells: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each column that says who somebody is, but is no group as it stands.

    Args:
        cells: Columns that say nothing else, a row for each picture.
    """
    left = [str(n) for n in cells if tells_who(str(n)) and not is_group(cells[n])]
    counts = {name: cells[name].dropna().map(str) for name in left}
    return tuple(
        f"Column {name!r} tells who somebody is, but has {words.nunique():,} values, such as "
        f"{words.iloc[0]!r}, and is no group as it stands. Write numbers and give it bins, or join "
        f"them by names: groups: {{{name}: {{names: ...}}}}."
        for name, words in counts.items() if words.nunique() > 1
    )  # fmt: skip


def ages(cells: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each column of ages such as 058Y."""
    texts = {str(n): cells[n].dropna() for n in cells if cells[n].map(type).isin((str,)).any()}
    return tuple(
        f"Column {name!r} has ages such as {words.iloc[0]!r}, which bins take as years."
        for name, words in texts.items() if as_years(words) is not words
    )  # fmt: skip


def called(name: str, how: Mapping[str, Any]) -> tuple[str, Any]:
    """Return a group under a name that is free."""
    return (f"my_{name}", {"column": name, **how}) if name in TAKEN else (name, how)


def grouped(cells: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Return the section ``groups`` for columns."""
    keys = {name: {} if name == "label" else group_keys(cells[name]) for name in names}
    return dict(called(name, how) for name, how in keys.items())


def is_group(cells: pd.Series) -> bool:
    """Tell whether a column can be one of groups."""
    values = numbers(cells).dropna()
    if len(values) < 2 or not hashable(values):
        return False
    if isinstance(values.iloc[0], bytes):
        return False
    if pd.api.types.is_numeric_dtype(values):
        return 2 <= values.nunique() < 0.9 * len(values)  # else it numbers the rows
    return 2 <= values.nunique() <= MANY


def hashable(cells: pd.Series) -> bool:
    """Tell whether values can be told apart; lists and structs cannot."""
    return bool(cells.map(lambda value: isinstance(value, Hashable)).all())


def group_keys(cells: pd.Series) -> Any:
    """Return a column's keys: as it is, or cut into three ranges of about as many rows."""
    values = numbers(cells).dropna()
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= MANY:
        return {}
    low, high = (float(f"{values.quantile(share):.3g}") for share in (1 / 3, 2 / 3))
    if not values.min() < low < high < values.max():
        return {}
    return {"bins": {"low": [None, low], "middle": [low, high], "high": [high, None]}}


def numbers(words: pd.Series) -> pd.Series:
    """Return a column of text as numbers if all that is not empty is one, or an age like 058Y."""
    if not words.map(lambda word: isinstance(word, str)).all():
        return words  # of Parquet, which has types
    known = words.where(words.str.strip() != "")
    found = pd.to_numeric(as_years(known), errors="coerce")
    return found if known.notna().any() and (found.isna() == known.isna()).all() else known
