"""Two models on the same rows: every rate, and the evidence for its change, group by group.

``baseline`` is the model from which changes are counted: for rules against the champion, the
champion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from faircompress.data.predictions import Predictions, taken
from faircompress.data.weighing import Caps, caps_of, strata_of
from faircompress.evaluation.decisions import Decided, answers, decide
from faircompress.evaluation.groups import POOLED, Group
from faircompress.statistics.class_side import Rows
from faircompress.statistics.clusters import count_clusters, kish, numbered, rising, weight_of_each
from faircompress.statistics.independent_units import seed_of
from faircompress.statistics.metrics import Measure, Metric

MIN_CLUSTERS = 2  # on every side that a metric needs; below, it is undefined


@dataclass(frozen=True, eq=False)
class PairedComparison:
    """Everything that a test may look at.

    Args:
        baseline: The baseline's decisions.
        candidate: The candidate's.
        cluster: Of each row, integers.
        has_clusters: Do clusters come from the data? Else each row is its own.
        weights: Of each row.
        classes: Names of the classes.
        same_file: Both models are one file.
        caps: The most that a cluster weighs; None: rows are alike and each stands for itself.
        strata: Of each row, integers, where the test split has counts fixed by design.
        is_absent: Tells of column -> value whether such rows are declared to be absent.
        seed: Of all deals.
    """

    baseline: Decided
    candidate: Decided
    cluster: np.ndarray
    has_clusters: bool
    weights: np.ndarray
    classes: tuple[str, ...]
    same_file: bool
    caps: Caps | None
    strata: np.ndarray | None
    is_absent: Callable[[Mapping[str, str]], bool]
    seed: int
    known: dict[tuple[str, str], Any] = field(default_factory=dict)  # evidence found before

    @cached_property
    def baseline_alone(self) -> "PairedComparison":
        """Return the baseline beside itself, for what is asked of it alone."""
        return replace(self, candidate=self.baseline, same_file=True, known={})

    def everyone(self) -> Group:
        """Return all rows as one group."""
        return Group(POOLED, POOLED, np.arange(len(self.cluster)))

    def alone(self, group: Group) -> Group:
        """Return a group's own rows; a class that is tested against the rest has only its own."""
        if group.question is None:
            return group
        own = group.rows[self.baseline.labels[group.rows] == group.question]
        return Group(f"{group.key} alone", group.column, own)

    def others(self, group: Group) -> Group:
        """Return the rows outside a group."""
        rows = np.setdiff1d(np.arange(len(self.cluster)), group.rows)
        return Group(f"not {group.key}", group.column, rows)

    def rows(self, rows: np.ndarray, group: Group) -> Rows:
        """Return whose some rows are and what they count.

        The policy that merges intersections reads their counts, so given it they are fixed.
        """
        stratum = None if self.strata is None else self.strata[rows]
        if group.member is not None:
            member = np.full(len(self.cluster), -1)
            member[group.rows] = group.member
            both = np.stack(
                [np.zeros(len(rows), int) if stratum is None else stratum, member[rows]]
            )
            stratum = np.unique(both, axis=1, return_inverse=True)[1].ravel()
        weights = self.weights[rows] if self.caps is not None else np.ones(len(rows))
        return Rows(self.cluster[rows], weights, stratum)

    def caps_of(
        self, group: Group, question: int | None, *, cross_group: bool = False
    ) -> tuple[float, float]:
        """Return the most that a cluster weighs among the other classes, and in this one."""
        if self.caps is None:
            return 1.0, 1.0
        others = [k for k in range(len(self.classes)) if k != question]
        asked = [question] if question is not None else []
        place = {} if cross_group else group.where
        return self.caps.of(others, place), self.caps.of(asked or others, group.where)

    def cap_in_rounds(self, label: int, group: Group) -> float:
        """Return the most that a cluster weighs in a class, times the classes that it has rows of.

        Its weight there is at most half of the cap if it has two classes, and whoever has all of
        them serves one of all. That none of these were drawn does not say that there are none.
        """
        if self.caps is None:
            return 1.0
        spans = max(len(self.classes) / 2, 1.0) if self.has_clusters else 1.0
        return spans * self.caps.of([label], group.where)

    def expected_classes(self, group: Group) -> list[int]:
        """Return the classes that a group should have rows of: all not declared to be absent."""
        parts = group.members or (group.where,)
        return [
            k
            for k, name in enumerate(self.classes)
            if not all(self.is_absent({**part, "label": name}) for part in parts)
        ]

    def emptied(self, group: Group) -> list[str]:
        """Return the classes of which a group has fewer clusters than any bound needs."""
        labels, cluster = self.baseline.labels[group.rows], self.cluster[group.rows]
        there = self.expected_classes(group)
        lacking = [k for k in there if count_clusters(cluster[labels == k]) < MIN_CLUSTERS]
        return [self.classes[k] for k in lacking]

    def lacks_by_design(self, metric: Metric, group: Group) -> bool:
        """Tell whether a metric asks for a class that a group is declared to have no rows of."""
        if len(self.questions(metric, group)) > 1 or not metric.per_class:
            return False
        there = self.expected_classes(group)
        rows = self.baseline.labels[group.rows]
        two = len(self.classes) == 2 and len(there) < 2
        return two and len(np.unique(rows)) < 2

    def count_clusters(self, rows: np.ndarray) -> int | None:
        """Count the clusters of some rows; None where there are none."""
        return count_clusters(self.cluster[rows]) if self.has_clusters else None

    def effective_n(self, rows: np.ndarray) -> float:
        """Return Kish's number of independent units of some rows."""
        return kish(weight_of_each(self.cluster[rows], self.weights[rows]))

    def rows_of(self, metric: Metric, group: Group, question: int | None) -> np.ndarray:
        """Return the rows that a metric reads: a group's, or its class and everybody's others."""
        if not metric.cross_group or question is None:
            return group.rows
        labels = self.baseline.labels
        own = group.rows[labels[group.rows] == question]
        return np.sort(np.concatenate([own, np.flatnonzero(labels != question)]))

    def measures(
        self, metric: Metric, group: Group, question: int | None
    ) -> tuple[Measure, Measure]:
        """Return what a metric makes of both models' answers to one question."""
        rows = self.rows_of(metric, group, question)
        ours, theirs = (answers(m, rows, question) for m in (self.baseline, self.candidate))
        return metric(ours), metric(theirs)

    def questions(
        self, metric: Metric, group: Group, left_out: Sequence[str] = ()
    ) -> list[int | None]:
        """Return the classes that a metric asks for; None: whether a row is right."""
        if group.question is not None:
            return [group.question]
        if len(self.classes) == 2:
            return [1]
        if not metric.per_class:
            return [None]
        return [k for k, name in enumerate(self.classes) if name not in left_out]


