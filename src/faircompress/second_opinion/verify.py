"""A verdict derived again from the predictions, and everything in which it differs."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.second_opinion.checks import PAIRS, Found, check, limits, places
from faircompress.second_opinion.deals import seed_of
from faircompress.second_opinion.rates import Models, decisions, is_absent
from faircompress.second_opinion.reading import LABEL, Group, Predictions, groups_of

Json = dict[str, Any]
CLOSE, BOUND, ROUNDED = 1e-9, 2e-6, 6e-4
BOUNDS = ("lower", "upper")
SHARED = ("ids", "labels", "clusters", "weights")  # by the predictions of all models
NOT_SAID = ("statistic", *BOUNDS, "at_limit_lower", "at_limit_upper", "effective_n")
MISSING, NEEDED, EXTRA, NOTHING = "missing", "needed", "there", "not needed"


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
    """A rule at a place: what the verdict states of it, if anything, and what it came to here."""

    name: str
    rule: Json
    stated: Json | None
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
    rows = predictions["candidate"]
    crossed = any(g["column"] not in ("all", *rows.groups) for g in verdict["groups"])
    groups = groups_of(rows, crossed=crossed)
    differences = _facts(verdict, predictions) + _absent(verdict, rows)
    differences += _groups(verdict, rows, groups)
    placed: list[Placed] = []
    for rule in verdict["rules"]:
        against = rule["against"]
        if rule["checks"] or against == "baseline" or against in verdict["models"]:
            models = _models(verdict, predictions, against, groups)
            extra, here = _placed(models, rule, groups)
            differences += extra
            placed += here
    failed = failures(placed, verdict["failures"])
    differences += _compared(placed, failed, rows.identified) + _ranks(verdict, placed)
    empty = crossed and _empty(verdict, groups)
    return differences + _outcomes(verdict, placed, failed, empty)


def _models(
    verdict: Json, predictions: Mapping[str, Predictions], against: str, groups: dict[str, Group]
) -> Models:
    pair = {name: predictions[name] for name in (against, "candidate")}
    cut = verdict["thresholds"]
    caps = {group["group"]: group["caps"] for group in verdict["groups"]}
    rows = pair["candidate"]
    return Models(
        rows=rows,
        scores=np.stack([p.probabilities for p in pair.values()]),
        decided=np.stack([decisions(p, cut.get(name)) for name, p in pair.items()]),
        caps={name: caps.get(name, _caps(group, rows) or None) for name, group in groups.items()},
        absent=verdict["absent"],
        one_file=pair[against].model == rows.model,
    )


def _placed(
    models: Models, rule: Json, groups: dict[str, Group]
) -> tuple[list[Difference], list[Placed]]:
    """Derive a rule at every place; name those that the verdict lacks or has too many of."""
    title = f"{rule['rule']} {rule['metric']} against {rule['against']}"
    stated: dict[tuple[str | None, ...], Json] = {}
    differences: list[Difference] = []
    needed = {p.key(models.rows.classes): p for p in places(models, rule, groups)}

    def name(key: tuple[str | None, ...]) -> str:
        return f"{title}, {' '.join(part for part in key if part)}"

    for one in rule["checks"]:
        key = one["group"], one["other"], one["subgroup"]
        if key in stated or key not in needed:
            differences.append(Difference(name(key), "check", EXTRA, NOTHING))
        stated[key] = one
    order = [key for key in stated if key in needed]
    lacking = [key for key in needed if key not in stated]
    differences += [Difference(name(key), "check", MISSING, NEEDED) for key in lacking]
    return differences, [
        Placed(name(k), rule, stated.get(k), check(models, rule, needed[k], stated.get(k)))
        for k in order + lacking
    ]


def failures(placed: list[Placed], how: str) -> dict[int, float]:
    """Return which checks fail, by index, each with the level at which it was rejected (11)."""
    chains = [list(range(len(placed)))]
    if how != "Holm":
        paired = [one.rule["rule"] in PAIRS for one in placed]
        chains = [[i for i in chains[0] if paired[i] is p] for p in (False, True)]
        chains = [sorted(c, key=lambda i: _rank(placed[i]) or math.inf) for c in chains]
    failed: dict[int, float] = {}
    while True:
        left = [[i for i in chain if i not in failed] for chain in chains]
        new = {}
        for chain, phi in zip(left, (0.9, 0.1) if all(left) else (1.0, 1.0), strict=False):
            for r, i in enumerate(chain, 1):
                share = 1 / len(chain) if how == "Holm" else phi / 2 ** min(r, len(chain) - 1)
                if placed[i].found.fails(placed[i].rule["alpha"] * share):
                    new[i] = placed[i].rule["alpha"] * share
                    break  # one at a time: the others move up first
        if not new:
            return {i: a for i, a in failed.items() if not placed[i].found.passes}
        failed |= new


def _rank(one: Placed) -> int | None:
    return one.stated["rank"] if one.stated else None


def _ranks(verdict: Json, placed: list[Placed]) -> list[Difference]:
    """Find gaps in the order in which failures are confirmed: each chain counts from 1."""
    found = []
    for paired, chain in ((False, "rules on groups"), (True, "rules on pairs")):
        ranks = [_rank(p) for p in placed if p.stated and (p.rule["rule"] in PAIRS) is paired]
        there = sorted(r for r in ranks if r is not None)
        needed = [] if verdict["failures"] == "Holm" else list(range(1, len(ranks) + 1))
        if there != needed:
            found.append(Difference(chain, "ranks", there, needed))
    return found


def _compared(placed: list[Placed], failed: dict[int, float], identified: bool) -> list[Difference]:
    found = []
    for i, one in enumerate(placed):
        if one.stated is None:
            continue
        numbers = one.found.numbers | {"outcome": _outcome(i, one, failed)}
        numbers |= {"failed_at": failed.get(i)} | limits(one.rule)
        if numbers["statistic"] == "none":  # the page does not say what stands there
            numbers = {k: v for k, v in numbers.items() if k not in NOT_SAID}
            single = one.rule["rule"] not in PAIRS and numbers["estimate"] is not None
            if single and "none" not in str(one.stated["method"]):
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


def _outcomes(
    verdict: Json, placed: list[Placed], failed: dict[int, float], empty: bool
) -> list[Difference]:
    """Compare the outcomes of rules and of the whole; costs are taken as stated.

    Groups that only validation has make a verdict inconclusive; no row here tells of them.
    """
    found, outcomes = [], [cost["outcome"] for cost in verdict["costs"]]
    outcomes += ["inconclusive"] * empty
    for rule in verdict["rules"]:
        own = [_outcome(i, one, failed) for i, one in enumerate(placed) if one.rule is rule]
        open_ = rule["against"] not in ("baseline", *verdict["models"]) and not own
        outcomes.append(rule["outcome"] if open_ else _worst(own))
        if rule["outcome"] != outcomes[-1] or (open_ and outcomes[-1] in ("pass", "fail")):
            name = f"{rule['rule']} {rule['metric']}"
            found.append(Difference(name, "outcome", rule["outcome"], outcomes[-1]))
    whole = _worst(outcomes)
    unseen = verdict["failures"] != "Holm" and (verdict["outcome"], whole) == (
        "inconclusive",
        "pass",
    )
    if verdict["outcome"] != whole and not unseen:
        found.append(Difference("verdict", "outcome", verdict["outcome"], whole))
    return found


def _facts(verdict: Json, predictions: Mapping[str, Predictions]) -> list[Difference]:
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
    lost = [Difference(f"change {m}", "rule", MISSING, NEEDED) for m in sorted(bounded - changes)]
    return lost + [
        Difference("verdict", k, stated[k], v) for k, v in found.items() if stated[k] != v
    ]


def _absent(verdict: Json, rows: Predictions) -> list[Difference]:
    """Find rows that are there although they are declared to be absent."""
    columns = rows.groups | {LABEL: np.asarray(rows.classes)[rows.labels]}
    found = []
    for condition in verdict["absent"]:
        parts = [part.split("=", 1) for part in condition.split(" & ")]
        there = np.all([columns.get(c, np.array(None)) == v for c, v in parts], axis=0)
        if np.any(there):
            found.append(Difference("verdict", "absent", condition, f"{there.sum()} rows"))
    return found


def _empty(verdict: Json, groups: dict[str, Group]) -> bool:
    """Tell whether a crossing of two groups has no row, and nothing declares it absent."""
    single = [g for g in groups.values() if len(g.where) == 1]
    return any(
        a.columns != b.columns
        and f"{a.name} & {b.name}" not in groups
        and not is_absent(a.where | b.where, verdict["absent"])
        for a, b in itertools.combinations(single, 2)
    )


def _groups(verdict: Json, rows: Predictions, groups: dict[str, Group]) -> list[Difference]:
    """Compare rows, class counts and caps of each group, and name groups that are left out."""
    stated = {group["group"]: group for group in verdict["groups"]}
    found = [Difference(n, "group", MISSING, NEEDED) for n in groups if n not in stated]
    found += [Difference(n, "group", EXTRA, NOTHING) for n in stated if n not in groups]
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
            for k, v in _caps(of, rows).items()
            if group["caps"] and not _alike(k, group["caps"].get(k), v)
        ]
        sizes = np.bincount(rows.clusters[of.own], minlength=1)
        unlike = sizes.max() > 1 or len(np.unique(rows.weights[of.own])) > 1
        if group["caps"] is None and unlike:
            found.append(Difference(name, "caps", None, "weights or clusters differ"))
    return found


def _caps(group: Group, rows: Predictions) -> dict[str, float]:
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


def _refuse_unlike(verdict: Json, predictions: Mapping[str, Predictions]) -> None:
    used = {r["against"] for r in verdict["rules"]} & set(verdict["models"])
    used |= {r["against"] for r in verdict["rules"] if r["checks"]}
    if lacking := sorted({"baseline", "candidate", *used} - set(predictions)):
        raise ValueError(
            f"predictions of {', '.join(lacking)} are missing; the verdict rests on them. Name the "
            "Parquet files too."
        )
    rows = predictions["candidate"]
    for name, other in predictions.items():
        pairs = {k: [getattr(p, k) for p in (rows, other)] for k in SHARED}
        pairs |= {f"group column {c!r}": [v, other.groups.get(c)] for c, v in rows.groups.items()}
        for key, (one, their) in pairs.items():
            if not np.array_equal(one, their):
                raise ValueError(
                    f"{key} differ between the predictions of {name} and of candidate; they must "
                    "speak of the same rows."
                )
