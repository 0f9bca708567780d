"""Values with their limits, for params.yaml and for the options of plug-ins."""

import itertools
import math
import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    with_config,
)
from typing_extensions import TypedDict

from faircompress.support.errors import InputError

JOIN = " & "  # between the columns of an intersection, and between conditions
Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Counts = Annotated[list[Count], Field(min_length=2, max_length=2)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


WHOLE = r"^(-?\d+)\.0+$"


def whole(word: str) -> str:
    """Return a word in which a whole number has no decimals: 1.0 is 1, as other tools wrote it."""
    return re.sub(WHOLE, r"\1", word)


def _rising(ends: list[float]) -> list[float]:
    if ends[0] >= ends[1]:
        raise InputError(f"{ends[0]:g} is not below {ends[1]:g}; black stands first, then white")
    return ends


End = Finite | None
Levels = Annotated[list[Finite], Field(min_length=2, max_length=2), AfterValidator(_rising)]
Range = Annotated[list[End], Field(min_length=2, max_length=2)]


def _as_text(value: object) -> object:
    """Return a code as it stands in a file, in which everything is text."""
    if isinstance(value, bool):
        raise InputError("YAML reads it as true or false, not as a word; put it in quotes")
    return str(value) if isinstance(value, int | float) else "" if value is None else value


Text = Annotated[str, BeforeValidator(_as_text)]


def _apart(bins: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
    """Refuse bins that are empty or overlap; ``[from, below)``, None has no end."""
    ends = {
        name: (-math.inf if start is None else start, math.inf if end is None else end)
        for name, (start, end) in bins.items()
    }
    order = sorted((name for name in ends if ends[name][0] < ends[name][1]), key=ends.__getitem__)
    faults = [
        f"bin {name!r} is empty: {low:g} is not below {high:g}"
        for name, (low, high) in ends.items()
        if low >= high
    ]
    faults += [
        f"bins {one!r} and {other!r} overlap from {ends[other][0]:g} on"
        for one, other in itertools.combinations(order, 2)
        if ends[other][0] < ends[one][1]
    ]
    if faults:
        raise InputError("; ".join(faults))
    return bins


@with_config(ConfigDict(extra="forbid"))
class Naming(TypedDict, total=False):
    """A column of a user's file, and what its values are called; see ``columns.py``."""

    column: str
    names: dict[Text, Text]
    bins: Annotated[dict[Text, Range], AfterValidator(_apart)]
    drop: list[Text]


def _form(value: object) -> str:
    return type(value).__name__ if isinstance(value, str | list) else "dict"


Column = Annotated[
    Annotated[str, Tag("str")] | Annotated[Naming, Tag("dict")], Discriminator(_form)
]

Names = Annotated[
    Annotated[str, Tag("str")] | Annotated[list[str], Tag("list")], Discriminator(_form)
]


def _number_or_table(value: object) -> str:
    return "dict" if isinstance(value, dict) else "float"


MaxWeights = Annotated[
    Annotated[Positive, Tag("float")] | Annotated[dict[str, Positive], Tag("dict")],
    Discriminator(_number_or_table),
]
Groups = Annotated[
    Annotated[list[str], Tag("list")] | Annotated[dict[str, Column], Tag("dict")],
    Discriminator(_form),
]
