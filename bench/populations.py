"""Populations with harm exactly at a limit, drawn at random: for bench/worst_scenarios.py."""

import math
from dataclasses import dataclass, replace

import numpy as np

HEAVIEST, MOST_ROWS = 20.0, 20
FEWEST, MOST = 60, 1200  # clusters of a class
METRICS = ("auroc", "share", "flips", "mean recall", "mean auroc")
SHARES = (0.45, 0.2, 0.1, 0.12, 0.13)  # of the scenarios


@dataclass(frozen=True)
class Kind:
    """Clusters of one kind, among those of a class.

    Args:
        share: Of the clusters.
        rows: That each has.
        weight: Of each row.
        right: Chance that the baseline has a row right.
        lost: Chance that a row that was right no longer is.
        gained: The reverse.
    """

    share: float
    rows: int
    weight: float
    right: float
    lost: float
    gained: float


@dataclass(frozen=True)
class Scenario:
    """One population with harm exactly at the limit, and how it is sampled.

    Args:
        metric: One of ``METRICS``; those of a mean are over several classes.
        clusters: Drawn of each class.
        kinds: Of clusters, of each class.
        fixed: Were the counts of kinds (or, of several classes, of classes) fixed beforehand?
        mixed: Share of the positive clusters that have as many negative rows, too.
        together: Do all rows of a cluster fare alike?
        ties: Does a lost row tie instead of falling below?
        slack: The cap over the heaviest that there is.
        limit: And the true fall.
        alpha: Chance of error.
    """

    metric: str
    clusters: tuple[int, ...]
    kinds: tuple[tuple[Kind, ...], ...]
    fixed: bool
    mixed: float
    together: bool
    ties: bool
    slack: float
    limit: float
    alpha: float


def draw_scenario(number: int) -> Scenario | None:
    """Draw a scenario by its number; None: no harm of this shape reaches the limit."""
    rng = np.random.default_rng([number, 11])
    limit = float(rng.choice([0.02, 0.03, 0.05, 0.10]))
    metric = str(rng.choice(METRICS, p=SHARES))
    ties = metric == "auroc" and rng.random() < 0.25
    classes = {"auroc": 2, "share": 1, "flips": 1}.get(metric, int(rng.integers(3, 9)))
    most = MOST if classes < 3 else 300
    clusters = np.exp(rng.uniform(math.log(FEWEST), math.log(most), classes)).round().astype(int)
    fixed = bool(rng.random() < 0.3)
    sides = [_kinds(rng) for _ in range(classes)]
    if fixed and classes < 3:
        sides = [rounded(kinds, n) for kinds, n in zip(sides, clusters, strict=True)]
    harmed = _sides_harmed(metric, sides, limit, rng, ties=ties)
    if harmed is None:
        return None
    return Scenario(
        metric,
        tuple(map(int, clusters)),
        tuple(harmed),
        fixed=fixed,
        mixed=0.0 if fixed else float(rng.choice([0, 0, 0.3, 1.0])),
        together=bool(rng.random() < 0.7),
        ties=bool(ties),
        slack=float(rng.choice([1.0, 1.5])),
        limit=limit,
        alpha=float(rng.choice([0.05, 0.025, 0.0125])),
    )


def _kinds(rng: np.random.Generator) -> tuple[Kind, ...]:
    count = int(rng.integers(1, 4))
    return tuple(
        Kind(
            share=float(share),
            rows=int(rng.choice(np.array([1, 1, rng.integers(1, MOST_ROWS + 1)]))),
            weight=float(rng.choice([1.0, rng.uniform(0.05, 1), rng.uniform(1, HEAVIEST)])),
            right=float(rng.choice([1.0, rng.uniform(0.6, 1)])),
            lost=0.0,
            gained=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.3)])),
        )
        for share in rng.dirichlet(np.ones(count))
    )


def rounded(kinds: tuple[Kind, ...], clusters: int) -> tuple[Kind, ...]:
    """Give each kind a whole number of clusters."""
    counts = counts_of(kinds, clusters)
    return tuple(replace(k, share=c / clusters) for k, c in zip(kinds, counts, strict=True) if c)


