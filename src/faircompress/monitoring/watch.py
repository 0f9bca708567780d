"""Every group under every watched rule: what new rows show, and whether there is an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.monitoring import wealth
from faircompress.monitoring.units import LOWER_IS_BETTER, Rows, reference_units, stream, weeks_of

EVERYONE = "all"
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
    """

    limits: Sequence[Limit]
    groups: Sequence[str]
    alpha: float
    weeks: int


def watch(new: Rows, reference: Rows, settings: Settings) -> list[Process]:
    """Return each group under each rule, groups as the reference has them.

    Which there are, and so each one's share of alpha, depends on the reference rows alone.
    """
    places = [
        (limit, group)
        for limit in settings.limits
        for group in groups_of(reference, settings.groups)
        if reference_units(reference.taken(_of(reference, group)), limit.metric)[0].size
    ]
    first = weeks_of(new.table["labelled"])[:1]
    first_week = int(first[0]) if len(first) else 0
    return [
        _process(new, reference, limit, group, settings, len(places), first_week)
        for limit, group in places
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


def _of(rows: Rows, group: tuple[str, str]) -> np.ndarray:
    column, value = group
    return (rows.table[column] == value).to_numpy() if column else np.ones(len(rows.table), bool)


def _process(
    new: Rows, reference: Rows, limit: Limit, group: tuple[str, str], settings: Settings,
    processes: int, first_week: int,
) -> Process:  # fmt: skip
    shares, weights = reference_units(reference.taken(_of(reference, group)), limit.metric)
    evidence = wealth.reference_e_values(shares, weights, limit.limit)
    known = float(np.average(shares, weights=weights))
    units = stream(new.taken(_of(new, group)), limit.metric)
    moments, held = wealth.path(
        units, evidence, limit.limit, first_week=first_week, weeks=settings.weeks
    )
    held = held / processes
    over = np.flatnonzero(held >= 1 / settings.alpha)
    ends = wealth.interval(units.shares, INTERVAL_ALPHA) if len(units.shares) else None
    rate = float(units.shares.mean()) if ends else None
    level = processes / settings.alpha
    return Process(
        group="=".join(filter(None, group)),
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
