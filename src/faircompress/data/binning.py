"""Values of a column as numbers, and the bins they fall into."""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from faircompress.data.age_strings import as_years
from faircompress.data.decimal_commas import with_points
from faircompress.data.words import damaged, sentinel
from faircompress.support.errors import InputError

Words: TypeAlias = "pd.Series[Any]"  # str, or None for an empty field; the index holds ids
UNDER_NAMES = "Put them under names or drop."


def numbers_of(words: Words, where: str) -> Words:
    """Return a column as numbers, null where it is empty; what is damaged is not empty."""
    numbers = pd.to_numeric(with_points(words.fillna("")), errors="coerce")
    refuse_values(words[words.notna() & numbers.isna()], where, "are no numbers", "Mend them.")
    return numbers.astype(float)


def binned(words: Words, bins: dict[str, list[float | None]], where: str) -> Words:
    """Return the name of the bin of each number; ages such as 058Y are numbers of years."""
    words = as_years(words)
    numbers = pd.to_numeric(with_points(words.fillna("")), errors="coerce").astype(float)
    refuse_values(words[words.notna() & numbers.isna()], where, "are no numbers", UNDER_NAMES)
    _refuse_sentinel(numbers, bins, words, where)
    found = pd.Series([None] * len(words), words.index, dtype=object, name=words.name)
    for name, (start, end) in bins.items():
        low, below = -np.inf if start is None else start, np.inf if end is None else end
        inside = (numbers >= low) & (numbers < below)
        if (inside & found.notna()).any():
            raise InputError(f"{where}: bin {name!r} [{low:g}, {below:g}) overlaps another")
        if not inside.any():
            raise InputError(
                f"{where}: no row is in bin {name!r}, from {low:g} and below {below:g}; values "
                f"go from {numbers.min():g} to {numbers.max():g}"
            )
        found[inside] = name
    refuse_values(
        words[words.notna() & found.isna()], where, "are in no bin", "Put them under bins or drop."
    )
    return found


def _refuse_sentinel(
    numbers: Words, bins: dict[str, list[float | None]], words: Words, where: str
) -> None:
    """Raise if a number that stands for unknown would fall into a bin with an open end."""
    odd = sentinel(numbers)
    ends = [start if odd is not None and odd < 0 else end for start, end in bins.values()]
    if odd is not None and (None in ends or not np.isfinite(odd)):
        written = words[numbers == odd]
        raise InputError(
            f"{where}: {len(written):,} rows of column {words.name!r} are {written.iloc[0]}, which "
            "stands for unknown in many tables, and would fall into a bin. Leave them out by drop: "
            f"[{written.iloc[0]}], or close the bin's end if it is a number like the others."
        )


def refuse_values(words: Words, where: str, fault: str, cure: str) -> None:
    """Raise, naming values and rows, if there are any."""
    if len(words):
        values = ", ".join(repr(value) for value in words.unique()[:5])
        rows = ", ".join(str(row) for row in words.index[:5])
        broken = list(damaged(["", *words.unique()[:50]]).items())
        hint = f" {broken[0][0]!r} {broken[0][1]}." if broken else ""
        raise InputError(
            f"{where}: values of column {words.name!r} {fault} in {len(words):,} rows: {values} "
            f"(rows {rows}).{hint} {cure}"
        )