def counts_of(kinds: tuple[Kind, ...], clusters: int) -> np.ndarray:
    """Return how many clusters each kind has where counts are fixed."""
    ends = np.rint(np.cumsum([kind.share for kind in kinds]) * clusters).astype(int)
    ends[-1] = clusters
    return np.diff(ends, prepend=0)


def _sides_harmed(
    metric: str,
    sides: list[tuple[Kind, ...]],
    fall: float,
    rng: np.random.Generator,
    *,
    ties: bool,
) -> list[tuple[Kind, ...]] | None:
    """Let some class lose as much as makes the metric fall so far."""
    if metric == "flips":
        sides = [tuple(replace(kind, gained=0.0) for kind in kinds) for kinds in sides]
    if metric == "auroc":  # the other side only scales it, if it does not change
        at = int(rng.integers(2))
        least = 2 * fall if ties else fall / rate(sides[1 - at])
        worse = _harmed(sides[at], least, rng)
        calm = tuple(replace(kind, gained=0.0) for kind in sides[1 - at])
        both = [calm, worse] if at else [worse, calm]
        return None if worse is None else [kinds for kinds in both if kinds is not None]
    hit = int(rng.choice([1, max(len(sides) // 2, 1), len(sides)]))
    found = [_harmed(kinds, fall * len(sides) / hit, rng) for kinds in sides[:hit]]
    if None in found:
        return None
    others = [tuple(replace(kind, gained=0.0) for kind in kinds) for kinds in sides[hit:]]
    return [kinds for kinds in found if kinds is not None] + others


def weights_of(kinds: tuple[Kind, ...]) -> np.ndarray:
    """Return each kind's share of all weight."""
    weights = np.array([kind.share * kind.rows * kind.weight for kind in kinds])
    return weights / weights.sum()


def rate(kinds: tuple[Kind, ...]) -> float:
    """Return the share that the baseline has right, by weight."""
    return float(sum(q * kind.right for q, kind in zip(weights_of(kinds), kinds, strict=True)))


def _harmed(
    kinds: tuple[Kind, ...], fall: float, rng: np.random.Generator
) -> tuple[Kind, ...] | None:
    """Let one kind lose as much as makes the rate of all fall so far, what others gain included."""
    q, at = weights_of(kinds), int(rng.integers(len(kinds)))
    won = sum(w * (1 - kind.right) * kind.gained for w, kind in zip(q, kinds, strict=True))
    lost = (fall + won) / (q[at] * kinds[at].right)
    if lost > 1:
        return None
    return (*kinds[:at], replace(kinds[at], lost=float(lost)), *kinds[at + 1 :])


@dataclass(frozen=True, eq=False)
class Side:
    """Rows of a class as drawn; all arrays are ``(rows,)``."""

    cluster: np.ndarray
    kind: np.ndarray
    weights: np.ndarray
    before: np.ndarray
    after: np.ndarray


def draw_side(scenario: Scenario, at: int, clusters: int, rng: np.random.Generator) -> Side:
    """Draw the rows of a class: whose, their weights, right before, right after."""
    kinds = scenario.kinds[at]
    if scenario.fixed and len(scenario.kinds) < 3:
        of = np.repeat(np.arange(len(kinds)), counts_of(kinds, clusters))
    else:
        of = rng.choice(len(kinds), clusters, p=[kind.share for kind in kinds])
    table = np.array([[k.rows, k.weight, k.right, k.lost, k.gained] for k in kinds])[of]
    who = np.repeat(np.arange(clusters), table[:, 0].astype(int))
    together = scenario.together
    chance = rng.random((2, clusters))[:, who] if together else rng.random((2, len(who)))
    _, weights, right, lost, gained = table[who].T
    before = chance[0] < right
    after = np.where(before, chance[1] >= lost, chance[1] < gained)
    return Side(who, of[who], weights, before, after)
