"""A verdict derived again from the predictions, and every number in which it differs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from faircompress.second_opinion.checks import PAIRS, Found, check
from faircompress.second_opinion.deals import seed_of
from faircompress.second_opinion.rates import Models, decisions
from faircompress.second_opinion.reading import EVERYONE, LABEL, Predictions, masks, where

Json = dict[str, Any]
CLOSE, BOUND, ROUNDED = 1e-9, 2e-6, 6e-4
BOUNDS = ("lower", "upper")
NOT_SAID = ("statistic", *BOUNDS, "at_limit_lower", "at_limit_upper", "effective_n")


@dataclass(frozen=True)
class Difference:
    """A value that the verdict states and the predictions do not give."""

    where: str
    key: str
    stated: object
    found: object

    def __str__(self) -> str:
        return f"{self.where}: {self.key} is {self.stated!r} in the verdict, {self.found!r} here"


@dataclass(frozen=True)
class Placed:
    """A check of the verdict with what it came to here."""

    name: str
    rule: Json
    stated: Json
    found: Found


def verify(verdict: Json, predictions: Mapping[str, Predictions]) -> list[Difference]:
    """Derive a verdict again.

    Args:
        verdict: ``verdict.json``, schema 2.
        predictions: By model as the verdict names it: ``baseline``, ``candidate`` and the
            ``against`` of its rules.

    Returns:
        Where the verdict differs; empty: it agrees.

    Raises:
        ValueError: If predictions are missing or speak of different rows.
    """
    _refuse_unlike(verdict, predictions)
    caps = {group["group"]: group["caps"] for group in verdict["groups"]}
    rows = predictions["candidate"]
    found = _facts(verdict, predictions) + _groups(verdict, rows)
    placed = []
    for rule in verdict["rules"]:
        if rule["checks"]:
            models = _models(verdict, predictions, rule["against"], caps)
            for one in rule["checks"]:
                place = " ".join(str(one[k]) for k in ("group", "other", "subgroup") if one[k])
                name = f"{rule['rule']} {rule['metric']} against {rule['against']}, {place}"
                found_here = check(models, rule, one, verdict["absent"])
                if one.get("e_value") is not None:
                    found_here = replace(found_here, passes=_by_e_value(rule, one))
                placed.append(Placed(name, rule, one, found_here))
    failed = failures(placed, verdict["failures"], verdict.get("parts", 0))
    return found + _compared(placed, failed, rows.identified) + _outcomes(verdict, placed, failed)


def _models(
    verdict: Json, predictions: Mapping[str, Predictions], against: str, caps: Json
) -> Models:
    names = (against, "candidate")
    pair = [predictions[name] for name in names]
    return Models(
        rows=pair[1],
        scores=np.stack([p.probabilities for p in pair]),
        decided=np.stack([
            decisions(p, verdict["thresholds"].get(name))
            for p, name in zip(pair, names, strict=True)
        ]),
        caps=caps,
        one_file=pair[0].model == pair[1].model,
    )  # fmt: skip


def _by_e_value(rule: Json, stated: Json) -> bool:
    """Tell whether a check passes by its e-value, or that of all parts, taken as stated (13)."""
    product = stated.get("e_value_of_parts")
    return bool((stated["e_value"] if product is None else product) >= 1 / rule["alpha"])


def failures(placed: list[Placed], how: str, parts: int = 0) -> dict[int, float]:
    """Return which checks fail, by index, each with the level at which it was rejected (11, 13)."""
    chains = [list(range(len(placed)))]
    if how != "Holm":
        paired = [one.rule["rule"] in PAIRS for one in placed]
        chains = [[i for i in chains[0] if paired[i] is p] for p in (False, True)]
        chains = [sorted(c, key=lambda i: placed[i].stated["rank"]) for c in chains]
    failed: dict[int, float] = {}
    while True:
        left = [[i for i in chain if i not in failed] for chain in chains]
        new = {}
        for chain, phi in zip(left, (0.9, 0.1) if all(left) else (1.0, 1.0), strict=False):
            for r, i in enumerate(chain, 1):
                share = 1 / len(chain) if how == "Holm" else phi / 2 ** min(r, len(chain) - 1)
                level = placed[i].rule["alpha"] / 2**parts * share
                if placed[i].found.fails(level):
                    new[i] = level
                    break  # one at a time: the others move up first
        if not new:
            return {i: a for i, a in failed.items() if not placed[i].found.passes}
        failed |= new


def _compared(placed: list[Placed], failed: dict[int, float], identified: bool) -> list[Difference]:
    found = []
    for i, one in enumerate(placed):
        numbers = one.found.numbers | {"outcome": _outcome(i, one, failed)}
        numbers |= {"failed_at": failed.get(i)}
        if numbers["statistic"] == "none":  # the page does not say what stands there
            numbers = {k: v for k, v in numbers.items() if k not in NOT_SAID}
            if numbers["estimate"] is not None and "none" not in str(one.stated["method"]):
                numbers["method"] = "none"
        if not identified:
            numbers["clusters"] = None
        found += [
            Difference(one.name, key, one.stated[key], value)
            for key, value in numbers.items()
            if not _alike(key, one.stated[key], value, numbers.get("statistic") == "bounds")
        ]
    return found


def _outcome(i: int, one: Placed, failed: dict[int, float]) -> str:
    return "pass" if one.found.passes else "fail" if i in failed else "inconclusive"


def _alike(key: str, stated: Any, found: Any, bounds: bool = False) -> bool:
    if stated is None or found is None or isinstance(found, str):
        return bool(stated == found)
    if key == "effective_n":
        return abs(stated - found) <= ROUNDED
    if key in BOUNDS or (bounds and key.startswith("at_limit")):
        return abs(stated - found) <= BOUND
    if key.startswith("at_limit"):
        return stated == found or (
            min(stated, found) > 0 and abs(math.log(stated / found)) <= 10 * CLOSE
        )
    return abs(stated - found) <= CLOSE * max(1, abs(stated))


def _worst(outcomes: list[str]) -> str:
    return next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")


def _outcomes(verdict: Json, placed: list[Placed], failed: dict[int, float]) -> list[Difference]:
    """Compare the outcomes of rules and of the whole; costs are taken as stated."""
    by_rule: dict[int, list[str]] = {}
    for i, one in enumerate(placed):
        by_rule.setdefault(id(one.rule), []).append(_outcome(i, one, failed))
    found, all_ = [], [cost["outcome"] for cost in verdict["costs"]]
    for rule in verdict["rules"]:
        if rule["checks"]:
            all_.append(_worst(by_rule[id(rule)]))
            if rule["outcome"] != all_[-1]:
                name = f"{rule['rule']} {rule['metric']}"
                found.append(Difference(name, "outcome", rule["outcome"], all_[-1]))
    all_ = [o for o in all_ if o != "not tested"]
    if verdict["outcome"] != _worst(all_):
        found.append(Difference("verdict", "outcome", verdict["outcome"], _worst(all_)))
    return found


def _facts(verdict: Json, predictions: Mapping[str, Predictions]) -> list[Difference]:
    """Compare hashes, classes, rows, seed and the number of checks."""
    rows = predictions["candidate"]
    found = {
        "seed": seed_of(rows.labels), "rows": len(rows.ids), "classes": list(rows.classes),
        "data": rows.data, "checks": sum(len(rule["checks"]) for rule in verdict["rules"]),
    }  # fmt: skip
    differences = [
        Difference("verdict", k, verdict[k], v) for k, v in found.items() if verdict[k] != v
    ]
    return differences + [
        Difference("verdict", f"models.{name}", verdict["models"].get(name), p.model)
        for name, p in predictions.items()
        if verdict["models"].get(name) != p.model
    ]


def _groups(verdict: Json, rows: Predictions) -> list[Difference]:
    """Compare rows, class counts and caps of each group, and name groups that are left out."""
    there, stated = masks(rows), {group["group"]: group for group in verdict["groups"]}
    found = [
        Difference("verdict", "groups", None, name)
        for name in there
        if " & " not in name and name not in stated
    ]
    for name, group in stated.items():
        inside = there.get(name, np.zeros(len(rows.ids), bool))
        of_class = name.startswith(f"{LABEL}=")  # its question concerns all rows (3)
        here: Json = {"rows": len(rows.ids) if of_class else int(inside.sum())}
        if len(rows.classes) == 2:
            positive = inside if of_class else inside & (rows.labels == 1)
            here["positives"] = int(positive.sum())
            here["negatives"] = here["rows"] - here["positives"]
        found += [Difference(name, k, group[k], v) for k, v in here.items() if group[k] != v]
        found += [
            Difference(name, f"caps.{k}", group["caps"][k], v)
            for k, v in _caps(name, rows).items()
            if group["caps"] and not _alike(k, group["caps"].get(k), v)
        ]
        if group["caps"] is None and _unlike(rows, inside):
            found.append(Difference(name, "caps", None, "weights or clusters differ"))
    return found


def _unlike(rows: Predictions, inside: np.ndarray) -> bool:
    sizes = np.bincount(rows.clusters[inside], minlength=1)
    return bool(sizes.max() > 1 or len(np.unique(rows.weights[inside])) > 1)


def _caps(group: str, rows: Predictions) -> dict[str, float]:
    """Return the caps of a group as declared (2.1); empty: none was."""
    if not rows.max_weight:
        return {}
    by_class = any(LABEL in one["where"] for one in rows.max_weight)

    def most(place: dict[str, str]) -> float:
        return max(
            one["most"]
            for one in rows.max_weight
            if all(one["where"].get(c, v) == v for c, v in place.items())
        )

    place = where(group, rows)
    caps = {name: most({**place, LABEL: name}) for name in rows.classes}
    join = sum if by_class else max
    found = {f"not {k}": join(v for c, v in caps.items() if c != k) for k in caps}
    return caps | found | {"all": join(caps.values())}


def _refuse_unlike(verdict: Json, predictions: Mapping[str, Predictions]) -> None:
    needed = {"baseline", "candidate"} | {
        rule["against"] for rule in verdict["rules"] if rule["checks"]
    }
    if lacking := sorted(needed - set(predictions)):
        raise ValueError(
            f"predictions of {', '.join(lacking)} are missing; the verdict rests on them. Name the "
            "Parquet files too."
        )
    rows = predictions["candidate"]
    for name, other in predictions.items():
        for key in ("ids", "labels", "clusters", "weights"):
            if not np.array_equal(getattr(rows, key), getattr(other, key)):
                raise ValueError(
                    f"{key} differ between the predictions of {name} and of candidate; they must "
                    "speak of the same rows."
                )
        if EVERYONE in other.groups:
            raise ValueError(f"predictions of {name} have a group column {EVERYONE!r}")
