"""The kinds of rule: where each is tested, what it finds, and when a pass is earned (9, 10.3)."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from faircompress.second_opinion import e_values, rates
from faircompress.second_opinion.paired_proportions import CHANGE
from faircompress.second_opinion.rates import (
    CANDIDATE,
    LOWER_IS_BETTER,
    RANKINGS,
    Models,
    Rate,
)
from faircompress.second_opinion.reading import EVERYONE, Group

SIDES = ((1, "lower"), (-1, "upper"))
PAIRS = ("disparity_change", "gap", "ratio")
CHANGES = ("change", "disparity_change", "excess_loss", "flips")
NUMBERS = ("lower", "upper", "at_limit_lower", "at_limit_upper")
Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Place:
    """Where a rule is tested: a group, two, or a class of one."""

    group: Group
    other: Group | None = None
    k: int | None = None

    @property
    def groups(self) -> list[Group]:
        """Return the group, or the two."""
        return [self.group] if self.other is None else [self.group, self.other]

    def key(self, classes: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return group, second group and subgroup as a verdict names them."""
        other = None if self.other is None else self.other.name
        return self.group.name, other, None if self.k is None else classes[self.k]


@dataclass(frozen=True)
class Found:
    """What a check comes to: the numbers of verdict.json, a pass or none, and the test of fail."""

    numbers: Json
    passes: bool = False
    fails: Callable[[float, float], bool] = lambda a, first: False  # at a; asked first at (11)
    e_value: Callable[[], float] = lambda: 0.0  # against its limits (13.1)


def places(models: Models, rule: Json, groups: dict[str, Group]) -> list[Place]:
    """Return where a rule is tested (9.0)."""
    kind, metric, columns = rule["rule"], rule["metric"], rule["columns"]
    of_all = columns is None and kind not in (*PAIRS, "excess_loss")
    there = [
        g for g in groups.values()
        if (of_all if g.name == EVERYONE else columns is None or set(g.columns) <= set(columns))
    ]  # fmt: skip
    if kind == "flips":
        return [
            Place(g, k=k) for g in there for k in models.classes_needed(g)
            if g.k is None or (g.k == k and not of_all)
        ]  # fmt: skip
    there = [g for g in there if _testable(models, metric, g)]
    if kind in PAIRS:
        pairs = itertools.combinations(there, 2)
        return [Place(a, b) for a, b in pairs if a.columns == b.columns]
    return [Place(g) for g in there if kind != "excess_loss" or not g.own.all()]


def _testable(models: Models, metric: str, group: Group) -> bool:
    if metric == "cross_group_auroc" and not group.where:
        return False
    lacks = len(models.classes_needed(group)) < 2 == len(models.rows.classes)
    one_class = len(np.unique(models.rows.labels[group.asked])) < 2
    return metric == "accuracy" or not (lacks and one_class)


def check(models: Models, rule: Json, place: Place, stated: Json | None) -> Found:
    """Derive a check again, but for its place among the others (11)."""
    kind, metric = rule["rule"], rule["metric"]
    if kind == "excess_loss":
        found = _excess_loss(models, rule, place.group)
    elif kind in PAIRS:
        pair = [rates.rate(models, metric, g, kind != "disparity_change") for g in place.groups]
        found = _pair(rule, pair)
    else:
        found = _single(models, rule, place)
    known = found.numbers["estimate"] is not None
    if models.one_file and kind in CHANGES and known:
        zeros = {k: 0.0 for k, v in found.numbers.items() if k in NUMBERS and v is not None}
        statistic = "identity" if kind == "change" else "bounds"
        found = Found(
            found.numbers | zeros | {"statistic": statistic}, True, e_value=lambda: e_values.MOST
        )
    if models.by_e_value:
        return _by_e_value(models, rule, place, found, stated)
    return replace(found, passes=found.passes and _all_earned(models, rule, place))