def compare(
    baseline: Predictions,
    candidate: Predictions,
    thresholds: tuple[float | None, float | None],
    *,
    validation: Predictions | None = None,
    is_absent: Callable[[Mapping[str, str]], bool] = lambda where: False,
) -> PairedComparison:
    """Compare two models, whose rows are those of ``in_order``.

    Args:
        baseline: Predictions from which changes are counted.
        candidate: Predictions of the model that may be released.
        thresholds: Of the two-class decision, of each.
        validation: Other rows, weighted in the same way, for the most that a cluster weighs.
        is_absent: Tells of column -> value whether such rows are declared to be absent.
    """
    names = baseline.ids if baseline.identities is None else baseline.identities
    return PairedComparison(
        baseline=decide(baseline, thresholds[0]),
        candidate=decide(candidate, thresholds[1]),
        cluster=numbered(names),
        has_clusters=baseline.identities is not None,
        weights=baseline.weights.astype(float),
        classes=baseline.classes,
        same_file=baseline.model == candidate.model,
        caps=caps_of(baseline, validation),
        strata=strata_of(baseline),
        is_absent=is_absent,
        seed=seed_of(baseline.labels),
    )


def in_order(predictions: Predictions) -> Predictions:
    """Take rows in the order of their ids, so that their order in a file is no matter."""
    p = predictions
    return p if rising(p.ids) else taken(p, np.argsort(p.ids, kind="stable"))
