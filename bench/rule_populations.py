"""Two groups under one rule, its limit exactly at the truth: for bench/worst_rules.py.

Clusters are of a few kinds (bench/populations.py), drawn for each group. A *right* row is decided
positive where it counts as a positive, and negative where it counts as a negative. Nothing is
solved for: the limit is what the drawn population truly has, if that is a limit of usual size.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from populations import Kind, Scenario, Side, draw_side, rate, rounded, weights_of

from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions

RULES = (
    ("gap", "true_positive_rate"), ("gap", "false_positive_rate"), ("gap", "selection_rate"),
    ("gap", "auroc"), ("ratio", "true_positive_rate"), ("ratio", "selection_rate"),
    ("disparity_change", "true_positive_rate"), ("disparity_change", "false_positive_rate"),
    ("disparity_change", "auroc"), ("excess_loss", "accuracy"), ("minimum", "true_positive_rate"),
    ("minimum", "false_positive_rate"), ("minimum", "auroc"), ("change", "cross_group_auroc"),
    ("change", "false_positive_rate"), ("change", "selection_rate"),
)  # fmt: skip
RANKINGS = ("auroc", "cross_group_auroc")
SIZES = {"ratio": (0.5, 0.97), "minimum": (0.4, 0.99)}  # of limits; of others:
SIZE, OF_RISES = (0.015, 0.3), (0.01, 0.4)  # and of a rate that should be low
HEAVIEST, MOST_ROWS, FEWEST, MOST = 20.0, 20, 40, 500
Pair = tuple[Predictions, Predictions]


@dataclass(frozen=True)
class Case:
    """A rule and a population whose true value is the rule's limit.

    Args:
        rule: Kind of rule.
        metric: Its metric.
        clusters: Of each side: those of group a, then of group b; of a ranking negatives first.
        kinds: Of clusters, of each side.
        fixed: Were the counts of kinds fixed beforehand?
        shared: Share of b's clusters that have a's rows, too.
        together: Do all rows of a cluster fare alike?
        turned: Are decisions the other way round, so that harm is too much of it?
        slack: The cap over the heaviest that there is.
        alpha: Chance of error.
        earned: Do e-values decide?
    """

    rule: str
    metric: str
    clusters: tuple[int, ...]
    kinds: tuple[tuple[Kind, ...], ...]
    fixed: bool
    shared: float
    together: bool
    turned: bool
    slack: float
    alpha: float
    earned: bool

    @property
    def alike(self) -> bool:
        """Tell whether every cluster is one row of weight 1."""
        return all(k.rows == 1 and k.weight == 1 for of in self.kinds for k in of)


def draw_case(number: int) -> Case | None:
    """Draw a case by its number; None: what it truly has is no limit of usual size."""
    rng = np.random.default_rng([number, 21])
    rule, metric = RULES[int(rng.integers(len(RULES)))]
    alike = bool(rng.random() < 0.35)
    sides = 4 if metric == "auroc" else 2
    most = 200 if metric in RANKINGS else MOST
    case = Case(
        rule,
        metric,
        tuple(int(n) for n in np.exp(rng.uniform(math.log(FEWEST), math.log(most), sides))),
        tuple(_kinds(rng, alike) for _ in range(sides)),
        fixed=bool(rng.random() < 0.25),
        shared=0.0 if alike else float(rng.choice([0, 0, 0.5, 1.0])),
        together=bool(rng.random() < 0.7),
        turned=bool(rng.random() < 0.5),
        slack=float(rng.choice([1.0, 1.5])),
        alpha=float(rng.choice([0.05, 0.025, 0.0125])),
        earned=bool(rng.random() < 0.2),
    )
    return fit(case)


def fit(case: Case) -> Case | None:
    """Return a case with whole counts; None: its true value is no limit of usual size."""
    if case.rule == "excess_loss":  # with clusters a share of the test set is luck: e-values only
        case = replace(case, earned=case.earned or not case.alike, shared=0.0, fixed=False)
    if case.fixed:
        whole = [rounded(k, n) for k, n in zip(case.kinds, case.clusters, strict=True)]
        case = replace(case, kinds=tuple(whole), shared=0.0)
    rising = case.rule == "minimum" and case.metric == "false_positive_rate"
    least, most = OF_RISES if rising else SIZES.get(case.rule, SIZE)
    return case if least <= limit_of(case) <= most else None


def changed(case: Case, rng: np.random.Generator) -> Case:
    """Return a case like another; the same, if no change of forty fits."""
    for _ in range(40):
        at = int(rng.integers(len(case.kinds)))
        of = list(case.kinds[at])
        which = int(rng.integers(len(of)))
        fresh = _kinds(rng, case.alike)[0]
        key = str(rng.choice(["share", "rows", "weight", "right", "lost", "gained"]))
        of[which] = replace(of[which], **{key: getattr(fresh, key)})
        total = sum(kind.share for kind in of)
        of = [replace(kind, share=kind.share / total) for kind in of]
        clusters = list(case.clusters)
        if rng.random() < 0.5:
            clusters[at] = min(
                max(round(clusters[at] * math.exp(rng.normal(0, 0.5))), FEWEST), MOST
            )
        found = fit(
            replace(
                case,
                kinds=(*case.kinds[:at], tuple(of), *case.kinds[at + 1 :]),
                clusters=tuple(clusters),
                turned=bool(rng.random() < 0.2) ^ case.turned,
                together=bool(rng.random() < 0.2) ^ case.together,
            )
        )
        if found is not None and found != case:
            return found
    return case


def _kinds(rng: np.random.Generator, alike: bool) -> tuple[Kind, ...]:
    count = int(rng.integers(1, 4))
    return tuple(
        Kind(
            share=float(share),
            rows=1 if alike else int(rng.choice(np.array([1, 1, rng.integers(1, MOST_ROWS + 1)]))),
            weight=1.0 if alike else float(rng.choice([1.0, rng.uniform(0.05, HEAVIEST)])),
            right=float(rng.choice([1.0, rng.uniform(0.4, 1)])),
            lost=float(rng.choice([0.0, rng.uniform(0, 0.3), 1.0], p=[0.5, 0.35, 0.15])),
            gained=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.4)])),
        )
        for share in rng.dirichlet(np.ones(count))
    )


def _after(kinds: tuple[Kind, ...]) -> float:
    q = weights_of(kinds)
    return float(
        sum(
            w * (k.right * (1 - k.lost) + (1 - k.right) * k.gained)
            for w, k in zip(q, kinds, strict=True)
        )
    )


def _weight(case: Case, at: int) -> float:
    return case.clusters[at] * sum(k.share * k.rows * k.weight for k in case.kinds[at])


def limit_of(case: Case) -> float:
    """Return the limit at which the population's harm is; 0 or less: it has none."""
    before, after = [rate(k) for k in case.kinds], [_after(k) for k in case.kinds]
    if case.metric == "cross_group_auroc":  # a's positives against all negatives, which are b's
        return before[0] * before[1] - after[0] * after[1]
    if case.metric in RANKINGS:
        before, after = ([x[0] * x[1], x[2] * x[3]] for x in (before, after))
    falls = [b - a for b, a in zip(before, after, strict=True)]
    if case.rule == "gap":
        return abs(after[0] - after[1])
    if case.rule == "ratio":
        least, most = sorted(1 - x if _turned(case) else x for x in after)
        return least / most if most else 0.0
    if case.rule == "disparity_change":
        return abs(falls[0] - falls[1])
    if case.rule == "excess_loss":
        weights = _weight(case, 0), _weight(case, 1)
        return (falls[0] - falls[1]) * weights[1] / sum(weights)
    if case.rule == "minimum":
        return 1 - after[0] if case.metric == "false_positive_rate" else after[0]
    return abs(falls[0]) if case.metric == "selection_rate" else falls[0]


