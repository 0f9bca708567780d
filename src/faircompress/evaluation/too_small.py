"""Groups of test rows that no rule can pass, known from counts alone, before anything is trained.

A bound can never be nearer to 0 than the certainty floor: n rows of which none was lost exclude no
loss below ``1 - alpha ** (1/n)``. Where that is above a rule's limit, the outcome is inconclusive
at best, whatever the models do. Enough for the floor is the least; a model that changes some
answers needs more. Where a cluster may weigh more than others, one of weight w is worth
``ln(1 + w/w_max * L/(1 - L)) / ln(1 + L/(1 - L))`` rows at limit L (docs/statistics.md, 12).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from faircompress.config.bounds import JOIN
from faircompress.config.rules import Gate, Rule
from faircompress.data.caps import MaxWeight
from faircompress.data.ingest import normalize_rows
from faircompress.data.sources import RawData
from faircompress.data.unasked import unasked
from faircompress.data.weighing import Caps, caps_of
from faircompress.evaluation.binding import refuse_rules_that_bind_nothing
from faircompress.evaluation.groups import POOLED
from faircompress.support.lines import one_line

POSITIVES, NEGATIVES, BOTH, ALL = (1,), (0,), (0, 1), ()
SIDES: Mapping[str, tuple[int, ...]] = {  # classes of two whose rows a metric is over; (): all rows
    "true_positive_rate": POSITIVES, "false_negative_rate": POSITIVES,
    "false_positive_rate": NEGATIVES, "auroc": BOTH, "cross_group_auroc": POSITIVES,
    "accuracy": ALL, "selection_rate": ALL, "flips": BOTH,
}  # fmt: skip
SHOWN = 12
HEAVY = 2.0  # what a person may weigh who counts once and has rows of both classes


@dataclass(frozen=True)
class TooSmall:
    """A group with too few rows of a class for some rules.

    Args:
        group: Such as ``sex=female``.
        kind: Name of the class; empty: all classes.
        units: Independent units of equal weight: people, or rows where nobody is named.
        needed: The least with which the strictest of the rules can pass.
        rules: Names of the rules.
        most: What the heaviest cluster may weigh there; None: all weigh alike.
    """

    group: str
    kind: str
    units: int
    needed: int
    rules: tuple[str, ...]
    most: float | None = None

    def __str__(self) -> str:
        of = f" of {one_line(self.kind)!r}" if self.kind else ""
        there = f"{self.units:,}{of} in test"
        if self.most is not None:
            there = f"rows{of} worth {self.units:,} in test (one may weigh {self.most:.3g})"
        return (
            f"{one_line(self.group)} has {there}, and {', '.join(self.rules)} "
            f"need{'s' if len(self.rules) == 1 else ''} {self.needed:,} at least"
        )


def too_small(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    gate: Gate,
    caps: Caps | None = None,
) -> list[TooSmall]:
    """Return the groups of test rows that some rule cannot pass, the smallest first.

    Means over several classes are not looked at: they need fewer rows of each.

    Args:
        rows: Of the test split; columns ``label`` (index), ``identity``, ``weight``, the groups.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
        gate: The rules.
        caps: Of clusters' weights; None: all weigh alike.
    """
    labelled = rows.dropna(subset=["label"])
    found = []
    for column, key, where, part in _parts(labelled, groups, gate):
        cells = [(k, {**where, "label": name}) for k, name in enumerate(classes)]
        for kind in (ALL, *((k,) for k, cell in cells if not gate.is_absent(cell))):
            weights = _weights(part[part["label"].isin(kind)] if kind else part)
            most = None if caps is None else caps.of(kind or range(len(classes)), where)
            binding = [r for r in _change_rules(gate) if _is_over(r, column, kind, len(classes))]
            short = [rule for rule in binding if _worth(weights, most, rule) < least(rule)]
            if short:
                strictest = max(short, key=least)
                names = tuple(dict.fromkeys(f"{r.rule} {r.metric}" for r in short))
                class_name = classes[kind[0]] if kind else ""
                units = math.floor(_worth(weights, most, strictest))
                found.append(TooSmall(key, class_name, units, least(strictest), names, most))
    return sorted(found, key=lambda one: (one.units, one.group, one.kind))


def of_data(raw: RawData, *, gate: Gate) -> str:
    """Return the sentence on a data set of which no picture was read; empty: nothing to say."""
    rows = normalize_rows(raw)
    return of_rows(rows, raw.classes, raw.groups, gate, raw.max_weight)


def of_rows(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    gate: Gate,
    max_weight: Sequence[MaxWeight],
) -> str:
    """Return the sentence on the rows of all splits; see ``too_small``.

    Raises:
        ValueError: If a rule binds no group of the test rows, so that the gate would refuse it.
    """
    test, validation = (
        unasked(rows[rows["split"] == split], classes, groups, max_weight)
        for split in ("test", "validation")
    )
    if not len(test.ids):
        return ""
    own = {"label": np.asarray(test.classes)[test.labels]} if "label" in groups else {}
    refuse_rules_that_bind_nothing(replace(test, groups=test.groups | own), gate)
    caps = caps_of(test, validation if len(validation.ids) else None)
    return sentence(too_small(rows[rows["split"] == "test"], classes, groups, gate, caps))


def least(rule: Rule) -> int:
    """Return how many rows without a loss exclude a rule's limit, at its confidence."""
    return math.ceil(math.log(1 - rule.confidence) / math.log1p(-rule.limit) - 1e-9)