def _by_e_value(
    models: Models, rule: Json, place: Place, found: Found, stated: Json | None
) -> Found:
    """Hold a check to its e-value; products of earlier parts are taken as stated (13)."""
    e_value, of_part = found.e_value(), {**rule, "alpha": rule["alpha"] / 2**models.parts}
    speaks = e_value > 1 if models.parts else e_value >= 1 / rule["alpha"]
    unknown = found.numbers["statistic"] == "none" and not e_value
    if unknown or (speaks and not _all_earned(models, of_part, place)):
        e_value = 1.0 if models.parts else 0.0  # a part that tells nothing leaves the product
    numbers = found.numbers | {"e_value": e_value}
    if not models.parts:
        return replace(found, numbers=numbers, passes=e_value >= 1 / rule["alpha"])
    product = e_value if models.parts == 1 or stated is None else stated["e_value_of_parts"]
    numbers |= {"e_value_of_parts": product}
    return replace(found, numbers=numbers, passes=product >= 1 / rule["alpha"])


def _all_earned(models: Models, rule: Json, place: Place) -> bool:
    return all(_earned(models, rule, group, place.k) for group in place.groups)


def limits(rule: Json) -> Json:
    """Return the lines of a rule on the scale of its estimates (9)."""
    kind, metric, limit = rule["rule"], rule["metric"], rule["limit"]
    lower, upper = (-limit, limit) if kind in CHANGES else (limit, limit)
    if kind == "ratio":
        upper = 1 / limit
    if kind == "gap":
        lower = -limit
    both = kind in PAIRS or (kind == "change" and metric == "selection_rate")
    falls = kind == "excess_loss" or metric not in LOWER_IS_BETTER
    return {
        "limit_lower": lower if both or falls else None,
        "limit_upper": upper if both or not falls else None,
    }


def _single(models: Models, rule: Json, place: Place) -> Found:
    kind, metric, alpha, sides = rule["rule"], rule["metric"], rule["alpha"], limits(rule)
    which = CHANGE if kind == "change" else CANDIDATE
    tests = [(s, side, s * sides[f"limit_{side}"]) for s, side in SIDES if sides[f"limit_{side}"]]
    if kind == "flips":
        rate = rates.flips(models, place.group, place.k or 0)
    else:
        rate = rates.rate(models, metric, place.group, kind == "minimum")
    numbers = _numbers(rate, rate.values and rate.values[which], rate.statistic)
    if rate.statistic == "none":
        return Found(numbers)
    numbers |= {"lower": rate.lower(which, 1, alpha), "upper": -rate.lower(which, -1, alpha)}
    for sign, side, m in tests:
        if rate.test is not None:  # the test at the limit decides on which side the bound is shown
            past = rate.rejects(which, sign, m, alpha)
            bound = sign * numbers[side]
            numbers[side] = sign * (max(bound, np.nextafter(m, 1)) if past else min(bound, m))
        numbers[f"at_limit_{side}"] = (
            rate.test(which, sign, m, alpha) if rate.test else numbers[side]
        )

    def fails(a: float, first: float) -> bool:
        n = len(tests)
        return any(rate.rejects(which, -sign, -m, a / n, first / n) for sign, _, m in tests)

    passes = all(rate.rejects(which, sign, m, alpha) for sign, _, m in tests)
    lines = [(sign, m) for sign, _, m in tests]
    return Found(numbers, passes, fails, lambda: e_values.single(rate, which, lines, alpha))


def _numbers(rate: Rate, estimate: float | None, statistic: str) -> Json:
    values = rate.values or (None, None, None)
    return dict.fromkeys(NUMBERS) | {
        "estimate": estimate, "baseline": values[0], "candidate": values[1], "n": rate.n,
        "clusters": rate.clusters, "effective_n": rate.effective_n, "statistic": statistic,
    }  # fmt: skip


