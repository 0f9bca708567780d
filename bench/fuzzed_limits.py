"""Populations with harm exactly at the limit in one group, for bench/audit_fuzz.py.

A population is drawn by its number: a rule, two kinds of people in the group at risk (rows,
weights, losses and gains), sizes, alpha, and what is done to each set (bench/fuzzed_sets.py).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from fuzzed_tables import ALL_ROWS

SEED = 79
METRICS = (
    "true_positive_rate", "auroc", "flips", "accuracy", "selection_rate", "cross_group_auroc",
    "disparity", "excess_loss", "minimum", "gap", "ratio", "recall",
)  # fmt: skip
PAIRS = ("disparity", "gap", "ratio")
OWN = ("minimum", "gap", "ratio")  # the candidate's own rate is at the limit
LEVELS = (0.1, 0.05, 0.025)


@dataclass(frozen=True)
class Population:
    """One group at risk, and how it is asked about.

    Args:
        metric: One of ``METRICS``.
        limit: And the true harm.
        alpha: Chance of error.
        people: Positives drawn of the group at risk.
        rare: Share of its people that are of the first kind.
        rows: Of a person of either kind.
        weight: Of a row of either kind.
        wrong: Chance that the baseline has a positive wrong.
        lost: Chance that a right one is lost, of either kind.
        gained: Chance that a wrong one is gained.
        changes: What is done to each set.
    """

    metric: str
    limit: float
    alpha: float
    people: int
    rare: float
    rows: tuple[int, int]
    weight: tuple[float, float]
    wrong: float
    lost: tuple[float, float]
    gained: float
    changes: tuple[str, ...]


def population(number: int) -> Population:
    """Draw a population by its number."""
    rng = np.random.default_rng([number, SEED])
    while True:
        found = _drawn(rng)
        if found is not None:
            return found


def _drawn(rng: np.random.Generator) -> Population | None:
    metric = str(rng.choice(METRICS))
    limit = float(rng.choice([0.03, 0.05, 0.1, 0.15]))
    alike = metric == "excess_loss" or rng.random() < 0.5
    rows = (
        (1, 1)
        if alike or rng.random() < 0.4
        else (int(rng.integers(1, 6)), int(rng.integers(1, 4)))
    )
    weight = (1.0, 1.0) if alike or rng.random() < 0.5 else (float(rng.choice([2.0, 5.0])), 1.0)
    rare = float(rng.choice([0.1, 0.3, 0.5]))
    wrong = float(rng.choice([0.0, 0.0, 0.1]))
    gained = float(rng.choice([0.0, 0.5])) if wrong else 0.0
    lost = _lost(metric, limit, (rare, rows, weight), wrong, gained, rng)
    if lost is None:
        return None
    # so many that a pass is near: some 1.2 to 3 times what it takes without harm
    least = math.log(1 / 0.05) / -math.log(1 - limit)
    people = int(np.clip(least * rng.uniform(1.2, 3), 40, 300))
    chosen = rng.choice(CHANGES, int(rng.integers(0, 4)), replace=False)
    alpha = float(rng.choice(LEVELS))
    changes = tuple(name for name in map(str, chosen) if _admitted(name, metric, rows, weight))
    return Population(
        metric, limit, alpha, people, rare, rows, weight, wrong, lost, gained, changes
    )


def _lost(
    metric: str,
    limit: float,
    kinds: tuple[float, tuple[int, int], tuple[float, float]],
    wrong: float,
    gained: float,
    rng: np.random.Generator,
) -> tuple[float, float] | None:
    """Return the chances to lose a right row with which harm is at the limit; None: none are."""
    rare, rows, weight = kinds
    mass = np.array([rare, 1 - rare]) * rows * np.array(weight)
    mass /= mass.sum()
    target = limit * (2 if metric in ALL_ROWS else 1)  # half of the rows are positives
    if metric in OWN:  # a rate of 1 - wrong before
        target = 1 - own_rate(metric, limit) - wrong
    if metric == "recall":  # a mean of three classes, of which one is harmed
        target = 3 * limit
    need = target + (0 if metric == "flips" else wrong * gained)
    both = need / (1 - wrong)
    one = both / mass[0]
    if both <= 0 or both > 1:
        return None
    return (one, 0.0) if one <= 1 and rng.random() < 0.7 else (both, both)


def own_rate(metric: str, limit: float) -> float:
    """Return the candidate's rate in the group at risk; the other group has 1."""
    return {"minimum": 1 - 2 * limit, "gap": 1 - limit, "ratio": 1 - limit}[metric]


