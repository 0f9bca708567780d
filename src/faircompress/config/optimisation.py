"""How weights are moved, whichever network learns."""

from typing import Annotated, Literal

from pydantic import Field

from faircompress.config.bounds import Count, NotNegative, OpenShare, Positive, Share
from faircompress.config.plugins import Section


class Optimisation(Section):
    """How weights are moved."""

    epochs: Annotated[Count, Field(description="passes over the train split")]
    batch: Annotated[Count, Field(description="pictures a step")]
    optimizer: Literal["adamw", "sgd"]
    lr: Annotated[Positive, Field(description="learning rate at the start")]
    weight_decay: NotNegative
    momentum: Annotated[Share, Field(description="sgd only")]
    schedule: Literal["cosine", "step", "constant"]
    steps: Annotated[
        list[OpenShare], Field(description="where lr falls to a tenth, shares of the epochs")
    ]
    augment: Annotated[
        list[Literal["flip", "crop"]], Field(description="flip: left-right; crop: shift by 1/12")
    ]
    balance: Annotated[
        Literal["none", "classes"],
        Field(description="classes: an epoch shows each class alike; none: as they come"),
    ] = "none"
    sam: Annotated[
        NotNegative,
        Field(description="radius of sharpness-aware steps, twice the work; 0: plain ones"),
    ] = 0.0
