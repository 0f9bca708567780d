"""Changed scenarios with harm exactly at their limit: how bench/worst_scenarios.py climbs.

A scenario is changed in one or two of its parts, and what is lost is then multiplied by one number
so that the metric falls by exactly the limit again.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from populations import FEWEST, HEAVIEST, MOST, MOST_ROWS, Kind, Scenario, rate, rounded, weights_of

Change = Callable[[Scenario, np.random.Generator], Scenario]
TRIES = 40


def mutated(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Return a changed scenario, harm exactly at its limit; the same one if no change allows it."""
    for _ in range(TRIES):
        found: Scenario | None = scenario
        for at in rng.choice(len(CHANGES), int(rng.integers(1, 3)), replace=False):
            found = CHANGES[at](found, rng) if found else None
        found = at_limit(found) if found else None
        if found is not None and found != scenario:
            return found
    return scenario


def fall(scenario: Scenario) -> float:
    """Return by how much the metric truly falls."""
    sides = scenario.kinds
    falls = [_lost(kinds) - _won(kinds) for kinds in sides]
    if scenario.metric != "auroc":
        return sum(falls) / len(sides)
    before = [rate(kinds) for kinds in sides]
    after = [r - f for r, f in zip(before, falls, strict=True)]
    if scenario.ties:  # a tie counts half: the mean of both shares right
        return sum(falls) / 2
    return before[0] * before[1] - after[0] * after[1]


def at_limit(scenario: Scenario) -> Scenario | None:
    """Multiply what is lost so that the metric falls by the limit; None: no number does."""
    if scenario.fixed and len(scenario.kinds) < 3:
        whole = [rounded(k, n) for k, n in zip(scenario.kinds, scenario.clusters, strict=True)]
        scenario = replace(scenario, kinds=tuple(whole))
    scenario = _calm(scenario)
    none, now = (fall(_times(scenario, factor)) for factor in (0.0, 1.0))
    if now - none < 1e-9:
        return None
    found = _times(scenario, (scenario.limit - none) / (now - none))
    losses = [kind.lost for kinds in found.kinds for kind in kinds]
    if not all(0 <= lost <= 1 for lost in losses) or abs(fall(found) - scenario.limit) > 1e-9:
        return None
    return found


def _calm(scenario: Scenario) -> Scenario:
    """Take away what only helps: gains among flips, and on the side of a ranking without harm."""

    def still(kinds: tuple[Kind, ...]) -> bool:
        harmed = any(kind.lost for kind in kinds)
        return scenario.metric == "flips" or scenario.metric == "auroc" and not harmed

    kinds = [
        tuple(replace(k, gained=0.0) for k in of) if still(of) else of for of in scenario.kinds
    ]
    return replace(scenario, kinds=tuple(kinds))


def _times(scenario: Scenario, factor: float) -> Scenario:
    kinds = tuple(tuple(replace(k, lost=k.lost * factor) for k in of) for of in scenario.kinds)
    return replace(scenario, kinds=kinds)


def _lost(kinds: tuple[Kind, ...]) -> float:
    q = weights_of(kinds)
    return float(sum(w * k.right * k.lost for w, k in zip(q, kinds, strict=True)))


def _won(kinds: tuple[Kind, ...]) -> float:
    q = weights_of(kinds)
    return float(sum(w * (1 - k.right) * k.gained for w, k in zip(q, kinds, strict=True)))


def _kind(scenario: Scenario, rng: np.random.Generator, change: Callable[[Kind], Kind]) -> Scenario:
    """Change one kind of one class."""
    at = int(rng.integers(len(scenario.kinds)))
    of = list(scenario.kinds[at])
    which = int(rng.integers(len(of)))
    of[which] = change(of[which])
    total = sum(kind.share for kind in of)
    of = [replace(kind, share=kind.share / total) for kind in of]
    return replace(scenario, kinds=(*scenario.kinds[:at], tuple(of), *scenario.kinds[at + 1 :]))


def _weight(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    by = math.exp(rng.normal(0, 0.7))
    return _kind(
        scenario, rng, lambda k: replace(k, weight=min(max(k.weight * by, 0.05), HEAVIEST))
    )


def _rows(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    rows = int(rng.choice(np.array([1, 1, rng.integers(1, MOST_ROWS + 1)])))
    return _kind(scenario, rng, lambda k: replace(k, rows=rows))


def _share(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    by = math.exp(rng.normal(0, 0.7))
    return _kind(scenario, rng, lambda k: replace(k, share=k.share * by))


def _right(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    right = float(rng.choice([1.0, rng.uniform(0.6, 1)]))
    return _kind(scenario, rng, lambda k: replace(k, right=right))


def _gained(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    gained = float(rng.choice([0.0, rng.uniform(0, 0.3)]))
    return _kind(scenario, rng, lambda k: replace(k, gained=gained))


def _moved(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Let another kind of a harmed class lose, too, or alone."""
    alone, part = rng.random() < 0.5, float(rng.uniform(0.05, 1))
    harmed = [at for at, of in enumerate(scenario.kinds) if any(k.lost for k in of)]
    at = int(rng.choice(harmed))
    of = list(scenario.kinds[at])
    if alone:
        of = [replace(kind, lost=0.0) for kind in of]
    which = int(rng.integers(len(of)))
    of[which] = replace(of[which], lost=part)
    return replace(scenario, kinds=(*scenario.kinds[:at], tuple(of), *scenario.kinds[at + 1 :]))


def _split(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Cut a kind in two, or drop one."""
    at = int(rng.integers(len(scenario.kinds)))
    of = list(scenario.kinds[at])
    if len(of) > 1 and rng.random() < 0.5:
        of.pop(int(rng.integers(len(of))))
    elif len(of) < 4:
        kind = of[int(rng.integers(len(of)))]
        of.append(replace(kind, share=kind.share * float(rng.uniform(0.02, 1))))
    total = sum(kind.share for kind in of)
    of = [replace(kind, share=kind.share / total) for kind in of]
    return replace(scenario, kinds=(*scenario.kinds[:at], tuple(of), *scenario.kinds[at + 1 :]))


def _clusters(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    at = int(rng.integers(len(scenario.clusters)))
    most = MOST if len(scenario.kinds) < 3 else 300
    n = round(scenario.clusters[at] * math.exp(rng.normal(0.2, 0.5)))
    clusters = list(scenario.clusters)
    clusters[at] = min(max(n, FEWEST), most)
    return replace(scenario, clusters=tuple(clusters))


def _design(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Change how rows are sampled."""
    fixed = bool(rng.random() < 0.3)
    return replace(
        scenario,
        fixed=fixed,
        mixed=0.0 if fixed else float(rng.choice([0, 0.3, 1.0])),
        together=bool(rng.random() < 0.7),
        ties=scenario.metric == "auroc" and bool(rng.random() < 0.25),
        slack=float(rng.choice([1.0, 1.5])),
    )


def _asked(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    limit = float(rng.choice([0.02, 0.03, 0.05, 0.10]))
    return replace(scenario, limit=limit, alpha=float(rng.choice([0.05, 0.025, 0.0125])))


CHANGES: tuple[Change, ...] = (
    _weight, _rows, _share, _right, _gained, _moved, _split, _clusters, _clusters, _design, _asked,
)  # fmt: skip
