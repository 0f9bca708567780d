"""What the worst answers to dropped rows would make of decided rates: docs/statistics.md, 16.1.

A dropped row is one of the test set that no model was asked about, since it was unfit. What is
known of it (groups, class) says which rates it would have counted in; what both models would have
decided is not known, so each may be answered as lowers or raises the change most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.config import plugins
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import MIN_CLUSTERS, PairedComparison
from faircompress.evaluation.decisions import answers
from faircompress.evaluation.groups import Group
from faircompress.evaluation.reported_results import DroppedRows, WorstCase
from faircompress.statistics.metrics import Mean, Metric

RATES = ("accuracy", "true_positive_rate", "false_positive_rate")


@dataclass(frozen=True)
class Dropped:
    """Test rows that were left out, alike in everything that is known of them.

    Args:
        rows: How many.
        weight: What they count together.
        label: Name of their class; None: not known.
        where: Group column -> value; a column that is not there is not known of them.
        why: Such as ``undecodable``.
    """

    rows: int
    weight: float
    label: str | None
    where: Mapping[str, str]
    why: str = ""


def counted(
    counts: Sequence[Mapping[str, Any]], split: str, classes: Sequence[str]
) -> list[Dropped]:
    """Return what ``validate`` counted of a split, in the names of a verdict.

    Args:
        counts: As ``dataset.Facts`` has them.
        split: Such as ``test``; rows of no known split may belong to it.
        classes: Names of the classes.
    """
    return [
        Dropped(
            rows=one["rows"],
            weight=one["weight"],
            label=None if one["label"] is None else classes[one["label"]],
            where=one["where"],
            why=one["why"],
        )
        for one in counts
        if one["split"] in (split, None)
    ]


def dropped_rows(
    comparison: PairedComparison,
    groups: Sequence[Group],
    dropped: Sequence[Dropped] | None,
    captions: Captions,
) -> DroppedRows:
    """Return worst cases in every group that dropped rows may belong to, everyone first.

    Args:
        comparison: The models, on the rows that are there.
        groups: Of these rows, everyone among them.
        dropped: Rows that are not there; None: nobody knows.
        captions: What rows are called.
    """
    if dropped is None:
        return DroppedRows(None, f"Not known: nothing says which {captions.rows} were dropped.", [])
    count = sum(one.rows for one in dropped)
    if not count:
        return DroppedRows(0, "Nothing was dropped.", [])
    by_reason: dict[str, int] = {}
    for one in dropped:
        by_reason[one.why or "unfit"] = by_reason.get(one.why or "unfit", 0) + one.rows
    reasons = ", ".join(f"{rows:,} {why}" for why, rows in sorted(by_reason.items()))
    found = [
        case
        for group in groups
        for name in RATES
        if (case := _worst(comparison, plugins.find("metrics", name), group, dropped)) is not None
    ]
    noun = captions.row if count == 1 else captions.rows
    return DroppedRows(count, f"{count:,} test {noun} {_was(count)} dropped ({reasons}).", found)


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _worst(
    comparison: PairedComparison, metric: Metric, group: Group, dropped: Sequence[Dropped]
) -> WorstCase | None:
    """Return where a rate's change could lie; of several classes the mean over classes."""
    parts = [
        _of_class(comparison, metric, group, question, dropped)
        for question in comparison.questions(metric, group)
    ]
    known = [part for part in parts if part is not None]
    count = sum(one.rows for one in dropped if _may_be_in(one, group))
    if not known or not any(part[1] > 0 for part in known):
        return None
    changes = np.array([[c, (w * c - d) / (w + d), (w * c + d) / (w + d)] for w, d, c, _ in known])
    change, lower, upper = changes.mean(axis=0).tolist()
    rows = min(part[3] for part in known)
    if len(known) == 1:
        count = sum(one.rows for one in dropped if _counts(comparison, metric, group, one, None))
    return WorstCase(group.key, metric.name, metric.title, rows, count, change, lower, upper)


def _of_class(
    comparison: PairedComparison,
    metric: Metric,
    group: Group,
    question: int | None,
    dropped: Sequence[Dropped],
) -> tuple[float, float, float, int] | None:
    """Return weight there, weight dropped, the change, and rows of one class against the rest."""
    models = (comparison.baseline, comparison.candidate)
    before, after = (metric(answers(model, group.rows, question)) for model in models)
    if not isinstance(before, Mean) or not isinstance(after, Mean):
        raise TypeError(f"{metric.name} is no share of decided rows")
    rows, weights = group.rows[before.over], comparison.weights[group.rows][before.over]
    if len(np.unique(comparison.cluster[rows])) < MIN_CLUSTERS:
        return None
    change = after.values[before.over].astype(float) - before.values[before.over]
    gone = sum(one.weight for one in dropped if _counts(comparison, metric, group, one, question))
    return float(weights.sum()), gone, float(np.average(change, weights=weights)), len(rows)


def _counts(
    comparison: PairedComparison,
    metric: Metric,
    group: Group,
    one: Dropped,
    question: int | None,
) -> bool:
    """Tell whether dropped rows may count in a rate of a group."""
    if not _may_be_in(one, group):
        return False
    if one.label is None or not metric.per_class:
        return True
    if question is None:
        question = comparison.questions(metric, group)[0]
    if question is None:
        return True
    of_class = one.label == comparison.classes[question]
    return of_class != (metric.name == "false_positive_rate")


def _may_be_in(one: Dropped, group: Group) -> bool:
    places = group.members or (group.where,)
    return any(all(one.where.get(c, v) == v for c, v in place.items()) for place in places)
