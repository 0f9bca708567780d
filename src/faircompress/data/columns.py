"""A user's table of pictures as a data set: columns chosen; values named, binned or dropped.

A column is told by its name, or by keys (``bounds.Naming``), each of which may be left out:
``column``, its name in the table; ``drop``, values whose rows are left out, "" being an empty
field; and either ``names``, what to call each value, or ``bins``, what to call each range of
numbers ``[from, below)``, where null has no end.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faircompress.config.bounds import Column, Groups, whole
from faircompress.data import whose
from faircompress.data.binning import UNDER_NAMES, binned, numbers_of, refuse_values
from faircompress.data.csv_text import meant
from faircompress.data.declared_weights import Declared, declared
from faircompress.data.pictures import Pixels
from faircompress.data.sources import RawData
from faircompress.data.splitting import Read, Words, splits
from faircompress.data.unknown_codes import sentence, unknown_codes
from faircompress.data.words import proposed_bins, several
from faircompress.support.errors import InputError

T = TypeVar("T")
OWN = ("id", "split", "identity", "weight")  # columns that rows have anyway


@dataclass(frozen=True)
class Table:
    """What a source says of each picture.

    Args:
        cells: Text or None, one row a picture; the index holds ids.
        key: What to call its options in an error, such as ``data.table``.
        where: What to call the table itself.
        notes: What is worth telling about how it was read.
    """

    cells: pd.DataFrame
    key: str
    where: str
    notes: tuple[str, ...] = ()

    def column(self, place: str, name: str) -> Words:
        """Return a column, empty fields as None, and 1.0 as 1.

        Raises:
            ValueError: If there is none of this name.
        """
        if name not in self.cells.columns:
            close = meant(name, list(self.cells.columns))
            raise InputError(f"{self.key}.{place}: {self.where} has no column {name!r}.{close}")
        words = self.cells[name].astype(object)
        codes, values = pd.factorize(words.where(words.notna(), ""))  # many rows, few values
        spelt = [whole(str(value).strip()) or None for value in values]
        return pd.Series(np.array(spelt, dtype=object)[codes], words.index, name=name)


def data_set(
    table: Table,
    read: Read,
    *,
    label: Column,
    groups: Groups,
    split: Column | None,
    identity: str | None,
    weight: str | None,
    max_weight: Declared | None,
    shares: dict[str, float],
    seed: int,
) -> RawData:
    """Return a table as a data set.

    Args:
        table: Of pictures.
        read: Picture of row number i of the table.
        label: Column of the label. Classes stand in the order of ``names`` or ``bins``, else
            sorted.
        groups: Group columns. ``label`` among them makes each class a group.
        split: Column of the split, or None; see ``splits``.
        identity: Column that says whose picture it is; None: each is of its own.
        weight: Column of what a row counts in pooled rates; None: 1.
        max_weight: The most that one person weighs in the population, or condition -> the most of
            a subgroup; None: not known.
        shares: Of validation and test, to be drawn where the table has no splits.
        seed: Of that draw.

    Raises:
        ValueError: If a column is missing, or a value has no place in it.
    """
    hows = _chosen(table.key, label, groups, split)
    extra = {"identity": identity, "weight": weight}
    wanted = {place: how["column"] for place, how in hows.items()}
    wanted |= {place: name for place, name in extra.items() if name}
    columns = _all({place: partial(table.column, place, name) for place, name in wanted.items()})
    kept, left_out = _kept({place: columns[place] for place in hows}, hows)
    taken = _all(
        {
            place: partial(named, columns[place][kept], how, where=f"{table.key}.{place}")
            for place, how in hows.items()
        }
    )
    labels, classes = taken.pop("label")
    if not hows["label"].get("names"):
        _refuse_several(columns["label"][kept], f"{table.key}.label")
    if len(classes) < 2:
        raise InputError(
            f"{table.key}.label: all {len(labels):,} rows are {classes[0]!r}; needed: two classes "
            "or more"
            if classes
            else f"{table.key}.label: no row has a label"
        )
    rows = pd.DataFrame({"label": labels.map({word: k for k, word in enumerate(classes)})})
    rows["identity"] = columns["identity"][kept] if identity else None
    rows["weight"] = numbers_of(columns["weight"][kept], f"{table.key}.weight") if weight else 1.0
    given = taken.pop("split")[0] if split else None
    for place, (words, _) in taken.items():
        rows[place.removeprefix("groups.")] = words
    at = np.flatnonzero(kept)

    def read_kept(row: int) -> bytes | Pixels:
        return read(int(at[row]))

    rows["split"], drawn = splits(
        rows["identity"],
        given,
        read_kept,
        key=table.key,
        seed=seed,
        **shares,
        names=hows["split"].get("names") if split else None,
    )
    shared = ("validation", "test") if given is None else ("validation",)
    by = {name: f"{table.key}.{name}" for name in shared if drawn}
    rows = rows.rename_axis("id").reset_index()
    used = {*wanted.values(), "label", "split"}
    nobody = () if identity else whose.told(table.cells[kept], used, table.key)
    known = {name: sorted(set(rows[name].dropna().map(str))) for name in groups}
    known["label"] = list(classes)
    notes = (*table.notes, *left_out, *nobody, *_codes(known, hows, table.key))
    caps = declared(max_weight, known, key=f"{table.key}.max_weight")
    return RawData(
        rows, classes, tuple(groups), read_kept, drawn=drawn, drawn_by=by, notes=notes,
        max_weight=caps, columns=table.cells[kept],
    )  # fmt: skip


def named(words: Words, how: Mapping[str, Any], *, where: str) -> tuple[Words, tuple[str, ...]]:
    """Return a column with its values named or binned, and all names in order.

    Raises:
        ValueError: If a value has no name, or a name no value.
    """
    names, bins = how.get("names"), how.get("bins")
    if names and bins:
        raise InputError(f"{where} has both names and bins; a value can have one name only")
    if bins:
        return binned(words, bins, where), tuple(bins)
    if names:
        refuse_values(words[~words.isin([*names, None])], where, "have no name", UNDER_NAMES)
        found, order = words.map(names).astype(object), tuple(dict.fromkeys(names.values()))
        _refuse_idle(words, order, found, where)
        return found.where(words.notna(), None), order
    values = sorted(set(words.dropna()), key=_naturally)
    proposed = proposed_bins(words) if where.rpartition(".")[0].endswith("groups") else ""
    if len(values) > max(len(words) // 2, 2) or proposed:
        cure = f"give it bins, such as {proposed}" if proposed else "give it bins"
        raise InputError(
            f"{where}: column {words.name!r} has {len(values):,} values in {len(words):,} rows, "
            f"such as {values[0]!r} and {values[1]!r}. Name the right column, or {cure}"
            + (", or names if its numbers are codes." if proposed else ".")
        )
    return words, tuple(values)


def _codes(
    known: Mapping[str, Sequence[str]], hows: Mapping[str, Mapping[str, Any]], key: str
) -> list[str]:
    """Say which values that nobody named may be codes for unknown."""
    found = []
    for name, values in known.items():
        place = name if name == "label" else f"groups.{name}"
        codes = [] if {"names", "bins"} & set(hows[place]) else unknown_codes(values)
        cure = f"If so, leave them out ({key}.{place}.drop: [{', '.join(codes)}]) or name them."
        found += [sentence(name, codes, cure)] if codes else []
    return found


def _refuse_several(words: Words, where: str) -> None:
    """Raise if labels look like several classes at once, which each would be a class of its own."""
    found = several(words.dropna().unique())
    if found:
        rows = int(words.isin(found).sum())
        raise InputError(
            f"{where}: {rows:,} of {len(words):,} rows of column {words.name!r} seem to name "
            f"several classes, such as {found[0]!r}. A network here tells one class a picture. "
            "Write a column for the class in question, 1 where it is named and 0 where not; or, if "
            "each combination is meant as a class, give each its name by names."
        )


def _all(asked: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Return every answer, or raise all that is wrong at once, one line each."""
    found, faults = {}, []
    for place, ask in asked.items():
        try:
            found[place] = ask()
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    return found


