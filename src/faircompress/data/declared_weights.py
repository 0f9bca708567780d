"""What its owner declares of the most that a cluster weighs: one number, or one by subgroup."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from faircompress.config.bounds import JOIN
from faircompress.data.caps import MaxWeight
from faircompress.data.csv_text import meant
from faircompress.support.errors import InputError

Declared = float | Mapping[str, float]


def declared(
    most: Declared | None,
    known: Mapping[str, Sequence[str] | None],
    *,
    key: str,
    label: str = "label",
) -> tuple[MaxWeight, ...]:
    """Return what was declared as caps; empty: nothing was.

    Args:
        most: One number for everybody, or condition -> number, such as ``{"sex=f & y=1": 3}``.
        known: Column -> values, as text; ``label``'s are the classes. None: not known yet; whom a
            mistaken value leaves undeclared is named later, by ``weighing.py``.
        key: How messages spell the option.
        label: What conditions call the label, beside ``label``.

    Raises:
        ValueError: If a number is not above 0, or a condition names what is not there.
    """
    if most is None:
        return ()
    if not isinstance(most, Mapping):
        return (MaxWeight(_number(most, key)),)
    if not most:
        raise InputError(f"{key} names no subgroup; give one number, or leave it out.")
    return tuple(
        MaxWeight(_number(number, f"{key} {condition!r}"), _place(condition, known, key, label))
        for condition, number in most.items()
    )


def of_texts(texts: Sequence[str] | None, *, key: str) -> Declared | None:
    """Return what a command line declares: ``3``, or ``'sex=f & y=1: 3'`` for each subgroup.

    Raises:
        ValueError: If a text is neither, or one number stands beside others.
    """
    if not texts:
        return None
    parts = [text.rpartition(":") for text in texts]
    places = [place.strip() for place, _, _ in parts]
    if places == [""]:
        return _number(_read(texts[0]), key)
    double = next((place for place in places if places.count(place) > 1), None)
    if double is not None or "" in places:
        what = f"is given twice for {double!r}" if double else "is one number beside others"
        raise InputError(f"{key} {what}; give it once for all, or once for each subgroup.")
    return {
        place: _number(_read(number), f"{key} {place!r}")
        for place, (_, _, number) in zip(places, parts, strict=True)
    }


def _read(text: str) -> object:
    """Return a text as the number it is; else as it is."""
    with suppress(ValueError):
        return float(text)
    return text.strip()


def _number(most: object, key: str) -> float:
    if isinstance(most, bool) or not isinstance(most, int | float | np.number):
        shown = repr(most)
    elif 0 < float(most) < math.inf:
        return float(most)
    else:
        shown = f"{most:g}"
    raise InputError(f"{key} is {shown}; needed is a number above 0.")


def _place(
    condition: str, known: Mapping[str, Sequence[str] | None], key: str, label: str
) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in str(condition).split(JOIN):
        column, equals, value = part.partition("=")
        own = "label" if column == label else column
        columns = [label if name == "label" else name for name in known]
        if not equals or not value or own in found:
            raise InputError(
                f"{key} {condition!r}: needed is each column once, such as {columns[0]}=VALUE, "
                f"joined by {JOIN!r}; not {part!r}."
            )
        if own not in known:
            raise InputError(
                f"{key} {condition!r}: {column!r} is neither the label nor a group."
                f"{meant(column, columns)}"
            )
        values = known[own]
        if values is not None and value not in values:
            raise InputError(
                f"{key} {condition!r}: no row at all has {column}={value}."
                f"{meant(value, sorted(values))}"
            )
        found[own] = value
    return found
