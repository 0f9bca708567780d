"""Every group under every watched rule: what new rows show, and whether there is an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.monitoring import wealth
from faircompress.monitoring.units import (
    LOWER_IS_BETTER,
    POSITIVE,
    Rows,
    reference_units,
    stream,
    weeks_of,
)

EVERYONE, LABEL = "all", "label"
INTERVAL_ALPHA = 0.05


@dataclass(frozen=True)
class Limit:
    """How far a metric may fall in any group since the verdict."""

    metric: str
    limit: float


@dataclass(frozen=True, eq=False)
class Process:
    """A rule in a group. Rates are as the metric has them, falls in its worse direction.

    Args:
        group: Such as ``skin=dark``; ``all``: everyone.
        metric: What is watched.
        limit: Of its fall.
        reference: The champion's rate on the reference rows.
        reference_units: Their independent units.
        rate: On new rows so far; None: there are none.
        lower: Of an interval for it that holds at all moments at once, at 0.95.
        upper: Likewise.
        units: New independent units so far.
        moments: After which wealth was read.
        wealth: Then, as a share of what starts with 1 over all processes: alarm at 1 / alpha.
        visible: Smallest fall that these reference rows let anybody see.
        alarm: First moment after which wealth was enough; None: it was not.
    """

    group: str
    metric: str
    limit: float
    reference: float
    reference_units: int
    rate: float | None
    lower: float | None
    upper: float | None
    units: int
    moments: np.ndarray
    wealth: np.ndarray
    visible: float
    alarm: int | None

    @property
    def key(self) -> str:
        """Return metric and group as one name."""
        return f"{self.metric} {self.group}"


@dataclass(frozen=True)
class Settings:
    """What is watched, and how much error it may cost.

    Args:
        limits: The rules.
        groups: Group columns.
        alpha: Chance of a false alarm a period, over all groups and rules.
        weeks: Of a period.
        classes: Their names, where there are more than two: then a true positive rate is watched
            class by class over everyone, and as the mean over classes in each group.
    """

    limits: Sequence[Limit]
    groups: Sequence[str]
    alpha: float
    weeks: int
    classes: Sequence[str] = ()


@dataclass(frozen=True)
class Place:
    """A rule, and on whom it is watched.

    Args:
        limit: The rule.
        column: Group column; ``label``: those of one class; empty: everyone.
        value: Of the column.
        asked: Classes that a true positive rate is about.
    """

    limit: Limit
    column: str
    value: str
    asked: tuple[int, ...] = POSITIVE

    def of(self, rows: Rows) -> Rows:
        """Return the rows of the group."""
        return rows.taken(_of(rows, (self.column, self.value), self.asked))


def watch(new: Rows, reference: Rows, settings: Settings) -> list[Process]:
    """Return each group under each rule, groups as the reference has them.

    Which there are, and so each one's share of alpha, depends on the reference rows alone.
    """
    places = [
        place
        for limit in settings.limits
        for place in _places(limit, reference, settings)
        if reference_units(place.of(reference), limit.metric, place.asked)[0].size
    ]
    first = weeks_of(new.table["labelled"])[:1]
    first_week = int(first[0]) if len(first) else 0
    return [_process(new, reference, place, settings, len(places), first_week) for place in places]


def _places(limit: Limit, reference: Rows, settings: Settings) -> list[Place]:
    """Return on whom a rule is watched, whether there are rows or not."""
    groups = groups_of(reference, settings.groups)
    if not settings.classes or limit.metric != "true_positive_rate":
        return [Place(limit, *group) for group in groups]
    labels = reference.table["label"]
    classes = [Place(limit, LABEL, name, (k,)) for k, name in enumerate(settings.classes)]
    return classes + [
        Place(limit, *group, tuple(sorted(set(labels[_of(reference, group)])))) for group in groups
    ]


def groups_of(rows: Rows, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return column and value of every group; everyone comes first, with an empty column."""
    found = [("", EVERYONE)]
    for column in columns:
        found += [(column, str(value)) for value in sorted(rows.table[column].unique())]
    return found


def unknown_groups(new: Rows, reference: Rows, columns: Sequence[str]) -> list[str]:
    """Return groups of new rows that the reference has not, so that nothing watches them."""
    known = groups_of(reference, columns)
    return [f"{c}={v}" for c, v in groups_of(new, columns) if (c, v) not in known]


def _of(rows: Rows, group: tuple[str, str], asked: Sequence[int] = POSITIVE) -> np.ndarray:
    column, value = group
    if column == LABEL:
        return (rows.table[LABEL] == asked[0]).to_numpy()
    return (rows.table[column] == value).to_numpy() if column else np.ones(len(rows.table), bool)


def _process(
    new: Rows, reference: Rows, place: Place, settings: Settings, processes: int, first_week: int
) -> Process:
    limit = place.limit
    shares, weights = reference_units(place.of(reference), limit.metric, place.asked)
    evidence = wealth.reference_e_values(shares, weights, limit.limit)
    known = float(np.average(shares, weights=weights))
    units = stream(place.of(new), limit.metric, place.asked)
    moments, held = wealth.path(
        units, evidence, limit.limit, first_week=first_week, weeks=settings.weeks
    )
    held = held / processes
    over = np.flatnonzero(held >= 1 / settings.alpha)
    ends = wealth.interval(units.shares, INTERVAL_ALPHA) if len(units.shares) else None
    rate = float(units.shares.mean()) if ends else None
    level = processes / settings.alpha
    return Process(
        group=f"{place.column}={place.value}" if place.column else place.value,
        metric=limit.metric,
        limit=limit.limit,
        reference=_natural(known, limit.metric),
        reference_units=shares.shape[1],
        rate=None if rate is None else _natural(rate, limit.metric),
        lower=ends and min(_natural(end, limit.metric) for end in ends),
        upper=ends and max(_natural(end, limit.metric) for end in ends),
        units=len(units.shares),
        moments=moments,
        wealth=held,
        visible=wealth.smallest_visible_fall(evidence, known, limit.limit, level),
        alarm=int(moments[over[0]]) if len(over) else None,
    )


def _natural(share: float, metric: str) -> float:
    """Return a share of what was right as the metric has it."""
    return 1 - share if metric in LOWER_IS_BETTER else share
