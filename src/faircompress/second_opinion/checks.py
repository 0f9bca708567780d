"""The kinds of rule, and when a pass is earned: docs/statistics.md, sections 9 and 10.3."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.second_opinion import rates
from faircompress.second_opinion.rates import (
    CANDIDATE,
    CHANGE,
    LOWER_IS_BETTER,
    RANKINGS,
    Models,
    Rate,
)
from faircompress.second_opinion.reading import EVERYONE, LABEL, masks

PAIRS = ("disparity_change", "gap", "ratio")
CHANGES = ("change", "disparity_change", "excess_loss", "flips")
ROUNDS = "betting in rounds"  # a mean over classes of which section 8 lets the wealth stand
NUMBERS = ("lower", "upper", "at_limit_lower", "at_limit_upper")
Json = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What a check comes to: the numbers of verdict.json, a pass or none, and the test of fail.

    ``as_stated``: bets were placed in rounds (8), so that wealth or skill is taken as stated.
    """

    numbers: Json
    passes: bool = False
    fails: Callable[[float], bool] = lambda a: False
    as_stated: bool = False


def check(models: Models, rule: Json, stated: Json, absent: list[str]) -> Found:
    """Derive a check again, but for its place among the others (11)."""
    kind, groups = rule["rule"], [stated["group"], stated["other"]]
    one_file = models.one_file and kind in CHANGES
    if kind == "excess_loss":
        found = _excess_loss(models, rule, stated["group"])
    elif kind in PAIRS:
        own = kind != "disparity_change"
        pair = [rates.rate(models, rule["metric"], g, own) for g in groups]
        found = _pair(kind, pair, rule["limit"], rule["alpha"])
    else:
        found = _single(models, rule, stated)
    if one_file and found.numbers["estimate"] is not None:
        zeros = {k: 0.0 for k, v in found.numbers.items() if k in NUMBERS and v is not None}
        statistic = "identity" if kind == "change" else "bounds"
        found = Found(found.numbers | zeros | {"statistic": statistic}, True)
    in_rounds = rule["metric"] in ("auroc", "true_positive_rate") and all(
        len(models.asked(rule["metric"], g)) > 1 for g in groups if g
    )
    if in_rounds and stated["method"] == ROUNDS and found.numbers["estimate"] is not None:
        found = _as_stated(rule, stated, found)
    earned = found.passes and all(
        _earned(models, rule, g, stated["subgroup"], absent) for g in groups if g
    )
    skill = in_rounds and rule["metric"] == "auroc" and stated["outcome"] != "pass"
    return Found(found.numbers, earned and not skill, found.fails, found.as_stated or in_rounds)


def _as_stated(rule: Json, stated: Json, found: Found) -> Found:
    """Take wealth or bounds as stated; pass and fail must follow from them."""
    numbers = {k: stated[k] for k in found.numbers} | {"estimate": found.numbers["estimate"]}
    if rule["rule"] not in PAIRS:  # of a pair the group that is shown is the one with fewer units
        numbers |= {k: found.numbers[k] for k in ("baseline", "candidate")}
    sides = [
        (sign, stated[f"at_limit_{side}"], sign * stated[f"limit_{side}"])
        for sign, side in ((1, "lower"), (-1, "upper"))
        if stated[f"at_limit_{side}"] is not None
    ]
    wealth, level = stated["statistic"] == "wealth", stated["failed_at"]
    passes = all(
        at >= 1 / rule["alpha"] if wealth else sign * at > limit for sign, at, limit in sides
    )
    return Found(numbers, passes, lambda a: level is not None and a >= level * (1 - 1e-9), True)


def _single(models: Models, rule: Json, stated: Json) -> Found:
    kind, metric, limit, alpha = (rule[k] for k in ("rule", "metric", "limit", "alpha"))
    which = CHANGE if kind == "change" else CANDIDATE
    if kind == "flips":
        rate, lines = rates.flips(models, stated["group"], stated["subgroup"]), [(-1, -limit)]
    else:
        rate = rates.rate(models, metric, stated["group"], kind == "minimum")
        sign = -1 if metric in LOWER_IS_BETTER else 1
        lines = [(sign, -limit if kind == "change" else sign * limit)]
        if kind == "change" and metric == "selection_rate":
            lines = [(1, -limit), (-1, -limit)]
    numbers = _numbers(rate, rate.values and rate.values[which])
    if rate.statistic == "none":
        return Found(numbers)
    numbers["lower"] = rate.lower(which, 1, alpha)
    numbers["upper"] = -rate.lower(which, -1, alpha)
    for sign, m in lines:
        side = "lower" if sign > 0 else "upper"
        found = rate.at(which, sign, m, alpha)
        if found is not None:  # the test at the limit decides on which side the bound is shown
            past = rate.rejects(which, sign, m, alpha)
            bound = sign * numbers[side]
            numbers[side] = sign * (max(bound, np.nextafter(m, 1)) if past else min(bound, m))
        numbers[f"at_limit_{side}"] = numbers[side] if found is None else found

    def fails(a: float) -> bool:
        return any(rate.rejects(which, -sign, -m, a / len(lines)) for sign, m in lines)

    passes = all(rate.rejects(which, sign, m, alpha) for sign, m in lines)
    return Found(numbers, passes, fails)


