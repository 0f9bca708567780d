"""A verdict derived again from the predictions, and everything in which it differs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faircompress.second_opinion import statement
from faircompress.second_opinion.checks import PAIRS, Found, check, limits, places
from faircompress.second_opinion.rates import Models, decisions
from faircompress.second_opinion.reading import Group, Predictions, groups_of
from faircompress.second_opinion.sparse import without_sparse
from faircompress.second_opinion.statement import BOUNDS, Difference, Json

UNSTATED = ("statistic", *BOUNDS, "at_limit_lower", "at_limit_upper", "effective_n")


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
        ValueError: If predictions are missing or speak of different rows, if a rule is of a kind or
            metric that is not derived here, or if the verdict merged sparse intersections.
    """
    statement.refuse_unknown(verdict)
    statement.refuse_unlike(verdict, predictions)
    rows = predictions["candidate"]
    crossed = any(g["column"] not in ("all", *rows.groups) for g in verdict["groups"])
    every = groups_of(rows, crossed=crossed)
    listed, groups = without_sparse(verdict, rows, every)
    differences = (
        listed
        + statement.headline_differs(verdict, predictions)
        + statement.absent_differ(verdict, rows)
    )
    differences += statement.groups_differ(verdict, rows, groups)
    placed: list[Placed] = []
    for rule in verdict["rules"]:
        against = rule["against"]
        if rule["checks"] or against == "baseline" or against in verdict["models"]:
            models = _models(verdict, predictions, against, groups)
            extra, here = _placed(models, rule, groups)
            differences += extra
            placed += here
    failed = failures(placed, verdict["failures"], verdict.get("parts", 0))
    differences += _compared(placed, failed, rows.identified) + _ranks(verdict, placed)
    empty = crossed and statement.lacks_a_crossing(verdict, every)
    return differences + _outcomes(verdict, placed, failed, empty)


def _models(
    verdict: Json, predictions: Mapping[str, Predictions], against: str, groups: dict[str, Group]
) -> Models:
    pair = {name: predictions[name] for name in (against, "candidate")}
    cut = verdict["thresholds"]
    stated = {group["group"]: group["caps"] for group in verdict["groups"]}
    rows = pair["candidate"]
    caps = {n: stated.get(n, statement.declared_caps(g, rows) or None) for n, g in groups.items()}
    return Models(
        rows=rows,
        scores=np.stack([p.probabilities for p in pair.values()]),
        decided=np.stack([decisions(p, cut.get(name)) for name, p in pair.items()]),
        caps=caps,
        absent=verdict["absent"],
        by_e_value=any(
            one.get("e_value") is not None for r in verdict["rules"] for one in r["checks"]
        ),
        parts=verdict.get("parts", 0),
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
            differences.append(Difference(name(key), "check", *statement.EXTRA))
        stated[key] = one
    order = [key for key in stated if key in needed]
    lacking = [key for key in needed if key not in stated]
    differences += [Difference(name(key), "check", *statement.MISSING) for key in lacking]
    return differences, [
        Placed(name(k), rule, stated.get(k), check(models, rule, needed[k], stated.get(k)))
        for k in order + lacking
    ]


def failures(placed: list[Placed], how: str, parts: int = 0) -> dict[int, float]:
    """Return which checks fail, by index, each with the level at which it was rejected (11, 13)."""
    chains = [list(range(len(placed)))]
    if how != "Holm":
        paired = [one.rule["rule"] in PAIRS for one in placed]
        chains = [[i for i in chains[0] if paired[i] is p] for p in (False, True)]
        chains = [sorted(c, key=lambda i: _rank(placed[i]) or math.inf) for c in chains]
    failed: dict[int, float] = {}
    first: dict[int, float] = {}
    while True:
        left = [[i for i in chain if i not in failed] for chain in chains]
        levels = {}
        for chain, phi in zip(left, (0.9, 0.1) if all(left) else (1.0, 1.0), strict=False):
            for r, i in enumerate(chain, 1):
                share = 1 / len(chain) if how == "Holm" else phi / 2 ** min(r, len(chain) - 1)
                levels[i] = placed[i].rule["alpha"] / 2**parts * share
        first = first or levels
        new: dict[int, float] = {}
        for chain in left:  # one at a time: the others move up first
            out = (i for i in chain if placed[i].found.fails(levels[i], first[i]))
            new |= {i: levels[i] for i in [next(out, None)] if i is not None}
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
            numbers = {k: v for k, v in numbers.items() if k not in UNSTATED}
            single = one.rule["rule"] not in PAIRS and numbers["estimate"] is not None
            if single and "none" not in str(one.stated["method"]):
                numbers["method"] = "none"
        if not identified:
            numbers["clusters"] = None
        found += [
            Difference(one.name, key, one.stated[key], value)
            for key, value in numbers.items()
            if not statement.alike(
                key, one.stated[key], value, numbers.get("statistic") == "bounds"
            )
        ]
    return found


def _outcome(i: int, one: Placed, failed: dict[int, float]) -> str:
    return "pass" if one.found.passes else "fail" if i in failed else "inconclusive"


def _worst(outcomes: list[str]) -> str:
    return next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")


def _outcomes(
    verdict: Json, placed: list[Placed], failed: dict[int, float], empty: bool
) -> list[Difference]:
    """Compare the outcomes of rules and of the whole; costs are taken as stated.

    Groups that only validation or an earlier part has make a verdict inconclusive; no row here
    tells of them.
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
    from_elsewhere = verdict["failures"] != "Holm" or verdict.get("parts", 0) > 1
    unseen = from_elsewhere and verdict["outcome"] == "inconclusive"
    if verdict["outcome"] != whole and not (unseen and whole == "pass"):
        found.append(Difference("verdict", "outcome", verdict["outcome"], whole))
    return found
