"""Values with their limits, for params.yaml and for the options of plug-ins."""

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, with_config
from typing_extensions import TypedDict

Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Counts = Annotated[list[Count], Field(min_length=2, max_length=2)]
End = Annotated[float, Field(allow_inf_nan=False)] | None
Range = Annotated[list[End], Field(min_length=2, max_length=2)]


def _as_text(value: object) -> object:
    """Return a code as it stands in a file, in which everything is text."""
    if isinstance(value, bool):
        raise ValueError("YAML reads it as true or false, not as a word; put it in quotes")
    return str(value) if isinstance(value, int | float) else "" if value is None else value


Text = Annotated[str, BeforeValidator(_as_text)]


@with_config(ConfigDict(extra="forbid"))
class Naming(TypedDict, total=False):
    """A column of a user's file, and what its values are called; see ``columns.py``."""

    column: str
    names: dict[Text, Text]
    bins: dict[Text, Range]
    drop: list[Text]


def _form(value: object) -> str:
    return type(value).__name__ if isinstance(value, str | list) else "dict"


Column = Annotated[
    Annotated[str, Tag("str")] | Annotated[Naming, Tag("dict")], Discriminator(_form)
]
Groups = Annotated[
    Annotated[list[str], Tag("list")] | Annotated[dict[str, Column], Tag("dict")],
    Discriminator(_form),
]