def _turned(case: Case) -> bool:
    return case.turned and case.metric == "selection_rate"


def draw_pair(case: Case, rng: np.random.Generator) -> Pair:
    """Draw both models' predictions of one test set."""
    scenario = Scenario(
        "", case.clusters, case.kinds[:2], case.fixed, 0.0, case.together, False, case.slack,
        0.05, case.alpha,
    )  # fmt: skip
    counts = np.array(case.clusters)
    if case.rule == "excess_loss" and case.earned:  # a cluster's group is part of what is drawn
        counts = np.maximum(rng.multinomial(counts.sum(), counts / counts.sum()), 1)
    sides = []
    for at, n in enumerate(counts):
        one = replace(scenario, kinds=(case.kinds[at],))
        sides.append(draw_side(one, 0, int(n), rng))
    first = np.cumsum(counts) - counts
    ranked, positive = case.metric in RANKINGS, case.metric != "false_positive_rate"
    group, label, who, scores = [], [], [], []
    for at, side in enumerate(sides):
        size = len(side.cluster)
        up = bool(at % 2) if ranked else positive
        own = "ba"[at] if case.metric == "cross_group_auroc" else "ab"[at * 2 // len(sides)]
        group.append(np.full(size, own))
        label.append(np.full(size, int(up)))
        same = rng.random(int(counts[at])) < case.shared
        of_first = at >= len(sides) // 2 and case.shared > 0
        twin = first[at - len(sides) // 2] + side.cluster
        known = same[side.cluster] & (side.cluster < counts[at - len(sides) // 2])
        who.append(np.where(known & of_first, twin, first[at] + side.cluster))
        scores.append(np.stack([_score(x, up, ranked) for x in (side.before, side.after)]))
    labels = np.concatenate(label)
    both = np.concatenate(scores, axis=1)
    if case.metric in ("selection_rate", "accuracy"):
        both, labels = _of_all(case, both, np.concatenate(who), rng)
    return _predictions(case, sides, np.concatenate(group), labels, np.concatenate(who), both)


def _score(right: np.ndarray, up: bool, ranked: bool) -> np.ndarray:
    """Return probabilities of the positive class."""
    if not ranked:
        return np.where(right == up, 0.9, 0.1)
    return np.where(right, 0.6, 0.1) if up else np.where(right, 0.4, 0.9)


def _of_all(
    case: Case, scores: np.ndarray, who: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Let clusters be of either class; a right row is selected, or (accuracy) decided rightly."""
    labels = (rng.random(int(who.max()) + 1) < 0.5)[who].astype(int)
    if case.metric == "selection_rate":
        return (1 - scores if case.turned else scores), labels
    return np.where(labels == 1, scores, 1 - scores), labels


def _predictions(
    case: Case, sides: list[Side], group: np.ndarray, labels: np.ndarray, who: np.ndarray,
    scores: np.ndarray,
) -> Pair:  # fmt: skip
    kind = np.concatenate([s.kind + 10 * at for at, s in enumerate(sides)])
    heaviest = case.slack * max(k.rows * k.weight for of in case.kinds for k in of)
    cap = heaviest * (2 if case.shared else 1)
    ids = np.char.zfill(np.arange(len(group)).astype(str), 6)
    baseline = Predictions(
        ids=ids,
        labels=labels,
        probabilities=np.stack([1 - scores[0], scores[0]], axis=1),
        groups={"g": group, "kind": kind.astype(str)} if case.fixed else {"g": group},
        identities=None if case.alike else np.char.zfill(who.astype(str), 6),
        weights=np.concatenate([s.weights for s in sides]),
        classes=("no", "yes"),
        model="baseline",
        data="drawn",
        max_weight=() if case.alike else (MaxWeight(cap),),
        fixed_counts=("kind",) if case.fixed else (),
    )
    after = np.stack([1 - scores[1], scores[1]], axis=1)
    return baseline, replace(baseline, probabilities=after, model="candidate")
