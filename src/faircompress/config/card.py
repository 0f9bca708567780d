"""What only the owner can say of a released file, for the model card: section ``card``."""

from typing import Annotated

from pydantic import Field

from faircompress.config.plugins import Section

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]


class Card(Section):
    """What the model card says beside the numbers; null and []: not stated."""

    license: Annotated[
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,49}$")] | None,
        Field(
            description="of the released files, as the Hugging Face Hub spells it, such as "
            "apache-2.0; null: unknown, and the card says so"
        ),
    ] = None
    contact: Annotated[
        Annotated[str, Field(min_length=1, max_length=200)] | None,
        Field(description="who answers for the files; null: not stated"),
    ] = None
    language: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]],
        Field(description="codes of languages that the labels are in, such as en"),
    ] = []
    tags: Annotated[list[Word], Field(description="further tags on the Hub")] = []