def rule_of(of: Population) -> dict[str, Any]:
    """Return the rule as an audit is given it."""
    kind, metric = {
        "flips": ("flips", ""), "disparity": ("disparity_change", "true_positive_rate"),
        "excess_loss": ("excess_loss", "accuracy"), "recall": ("change", "true_positive_rate"),
        "minimum": ("minimum", "true_positive_rate"), "gap": ("gap", "true_positive_rate"),
        "ratio": ("ratio", "true_positive_rate"),
    }.get(of.metric, ("change", of.metric))  # fmt: skip
    limit = of.limit
    if of.metric in ("minimum", "ratio"):
        limit = own_rate(of.metric, limit)
    if of.metric == "excess_loss":
        limit *= 0.5  # half of all rows are of the group at risk
    return {"rule": kind, "limit": limit} | ({"metric": metric} if metric else {})


def _admitted(name: str, metric: str, rows: tuple[int, int], weight: tuple[float, float]) -> bool:
    alike = rows == (1, 1) and weight == (1.0, 1.0)
    if metric == "excess_loss":  # the claim is about the set's own mix of groups
        return name in ("repeat", "copies", "round", "float32", "noise column", "permute", "types")
    return {
        "thin by class": metric not in ALL_ROWS,
        "repeat": alike, "copies": alike, "split group": metric not in PAIRS,
        "own clusters": alike, "counts clusters": rows[0] == rows[1] and weight == (1.0, 1.0),
    }.get(name, True)  # fmt: skip


CHANGES = (
    "thin", "thin by class", "thin by group", "drop one", "repeat", "copies", "split group",
    "validation", "round", "float32", "units", "new group", "noise column", "own clusters",
    "counts clusters", "permute", "types",
)  # fmt: skip


def drawn_set(of: Population, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the rows of a set."""
    label_share = 3 if of.metric == "recall" else 2
    people = of.people * label_share
    parts = []
    for group in ("b", "a"):
        kind = (rng.random(people) >= of.rare).astype(int)
        fixed = np.arange(people) % label_share  # counts of classes are given
        label = rng.integers(2, size=people) if of.metric in ALL_ROWS else fixed
        rows = np.array(of.rows)[kind]
        risk = (group == "b") & (label == label_share - 1)
        right = ~(risk & (rng.random(people) < of.wrong))
        lost = risk & right & (rng.random(people) < np.array(of.lost)[kind])
        gained = ~right & (rng.random(people) < of.gained)
        one = pd.DataFrame({"who": [f"{group}{k}" for k in range(people)], "g": group, "y": label})
        one["w"] = np.array(of.weight)[kind]
        one["_d"], one["_s"] = right, np.where(lost, False, right | gained)
        parts.append(one.loc[np.repeat(np.arange(people), rows)])
    return scored(pd.concat(parts, ignore_index=True), label_share, rng)


def scored(frame: pd.DataFrame, classes: int, rng: np.random.Generator) -> pd.DataFrame:
    """Give rows scores by which both models are right or wrong of them, all different."""
    rows, label = len(frame), frame["y"].to_numpy()
    sure, low = rng.uniform(0.7, 0.98, rows), rng.uniform(0.002, 0.015, rows)
    for name in ("d", "s"):
        noise = 1 + 1e-3 * rng.random(rows)
        true = np.where(frame[f"_{name}"], sure, low) * noise
        if classes == 2:
            negative = 0.3 - 0.25 * (sure - 0.7) / 0.28  # 0.05 to 0.3, above all that is lost
            frame[name] = np.where(label == 1, true, negative * noise)
            continue
        for k in range(classes):
            rest = (1 - true) / (classes - 1) * (1 + 0.1 * ((k - label) % classes == 1))
            frame[f"{name}_{k}"] = np.where(label == k, true, rest)
        columns = [f"{name}_{k}" for k in range(classes)]
        frame[columns] = frame[columns].div(frame[columns].sum(axis=1), axis=0)
    frame["id"] = [f"r{k:05d}" for k in rng.permutation(rows)]
    return frame.drop(columns=["_d", "_s"])