def _pair(rule: Json, pair: list[Rate], share: float = 1.0) -> Found:
    kind, alpha = rule["rule"], rule["alpha"]
    which = CHANGE if kind in ("disparity_change", "excess_loss") else CANDIDATE
    scarcer = min(pair, key=lambda r: round(r.effective_n, 3)) if kind in PAIRS else pair[0]
    undefined = next((r for r in pair if not r.values), None)
    if undefined:
        return Found(_numbers(undefined, None, "none") | {"baseline": None, "candidate": None})
    x, y = (r.values[which] for r in pair if r.values)
    ratio, (least, most) = kind == "ratio", limits(rule).values()
    estimate = share * (x - y) if not ratio else x / y if y else None
    if any(r.statistic == "none" for r in pair):
        return Found(_numbers(scarcer, estimate, "none"))

    def bounds(a: float) -> tuple[float, float]:
        lower = [r.lower(which, 1, a / 2) for r in pair]
        upper = [-r.lower(which, -1, a / 2) for r in pair]
        if ratio:
            return lower[0] / upper[1], upper[0] / lower[1] if lower[1] else math.inf
        return share * (lower[0] - upper[1]), share * (upper[0] - lower[1])

    def fails(_: float, first: float) -> bool:
        lower, upper = bounds(first if most is None else first / 2)
        return upper < least or (most is not None and lower > most)

    lower, upper = bounds(alpha)
    shown = upper if math.isfinite(upper) else None
    numbers = _numbers(scarcer, estimate, "bounds") | {
        "lower": lower, "at_limit_lower": lower, "upper": shown,
        "at_limit_upper": None if most is None else shown,
    }  # fmt: skip
    passes = lower > least and (most is None or upper < most)
    return Found(numbers, passes, fails, lambda: e_values.pair(rule, pair))


def _excess_loss(models: Models, rule: Json, group: Group) -> Found:
    rows, inside = models.rows, group.own
    right = models.decided == rows.labels
    two = [rates.mean_rate(models, right, part, group, "all") for part in (inside, ~inside)]
    shown = two
    if models.caps[EVERYONE] is not None:
        shown = [replace(r, statistic="none") for r in two]
    others = float(rows.weights[~inside].sum() / rows.weights.sum())
    found = _pair(rule, shown, others)
    return replace(found, e_value=lambda: e_values.excess_loss(models, rule, group, two))


def _earned(models: Models, rule: Json, group: Group, k: int | None) -> bool:
    """Tell whether a pass in this group is earned (10.3)."""
    rows, metric, needed = models.rows, rule["metric"], models.classes_needed(group)
    if metric != "accuracy" or group.k is None:
        own = metric == "cross_group_auroc" and len(rows.classes) == 2
        sides = [group.asked & (rows.labels == c) for c in ([1] if own else needed)]
        if min((len(np.unique(rows.clusters[side])) for side in sides), default=0) < 2:
            return False
    skill = [_skill(models, metric, group, model, rule["alpha"], k) for model in (0, 1)]
    limits = rule["rule"] in CHANGES and not models.one_file
    return skill[CANDIDATE] > 0 and (not limits or rule["limit"] <= skill[0])


def _skill(
    models: Models, metric: str, group: Group, model: int, alpha: float, k: int | None
) -> float:
    """Return the lower bound of a model's skill in a group; -1: not known."""
    if metric in RANKINGS:
        return _lower(rates.rate(models, metric, group), model, 1, alpha) - 0.5
    if k is None and len(models.classes_asked("selection_rate", group)) > 1:
        needed = models.classes_needed(group)
        recalls = [rates.rate(models, "true_positive_rate", group, k=c) for c in needed]
        bounds = [_lower(one, model, 1, alpha / len(needed)) for one in recalls]
        return min(bounds) if min(bounds) < 0 else (sum(bounds) - 1) / len(needed)
    if models.caps[group.name] is not None:
        return 2 * _lower(rates.rate(models, "decision_skill", group, k=k), model, 1, alpha) - 1
    hits, alarms = (
        rates.rate(models, metric, group, k=k)
        for metric in ("true_positive_rate", "false_positive_rate")
    )
    return _lower(hits, model, 1, alpha / 2) + _lower(alarms, model, -1, alpha / 2)


def _lower(rate: Rate, model: int, sign: int, alpha: float) -> float:
    return rate.lower(model, sign, alpha) if rate.statistic != "none" else -2.0
