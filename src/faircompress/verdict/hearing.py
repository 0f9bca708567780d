"""Two models before the judge: every rate, and the evidence for its change, group by group.

``dense`` is the one from which changes are counted: in rules against the champion, the champion.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from faircompress.metrics import Mean, Measure, Metric, Ranking
from faircompress.predictions import Predictions, taken
from faircompress.statistics.clusters import (
    count_people,
    kish,
    weight_of_each,
)
from faircompress.statistics.independent_units import DEALS, FEWEST, Rows
from faircompress.verdict.bounding import Sample, bound
from faircompress.verdict.crosscheck import CrossChecks, crosscheck
from faircompress.verdict.evidence import Average, Bets, Evidence, Undefined
from faircompress.verdict.groups import POOLED, Group
from faircompress.verdict.rates import Decided, answers, decide, rate
from faircompress.weighing import Caps, caps_of, strata_of

MIN_UNITS = 2  # on every side that a metric needs; below, it is undefined


@dataclass(frozen=True, eq=False)
class Hearing:
    """Everything the judge may look at.

    Args:
        dense: The dense model's answers.
        pruned: The pruned model's.
        who: Identity of each row, integers.
        has_identities: Do identities come from the data? Else each row is its own.
        weights: Of each row.
        classes: Names of the classes.
        same_file: Both models are one file.
        caps: The most that an identity weighs; None: rows are alike and each stands for itself.
        strata: Of each row, integers, where the test split has counts fixed by design.
        is_absent: Tells of column -> value whether such rows are declared to be absent.
        decisive: Metrics that a rule binds; others are only shown, and dealt less often for it.
    """

    dense: Decided
    pruned: Decided
    who: np.ndarray
    has_identities: bool
    weights: np.ndarray
    classes: tuple[str, ...]
    same_file: bool
    caps: Caps | None
    strata: np.ndarray | None
    is_absent: Callable[[Mapping[str, str]], bool]
    decisive: frozenset[str]
    _known: dict[tuple[str, str], Evidence | Undefined] = field(default_factory=dict)

    def evidence(self, metric: Metric, group: Group) -> Evidence | Undefined:
        """Return what the test set says about a metric in a group."""
        key = (metric.name, group.key)
        if key not in self._known:
            self._known[key] = self._evidence(metric, group)
        return self._known[key]

    def everyone(self) -> Group:
        """Return all rows as one group."""
        return Group(POOLED, POOLED, np.arange(len(self.who)))

    def alone(self, group: Group) -> Group:
        """Return a group's own rows; a class that is judged against the rest has only its own."""
        if group.question is None:
            return group
        own = group.rows[self.dense.labels[group.rows] == group.question]
        return Group(f"{group.key} alone", group.column, own)

    def others(self, group: Group) -> Group:
        """Return the rows outside a group."""
        rows = np.setdiff1d(np.arange(len(self.who)), group.rows)
        return Group(f"not {group.key}", group.column, rows)

    def rows(self, rows: np.ndarray) -> Rows:
        """Return whose some rows are and what they count."""
        stratum = None if self.strata is None else self.strata[rows]
        weights = self.weights[rows] if self.caps is not None else np.ones(len(rows))
        return Rows(self.who[rows], weights, stratum)

    def caps_of(self, group: Group, question: int | None) -> tuple[float, float]:
        """Return the most that an identity weighs among the other classes, and in this one."""
        if self.caps is None:
            return 1.0, 1.0
        others = [k for k in range(len(self.classes)) if k != question]
        asked = [question] if question is not None else []
        return self.caps.of(others, group.where), self.caps.of(asked or others, group.where)

    def expected_classes(self, group: Group) -> list[int]:
        """Return the classes that a group should have rows of: all not declared to be absent."""
        places = [{**group.where, "label": name} for name in self.classes]
        return [k for k, place in enumerate(places) if not self.is_absent(place)]

    def emptied(self, group: Group) -> list[str]:
        """Return the classes of which a group has fewer rows than any bound needs, undeclared."""
        labels = self.dense.labels[group.rows]
        counts = np.bincount(labels, minlength=len(self.classes))
        return [self.classes[k] for k in self.expected_classes(group) if counts[k] < MIN_UNITS]

    def lacks_by_design(self, metric: Metric, group: Group) -> bool:
        """Tell whether a metric asks for a class that a group is declared to have no rows of."""
        if len(self.questions(metric, group)) > 1 or not metric.per_class:
            return False
        there = self.expected_classes(group)
        rows = self.dense.labels[group.rows]
        two = len(self.classes) == 2 and len(there) < 2
        return two and len(np.unique(rows)) < 2

    def people(self, rows: np.ndarray) -> int | None:
        """Count the identities of some rows; None where there are none."""
        return count_people(self.who[rows]) if self.has_identities else None

    def units(self, rows: np.ndarray) -> float:
        """Return Kish's number of independent units of some rows."""
        return kish(weight_of_each(self.who[rows], self.weights[rows]))

    def crosschecks(
        self, metric: Metric, group: Group, left_out: Sequence[str], alpha: float
    ) -> CrossChecks:
        """Return other intervals of pruned minus dense; of a mean, without the classes left out."""
        if self.same_file:
            return CrossChecks(None, None)
        asked = self.questions(metric, group, left_out)
        pairs = [self.measures(metric, group, question) for question in asked]
        return crosscheck(pairs, self.who[group.rows], self.weights[group.rows], alpha)

    def rate_of_dense(self, metric: Metric, group: Group, left_out: Sequence[str]) -> float | None:
        """Return the first file's rate; of a mean over classes, without those left out.

        None where it is undefined in any class, since a mean over fewer is another number.
        """
        weights, asked = self.weights[group.rows], self.questions(metric, group, left_out)
        measures = [metric(answers(self.dense, group.rows, question)) for question in asked]
        found = [rate(measure, weights) for measure in measures]
        known = [number for number in found if number is not None]
        return float(np.mean(known)) if len(known) == len(found) else None

    def measures(
        self, metric: Metric, group: Group, question: int | None
    ) -> tuple[Measure, Measure]:
        """Return what a metric makes of both files' answers to one question."""
        dense, pruned = (answers(m, group.rows, question) for m in (self.dense, self.pruned))
        return metric(dense), metric(pruned)

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

    def _evidence(self, metric: Metric, group: Group) -> Evidence | Undefined:
        parts = [self._answer(metric, group, q) for q in self.questions(metric, group)]
        return parts[0] if len(parts) == 1 else self._average(parts)

    def _answer(self, metric: Metric, group: Group, question: int | None) -> Evidence | Undefined:
        measures = self.measures(metric, group, question)
        truth = answers(self.dense, group.rows, question).truth
        lacking = self._lacking(measures, group, truth, question)
        if lacking is not None:
            return lacking
        found = bound(measures, metric, truth, self._sample(metric, group, question))
        bounds, rows = found.bounds, group.rows[found.over]
        rates = [rate(measure, self.weights[group.rows]) for measure in measures]
        dense, pruned = (float("nan") if value is None else value for value in rates)
        return Evidence(
            dense=dense,
            pruned=pruned,
            change=metric.sign * (pruned - dense),
            rows=len(rows),
            people=self.people(rows),
            units=bounds.units.count if isinstance(bounds, Bets) else self.units(rows),
            kind=self._kind(found.over, truth, question),
            method=found.method,
            bounds=bounds,
            same_file=self.same_file,
        )

    def _kind(self, over: np.ndarray, truth: np.ndarray, question: int | None) -> str:
        """Name the class of the rows that a metric conditions on; mixed rows have no name."""
        if question is None or not ((over == truth).all() or (over == ~truth).all()):
            return ""
        if (over == truth).all():
            return self.classes[question]
        two = len(self.classes) == 2
        return self.classes[1 - question] if two else f"not {self.classes[question]}"

    def _sample(self, metric: Metric, group: Group, question: int | None) -> Sample:
        """Return how a group's rows were drawn."""
        known, caps = self.caps, None if self.caps is None else self.caps_of(group, question)
        whole = 1.0 if known is None else known.of(range(len(self.classes)), group.where)
        deals = DEALS if metric.name in self.decisive else FEWEST
        return Sample(self.rows(group.rows), caps, whole, deals)

    def _lacking(
        self,
        measures: tuple[Measure, Measure],
        group: Group,
        truth: np.ndarray,
        question: int | None,
    ) -> Undefined | None:
        """Say which side has too few units, if any."""
        first = measures[0]
        if isinstance(first, Ranking):
            sides = [first.above, ~first.above]
        else:
            sides = [measure.over for measure in measures if isinstance(measure, Mean)]
        for side in sides:
            rows = group.rows[side]
            units = count_people(self.who[rows])
            if units < MIN_UNITS:
                kind = self._kind(side, truth, question)
                why = f"at least {MIN_UNITS} independent pictures are needed"
                return Undefined(why, len(rows), self.people(rows), float(units), kind)
        return None

    def _average(self, parts: list[Evidence | Undefined]) -> Evidence | Undefined:
        known = tuple(part for part in parts if isinstance(part, Evidence))
        if not known:
            return next(part for part in parts if isinstance(part, Undefined))
        pairs = zip(parts, self.classes, strict=True)
        left_out = tuple(name for part, name in pairs if isinstance(part, Undefined))
        mean = [float(np.mean([getattr(p, k) for p in known])) for k in ("dense", "pruned")]
        scarcest = min(known, key=lambda part: part.units)
        return Evidence(
            dense=mean[0],
            pruned=mean[1],
            change=float(np.mean([part.change for part in known])),
            rows=scarcest.rows,
            people=scarcest.people,
            units=scarcest.units,
            kind=scarcest.kind,
            method=f"mean of {len(known)} {known[0].method} bounds",
            bounds=Average(known),
            same_file=self.same_file,
            left_out=left_out,
        )