def refuse_taken(groups: Sequence[str], taken: Sequence[str]) -> None:
    """Refuse a group whose name has a meaning of its own here.

    Raises:
        ValueError: Naming the group, and how to call it.
    """
    for name in groups:
        if name in taken:
            raise InputError(
                f"a group cannot be called {name!r}, which has a meaning here (as have "
                f"{', '.join(taken)}). Call it otherwise, such as: "
                f"groups: {{my_{name}: {{column: {name}}}}}"
            )


def _chosen(
    key: str, label: Column, groups: Groups, split: Column | None
) -> dict[str, dict[str, Any]]:
    """Return what is asked of each column, by its place in params."""
    if not groups:
        raise InputError(f"{key}.groups is empty; name the columns to be fair to")
    by_name = groups if isinstance(groups, dict) else {name: name for name in groups}
    refuse_taken([name for name in by_name if name != "label"], OWN)
    asked = {f"groups.{name}": (how, name) for name, how in by_name.items() if name != "label"}
    asked |= {"label": (label, "label")} | ({"split": (split, "split")} if split else {})
    return {
        place: {"column": how} if isinstance(how, str) else {"column": name, **_wholly(how)}
        for place, (how, name) in asked.items()
    }


def _wholly(how: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of a column with its values spelt as ``Table.column`` spells them."""
    names = {whole(value): name for value, name in how.get("names", {}).items()}
    drop = [whole(value) for value in how.get("drop", [])]
    return {**how, **({"names": names} if names else {}), **({"drop": drop} if drop else {})}


def _kept(
    columns: dict[str, Words], hows: dict[str, dict[str, Any]]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Tell which rows stay, and in words which do not."""
    kept, notes = np.ones(len(columns["label"]), bool), []
    for place, words in columns.items():
        for value in hows[place].get("drop", []):
            gone = words.fillna("").eq(value).to_numpy(bool)
            kept &= ~gone
            notes.append(f"Rows left out for {words.name} {value!r}: {gone.sum():,}.")
    return kept, notes


def _refuse_idle(words: Words, names: Iterable[str], found: Words, where: str) -> None:
    """Raise if no row has one of the names, so that no group or class vanishes unseen."""
    idle = [name for name in names if name not in set(found)]
    if idle:
        values = ", ".join(map(repr, sorted(set(words.dropna()), key=_naturally)[:5]))
        raise InputError(
            f"{where}: no row of column {words.name!r} is called {' or '.join(map(repr, idle))}; "
            f"its values are {values or 'empty'}. Add such rows, or take it out of names."
        )


def _naturally(value: str) -> tuple[bool, float, str]:
    """Order numbers by size, before words by letters."""
    number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
    return (not number, float(value) if number else 0.0, value)
