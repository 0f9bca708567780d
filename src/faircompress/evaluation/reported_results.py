"""What a verdict reports beside its rules, as values of verdict.json; none of it decides."""

from dataclasses import dataclass
from typing import Literal

from faircompress.evaluation.results import STRICT


@dataclass(frozen=True)
class WorstCase:
    """Where a change could lie, had the rows that were dropped been answered.

    Args:
        group: Its name; ``all``: all rows.
        metric: Name of the rate.
        title: The rate in a sentence.
        rows: Rows that it is over.
        dropped: Dropped rows that may belong to them.
        change: Without them, candidate minus baseline.
        lower: With each of them answered as lowers it most.
        upper: With each of them answered as raises it most.
    """

    __pydantic_config__ = STRICT

    group: str
    metric: str
    title: str
    rows: int
    dropped: int
    change: float
    lower: float
    upper: float


@dataclass(frozen=True)
class DroppedRows:
    """Rows of the test set that were left out before it was evaluated.

    Args:
        rows: How many; None: not known.
        sentence: The same in words.
        changes: Worst cases of decided rates, in the groups that dropped rows may belong to.
    """

    __pydantic_config__ = STRICT

    rows: int | None
    sentence: str
    changes: list[WorstCase]


@dataclass(frozen=True)
class OwnRate:
    """The candidate's rate in a group, between bounds that hold for all groups at once.

    Args:
        group: Its name.
        metric: Name of the rate.
        title: The rate in a sentence.
        n: Rows that it is over.
        estimate: The rate.
        lower: Its bound from below.
        upper: Its bound from above.
        method: Name of the bounds' method.
    """

    __pydantic_config__ = STRICT

    group: str
    metric: str
    title: str
    n: int
    estimate: float
    lower: float
    upper: float
    method: str


@dataclass(frozen=True)
class OwnRates:
    """The candidate's own rates, for the model card.

    Args:
        confidence: With which all intervals hold at once.
        alpha: Chance of error of each single bound.
        rates: By group and metric.
    """

    __pydantic_config__ = STRICT

    confidence: float
    alpha: float
    rates: list[OwnRate]


@dataclass(frozen=True)
class Coverage:
    """A group or subgroup that no rows, or too few for any pass, are in.

    Args:
        group: Its name.
        subgroup: The class of its rows; None: the group lacks rows of every class.
        rows: Rows that are there; of clusters, clusters.
        needed: Fewest that the strictest rule could pass with; None: no rule has a law for it.
        status: ``none``, ``few``, or ``absent``: none, as was declared.
    """

    __pydantic_config__ = STRICT

    group: str
    subgroup: str | None
    rows: int
    needed: int | None
    status: Literal["none", "few", "absent"]


@dataclass(frozen=True)
class SparseGroup:
    """An intersection with too few rows to be tested alone.

    Args:
        group: Its name.
        rows: By class.
        tested_as: Names of the groups in which its rows are tested instead.
        reason: The same in a sentence.
    """

    __pydantic_config__ = STRICT

    group: str
    rows: dict[str, int]
    tested_as: list[str]
    reason: str


@dataclass(frozen=True)
class Layer:
    """The group whose true positive rate fell most, at one way of choosing thresholds.

    Args:
        threshold: ``half``; ``selection_rate``: the candidate's one threshold at the baseline's
            selection rate; ``false_positive_rate``: in each group at the baseline's there.
        group: The group.
        positives: Its positive rows.
        baseline: The baseline's true positive rate.
        candidate: The candidate's.
        change: Candidate minus baseline.
        sentence: The same in words.
    """

    __pydantic_config__ = STRICT

    threshold: Literal["half", "selection_rate", "false_positive_rate"]
    group: str
    positives: int
    baseline: float
    candidate: float
    change: float
    sentence: str


@dataclass(frozen=True)
class Layers:
    """Where harm to the worst group's true positive rate comes from: estimates, no bounds.

    Args:
        layers: One a way of choosing thresholds; empty: see ``sentence``.
        sentence: Which layer carries the harm and what would mend it, or why there are none.
    """

    __pydantic_config__ = STRICT

    layers: list[Layer]
    sentence: str