def hear(
    dense: Predictions,
    pruned: Predictions,
    thresholds: tuple[float | None, float | None],
    *,
    validation: Predictions | None = None,
    is_absent: Callable[[Mapping[str, str]], bool] = lambda where: False,
    decisive: Collection[str] = (),
) -> Hearing:
    """Call both models, whose rows are those of ``in_order``.

    Args:
        dense: Predictions from which changes are counted.
        pruned: Predictions that are judged.
        thresholds: Of the two-class decision, of each.
        validation: Other rows, weighted in the same way, for the most that an identity weighs.
        is_absent: Tells of column -> value whether such rows are declared to be absent.
        decisive: Metrics that a rule binds.
    """
    names = dense.ids if dense.identities is None else dense.identities
    who = np.unique(names, return_inverse=True)[1]
    return Hearing(
        dense=decide(dense, thresholds[0]),
        pruned=decide(pruned, thresholds[1]),
        who=who,
        has_identities=dense.identities is not None,
        weights=dense.weights.astype(float),
        classes=dense.classes,
        same_file=dense.model == pruned.model,
        caps=caps_of(dense, validation),
        strata=strata_of(dense),
        is_absent=is_absent,
        decisive=frozenset(decisive),
    )


def in_order(predictions: Predictions) -> Predictions:
    """Take rows in the order of their ids, so that their order in a file is no matter."""
    p, order = predictions, np.argsort(predictions.ids, kind="stable")
    if (order[1:] > order[:-1]).all():
        return p
    return taken(p, order)
