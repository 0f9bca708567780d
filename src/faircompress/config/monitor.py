"""The section ``monitor`` of params.yaml: how the champion is watched after its release."""

from typing import Annotated, Literal

from pydantic import Field

from faircompress.config.bounds import Count, OpenShare
from faircompress.config.plugins import Section, options


class WatchedRule(Section):
    """A metric that may not fall by more than a limit in any group since the verdict."""

    metric: Literal["true_positive_rate", "false_positive_rate", "accuracy", "auroc"]
    limit: Annotated[OpenShare, Field(description="largest fall; of a false positive rate, rise")]


class NewRows(options("sources", "table")):  # type: ignore[misc]  # made of the source's signature
    """Where newly labelled rows are: a table, told as ``data.table`` is."""

    labelled: Annotated[str, Field(description="column of the day on which the label was given")]
    score: Annotated[
        list[str],
        Field(
            description="columns of logged probabilities: of the second class, or of every class; "
            "none: the pictures are scored with the champion's file"
        ),
    ] = []
    version: Annotated[
        str | None,
        Field(description="column of the registered version that gave the score; null: all rows"),
    ] = None


class Monitor(Section):
    """How the champion is watched on new rows, and how much a false alarm may cost."""

    rows: NewRows
    rules: Annotated[
        list[WatchedRule] | None,
        Field(min_length=1, description="null: the gate's rules of change against the baseline"),
    ] = None
    alpha: Annotated[
        OpenShare, Field(description="chance of a false alarm a window, over all groups and rules")
    ] = 0.01
    window: Annotated[Count, Field(ge=7, description="days after which alpha is renewed")] = 364
    drift_days: Annotated[
        Count, Field(description="days of labels that are compared with the data, for drift")
    ] = 28