def sentence(small: Sequence[TooSmall]) -> str:
    """Return what is too small, and what would do; empty: nothing is."""
    if not small:
        return ""
    more = f"; and {len(small) - SHOWN:,} more" if len(small) > SHOWN else ""
    heavy = max((one.most for one in small if one.most is not None), default=0.0)
    people = (
        f" Somebody may weigh {heavy:.3g} there, so each row is believed the less for it: "
        "data.counts: people lets each person count once, and max_weight says what holds."
        if heavy > HEAVY
        else ""
    )
    return (
        f"Too few test rows to be judged, whatever the model does: "
        f"{'; '.join(map(str, small[:SHOWN]))}{more}. Add such rows, give test a larger share, "
        "join groups by names or bins, or raise the limit; a rule that need not hold there can "
        f"name its groups.{people}"
    )


def _change_rules(gate: Gate) -> list[Rule]:
    return [r for r in gate.harm_rules if r.rule in ("change", "flips") and r.against == "baseline"]


def _is_over(rule: Rule, column: str, kind: tuple[int, ...], classes: int) -> bool:
    """Tell whether a rule has a bound over rows of this kind in the groups of this column."""
    if rule.groups is not None and not set(column.split(JOIN)) <= set(rule.groups):
        return False
    metric = "flips" if rule.rule == "flips" else rule.metric
    if metric == "flips":
        return bool(kind) and column != "label"
    sides = SIDES.get(metric)
    if sides is None or (classes > 2 and sides != ALL) or column == "label":
        return False
    return not kind if sides == ALL else bool(kind) and kind[0] in sides


def _parts(
    rows: pd.DataFrame, groups: Sequence[str], gate: Gate
) -> Iterator[tuple[str, str, Mapping[str, str], pd.DataFrame]]:
    """Give column, name, values and rows of everyone, of groups and of intersections."""
    yield POOLED, "everyone", {}, rows
    columns = [name for name in groups if name != "label"]
    crossed = combinations(columns, 2) if gate.intersections and gate.sparse == "judge" else ()
    for names in (*((name,) for name in columns), *crossed):
        for values, part in rows.groupby(list(names), sort=True):
            where = dict(zip(names, map(str, values), strict=True))
            if not gate.is_absent(where):
                key = JOIN.join(f"{name}={value}" for name, value in where.items())
                yield JOIN.join(names), key, where, part


def _weights(rows: pd.DataFrame) -> np.ndarray:
    """Return the weight of each person, or of each row where nobody is named, ``(people,)``."""
    if rows.empty:
        return np.zeros(0)
    alone = pd.Series([f"row {at}" for at in range(len(rows))], rows.index, dtype=object)
    cluster_of = rows["identity"].astype(object).where(rows["identity"].notna(), alone)
    return rows["weight"].groupby(cluster_of.to_numpy()).sum().to_numpy(np.float64)


def _worth(weights: np.ndarray, most: float | None, rule: Rule) -> float:
    """Return how many rows that weigh alike the clusters are worth at a rule's limit, at most."""
    if most is None or not len(weights):
        return float(len(weights))
    odds = rule.limit / (1 - rule.limit)
    return float(np.log1p(weights / most * odds).sum() / math.log1p(odds))
