"""What a verdict states of its rows and groups, compared with the predictions."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.second_opinion.deals import seed_of
from faircompress.second_opinion.rates import is_absent
from faircompress.second_opinion.reading import LABEL, Group, Predictions
from faircompress.support.errors import InputError

Json = dict[str, Any]
CLOSE, BOUND, ROUNDED = 1e-9, 2e-6, 6e-4
BOUNDS = ("lower", "upper")
SHARED = ("ids", "labels", "clusters", "weights")  # by the predictions of all models
KINDS = ("change", "minimum", "flips", "gap", "ratio", "disparity_change", "excess_loss")
METRICS = (
    "auroc", "cross_group_auroc", "accuracy", "precision", "selection_rate", "true_positive_rate",
    "false_negative_rate", "false_positive_rate", "negative_flips",
)  # fmt: skip
MISSING, EXTRA = ("missing", "needed"), ("there", "not needed")  # in the verdict, here


@dataclass(frozen=True)
class Difference:
    """A value that the verdict states and the predictions do not give."""

    where: str
    key: str
    stated: object
    found: object

    def __str__(self) -> str:
        return f"{self.where}: {self.key} is {self.stated!r} in the verdict, {self.found!r} here"


def alike(key: str, stated: Any, found: Any, bounds: bool = False) -> bool:
    """Tell whether two numbers of a key agree, as section 15 asks."""
    if stated is None or found is None or isinstance(found, str):
        return bool(stated == found)
    if key == "effective_n":
        return abs(stated - found) <= ROUNDED
    if key in BOUNDS or (bounds and key.startswith("at_limit")):
        return abs(stated - found) <= BOUND
    if key.startswith("e_value"):  # far below 1 their digits say nothing
        return bool(abs(stated - found) <= 10 * CLOSE * max(1, stated, found))
    if key.startswith("at_limit"):
        return stated == found or (
            min(stated, found) > 0 and abs(math.log(stated / found)) <= 10 * CLOSE
        )
    return abs(stated - found) <= CLOSE * max(1, abs(stated))


def headline_differs(verdict: Json, predictions: Mapping[str, Predictions]) -> list[Difference]:
    """Compare hashes, classes, rows, seed, the number of checks, and that no rule was left out."""
    rows = predictions["candidate"]
    found = {
        "seed": seed_of(rows.labels), "rows": len(rows.ids), "classes": list(rows.classes),
        "data": rows.data, "checks": sum(len(rule["checks"]) for rule in verdict["rules"]),
    }  # fmt: skip
    stated = {k: verdict[k] for k in found}
    found |= {f"models.{name}": p.model for name, p in predictions.items()}
    stated |= {f"models.{name}": verdict["models"].get(name) for name in predictions}
    changes = {r["metric"] for r in verdict["rules"] if r["rule"] == "change"}
    bounded = {
        metric
        for group in verdict["groups"]
        for metric, of in group.get("metrics", {}).items()
        if of["confidence"] is not None  # a rule on its change was tested (15)
    }
    lost = [Difference(f"change {m}", "rule", *MISSING) for m in sorted(bounded - changes)]
    return lost + [
        Difference("verdict", k, stated[k], v) for k, v in found.items() if stated[k] != v
    ]


def absent_differ(verdict: Json, rows: Predictions) -> list[Difference]:
    """Find rows that are there although they are declared to be absent."""
    columns = rows.groups | {LABEL: np.asarray(rows.classes)[rows.labels]}
    found = []
    for condition in verdict["absent"]:
        parts = [part.split("=", 1) for part in condition.split(" & ")]
        there = np.all([columns.get(c, np.array(None)) == v for c, v in parts], axis=0)
        if np.any(there):
            found.append(Difference("verdict", "absent", condition, f"{there.sum()} rows"))
    return found


def lacks_a_crossing(verdict: Json, groups: dict[str, Group]) -> bool:
    """Tell whether a crossing of two groups has no row, and nothing declares it absent."""
    single = [g for g in groups.values() if len(g.where) == 1]
    return any(
        a.columns != b.columns
        and f"{a.name} & {b.name}" not in groups
        and not is_absent(a.where | b.where, verdict["absent"])
        for a, b in itertools.combinations(single, 2)
    )


def groups_differ(verdict: Json, rows: Predictions, groups: dict[str, Group]) -> list[Difference]:
    """Compare rows, class counts and caps of each group, and name groups that are left out."""
    stated = {group["group"]: group for group in verdict["groups"]}
    found = [Difference(n, "group", *MISSING) for n in groups if n not in stated]
    found += [Difference(n, "group", *EXTRA) for n in stated if n not in groups]
    for name, group in stated.items():
        if name not in groups:
            continue
        of = groups[name]
        here: Json = {"rows": int(of.asked.sum())}
        if of.k is not None or len(rows.classes) == 2:
            positive = of.asked & (rows.labels == (1 if of.k is None else of.k))
            here["positives"] = int(positive.sum())
            here["negatives"] = here["rows"] - here["positives"]
        found += [Difference(name, k, group[k], v) for k, v in here.items() if group[k] != v]
        found += [
            Difference(name, f"caps.{k}", group["caps"][k], v)
            for k, v in declared_caps(of, rows).items()
            if group["caps"] and not alike(k, group["caps"].get(k), v)
        ]
        sizes = np.bincount(rows.clusters[of.own], minlength=1)
        unlike = sizes.max() > 1 or len(np.unique(rows.weights[of.own])) > 1
        if group["caps"] is None and unlike:
            found.append(Difference(name, "caps", None, "weights or clusters differ"))
    return found


def declared_caps(group: Group, rows: Predictions) -> dict[str, float]:
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

    caps = {name: most({**group.where, LABEL: name}) for name in rows.classes}
    join = sum if by_class else max
    found = {f"not {k}": join(v for c, v in caps.items() if c != k) for k in caps}
    return caps | found | {"all": join(caps.values())}


def refuse_unknown(verdict: Json) -> None:
    """Raise ValueError if a rule is of a kind or metric that this program does not derive."""
    for key, known in (("rule", KINDS), ("metric", METRICS)):
        for name in sorted({rule[key] for rule in verdict["rules"]} - set(known)):
            raise InputError(
                f"the {key} {name!r} is not among what is derived here: {', '.join(known)}. State "
                "it in docs/statistics.md and derive it in second_opinion/, or leave that rule out."
            )


def refuse_unlike(verdict: Json, predictions: Mapping[str, Predictions]) -> None:
    """Raise ValueError if predictions are missing or speak of different rows."""
    used = {r["against"] for r in verdict["rules"]} & set(verdict["models"])
    used |= {r["against"] for r in verdict["rules"] if r["checks"]}
    if lacking := sorted({"baseline", "candidate", *used} - set(predictions)):
        raise InputError(
            f"predictions of {', '.join(lacking)} are missing; the verdict rests on them. Name the "
            "Parquet files too."
        )
    rows = predictions["candidate"]
    for name, other in predictions.items():
        pairs = {k: [getattr(p, k) for p in (rows, other)] for k in SHARED}
        pairs |= {f"group column {c!r}": [v, other.groups.get(c)] for c, v in rows.groups.items()}
        for key, (one, their) in pairs.items():
            if not np.array_equal(one, their):
                raise InputError(
                    f"{key} differ between the predictions of {name} and of candidate; they must "
                    "speak of the same rows."
                )