def _numbers(rate: Rate, estimate: float | None, statistic: str = "") -> Json:
    values = rate.values or (None, None, None)
    return {
        "estimate": estimate, "baseline": values[0], "candidate": values[1], "lower": None,
        "upper": None, "at_limit_lower": None, "at_limit_upper": None, "n": rate.n,
        "clusters": rate.clusters, "effective_n": rate.effective_n,
        "statistic": statistic or rate.statistic,
    }  # fmt: skip


def _pair(kind: str, pair: list[Rate], limit: float, alpha: float, share: float = 1.0) -> Found:
    which = CHANGE if kind in ("disparity_change", "excess_loss") else CANDIDATE
    scarcer = min(pair, key=lambda r: r.effective_n) if kind in PAIRS else pair[0]
    if not all(r.values for r in pair):
        return Found(_numbers(scarcer, None, "none"))
    x, y = (r.values[which] for r in pair if r.values)
    if kind == "ratio":
        estimate = x / y if y else None
        least, most = limit, 1 / limit
    else:
        estimate = share * (x - y)
        least, most = -limit, limit
    if any(r.statistic == "none" for r in pair):
        return Found(_numbers(scarcer, estimate, "none"))
    numbers = _numbers(scarcer, estimate, "bounds")

    def bounds(a: float) -> tuple[float, float]:
        lower = [r.lower(which, 1, a / 2) for r in pair]
        upper = [-r.lower(which, -1, a / 2) for r in pair]
        if kind == "ratio":
            return lower[0] / upper[1], upper[0] / lower[1] if lower[1] else math.inf
        return share * (lower[0] - upper[1]), share * (upper[0] - lower[1])

    one_sided = kind == "excess_loss"

    def fails(a: float) -> bool:
        lower, upper = bounds(a if one_sided else a / 2)
        return upper < least or (not one_sided and lower > most)

    lower, upper = bounds(alpha)
    numbers["lower"] = numbers["at_limit_lower"] = lower
    numbers["upper"] = upper if math.isfinite(upper) else None
    numbers["at_limit_upper"] = None if one_sided else numbers["upper"]
    return Found(numbers, lower > least and (one_sided or upper < most), fails)


def _excess_loss(models: Models, rule: Json, group: str) -> Found:
    inside, rows = masks(models.rows)[group], models.rows
    right = models.decided == rows.labels
    pair = [rates.mean_rate(models, right, part, group, "all") for part in (inside, ~inside)]
    if models.caps[EVERYONE] is not None:
        pair = [Rate(r.values, r.n, r.clusters, r.effective_n) for r in pair]
    others = float(rows.weights[~inside].sum() / rows.weights.sum())
    return _pair("excess_loss", pair, rule["limit"], rule["alpha"], others)


def _earned(models: Models, rule: Json, group: str, label: str | None, absent: list[str]) -> bool:
    """Tell whether a pass in this group is earned (10.3)."""
    rows, inside, alpha = models.rows, models.inside(group), rule["alpha"]
    needed = [k for k in range(len(rows.classes)) if not _absent(rows.classes[k], group, absent)]
    if not group.startswith(f"{LABEL}="):
        sizes = [len(np.unique(rows.clusters[inside & (rows.labels == k)])) for k in needed]
        if min(sizes, default=0) < 2:
            return False
    k = rows.classes.index(label) if label else None
    skill = [_skill(models, rule["metric"], group, who, alpha, tuple(needed), k) for who in (0, 1)]
    if skill[CANDIDATE] <= 0:
        return False
    limits = rule["rule"] in CHANGES and not models.one_file
    return not limits or rule["limit"] <= skill[0]


@functools.cache
def _skill(
    models: Models,
    metric: str,
    group: str,
    who: int,
    alpha: float,
    needed: tuple[int, ...],
    k: int | None,
) -> float:
    """Return the lower bound of a model's skill in a group; -1: not known."""
    if metric == "auroc" and len(models.asked(metric, group)) > 1:
        return 1.0  # bet on in rounds: taken as stated
    if metric in RANKINGS:
        rate = rates.rate(models, metric, group)
        return rate.lower(who, 1, alpha) - 0.5 if rate.statistic != "none" else -1.0
    inside, r = models.inside(group), models.rows
    if k is None and len(models.asked("selection_rate", group)) > 1:
        recalls = [
            rates.mean_rate(
                models, models.decided == c, inside & (r.labels == c), group, r.classes[c]
            )
            for c in needed
        ]
        if any(one.statistic == "none" for one in recalls):
            return -1.0
        level = alpha / len(needed)
        return sum(o.lower(who, 1, level) for o in recalls) / len(needed) - 1 / len(needed)
    if models.caps[group] is not None:
        rate = rates.rate(models, "decision_skill", group, k=k)
        return 2 * rate.lower(who, 1, alpha) - 1 if rate.statistic != "none" else -1.0
    one, other = (
        rates.rate(models, m, group, k=k) for m in ("true_positive_rate", "false_positive_rate")
    )
    if not one.values or not other.values:
        return -1.0
    return one.lower(who, 1, alpha / 2) + other.lower(who, -1, alpha / 2)


def _absent(name: str, group: str, absent: list[str]) -> bool:
    """Tell whether a class of a group is declared absent, as in ``skin=dark & label=blond``."""
    parts = {f"{LABEL}={name}", *([] if group == EVERYONE else group.split(" & "))}
    return any(set(one.split(" & ")) <= parts for one in absent)
