"""One metric in one group: both models' rates, and the tests and bounds of each (3, 5 to 8)."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from faircompress.second_opinion import bets, shares
from faircompress.second_opinion.deals import Deals, deal_means, deal_rankings, seed_of, table
from faircompress.second_opinion.reading import EVERYONE, LABEL, Predictions, masks, strata

BASELINE, CANDIDATE, CHANGE = 0, 1, 2
RANKINGS = ("auroc", "cross_group_auroc")
LOWER_IS_BETTER = ("false_negative_rate", "false_positive_rate", "flips", "decision_skill")
Caps = dict[str, dict[str, float] | None]
Statistic = Callable[[int, int, float, float], float]
Bound = Callable[[int, int, float], float]


@dataclass(frozen=True)
class Rate:
    """Rates of baseline, candidate and their change; tests and bounds of ``sign`` times each.

    Args:
        values: Baseline's, candidate's, change; None: undefined.
        n: Rows that count, of the scarcer side.
        clusters: Of the scarcer side.
        effective_n: Units of equal weight.
        statistic: ``tail``, ``wealth``, ``bounds``, or ``none``: no bound is known.
        test: (which, sign, m, alpha) -> statistic of "sign x rate is at most m".
        bound: (which, sign, alpha) -> lower bound of sign x rate.
    """

    values: tuple[float, float, float] | None
    n: int = 0
    clusters: int = 0
    effective_n: float = 0.0
    statistic: str = "none"
    test: Statistic | None = None
    bound: Bound | None = None

    def lower(self, which: int, sign: int, alpha: float) -> float:
        """Return the lower bound that may be shown (5.4)."""
        assert self.bound is not None and self.values is not None
        return min(self.bound(which, sign, alpha), sign * self.values[which])

    def rejects(self, which: int, sign: int, m: float, alpha: float) -> bool:
        """Tell whether "sign x rate is at most m" is rejected."""
        found = self.at(which, sign, m, alpha)
        if found is None:
            return self.lower(which, sign, alpha) > m
        return found <= alpha if self.statistic == "tail" else found >= 1 / alpha

    def at(self, which: int, sign: int, m: float, alpha: float) -> float | None:
        """Return the statistic of "sign x rate is at most m"; None: bounds decide."""
        return self.test(which, sign, m, alpha) if self.test else None


@dataclass(frozen=True, eq=False)
class Models:
    """Two models on the same rows.

    Args:
        rows: What the candidate answered, and what the rows are.
        scores: ``(2, rows, classes)``.
        decided: Classes, ``(2, rows)``.
        caps: By group; None: its rows are alike.
        one_file: Whether both models are the same file.
    """

    rows: Predictions
    scores: np.ndarray
    decided: np.ndarray
    caps: Caps
    one_file: bool = False

    def asked(self, metric: str, group: str) -> list[int | None]:
        """Return the classes that are asked (3); None: is the decision right?"""
        classes = self.rows.classes
        if group.startswith(f"{LABEL}="):
            return [classes.index(group.removeprefix(f"{LABEL}="))]
        if len(classes) == 2:
            return [1]
        return [None] if metric == "accuracy" else list(range(len(classes)))

    def inside(self, group: str) -> np.ndarray:
        """Return which rows are looked at: of a class as group all."""
        return masks(self.rows)[EVERYONE if group.startswith(f"{LABEL}=") else group]


def decisions(rows: Predictions, threshold: float | None) -> np.ndarray:
    """Return the class that a model decides for in each row."""
    if len(rows.classes) == 2:
        return (rows.probabilities[:, 1] >= threshold).astype(int)
    return rows.probabilities.argmax(1)


@functools.cache
def rate(models: Models, metric: str, group: str, own: bool = False, k: int | None = None) -> Rate:
    """Return a metric of a group.

    Args:
        models: Both.
        metric: Of section 3; or ``decision_skill``, the AUROC of the decision (10.3).
        group: Its name.
        own: Whether the candidate's own rate is asked for, not the change.
        k: The one class that is asked; None: those of section 3.
    """
    asked = [k] if k is not None else models.asked(metric, group)
    found = [_of_class(models, metric, group, one, own) for one in asked]
    return found[0] if len(found) == 1 else mean_of(found)


def mean_of(rates: list[Rate]) -> Rate:
    """Return the mean over classes (8)."""
    there = [r for r in rates if r.values]
    if not there:
        return Rate(None)
    values = _three(*(float(np.mean([r.values[who] for r in there if r.values])) for who in (0, 1)))
    scarcest = min(there, key=lambda r: (r.effective_n, r.n))
    n, clusters, effective = scarcest.n, scarcest.clusters, scarcest.effective_n
    if any(r.statistic == "none" for r in there):
        return Rate(values, n, clusters, effective)

    def bound(which: int, sign: int, alpha: float) -> float:
        return float(np.mean([r.lower(which, sign, alpha / len(there)) for r in there]))

    return Rate(values, n, clusters, effective, "bounds", None, bound)


def _of_class(models: Models, metric: str, group: str, k: int | None, own: bool) -> Rate:
    rows, inside = models.rows, models.inside(group)
    truth = rows.labels == k
    chosen = models.decided == k
    if metric in (*RANKINGS, "decision_skill"):
        scores = models.scores[:, :, k] if metric in RANKINGS else chosen.astype(float)
        others = np.ones_like(inside) if metric == "cross_group_auroc" else inside
        return _ranking(models, scores, inside & truth, others & ~truth, group, k)
    if metric == "precision":
        return _precision(models, inside & chosen, truth, group, own)
    if metric == "accuracy":
        right = models.decided == rows.labels if k is None else chosen == truth
        return mean_rate(models, right, inside, group, "all")
    if metric == "selection_rate":
        return mean_rate(models, chosen, inside, group, "all")
    if metric == "false_positive_rate":
        return mean_rate(models, chosen, inside & ~truth, group, f"not {rows.classes[k or 0]}")
    values = ~chosen if metric == "false_negative_rate" else chosen
    return mean_rate(models, values, inside & truth, group, rows.classes[k or 0])


def flips(models: Models, group: str, label: str) -> Rate:
    """Return the share of a subgroup's rows that only the baseline has right, as candidate."""
    rows = models.rows
    right = models.decided == rows.labels
    inside = models.inside(group) & (rows.labels == rows.classes.index(label))
    values = np.stack([np.zeros(len(inside), bool), right[0] & ~right[1]])
    return mean_rate(models, values, inside, group, label)


def mean_rate(models: Models, values: np.ndarray, rows: np.ndarray, group: str, cap: str) -> Rate:
    """Return the rate of a mean over these rows: shares if they are alike, else bets."""
    r = models.rows
    clusters = len(np.unique(r.clusters[rows]))
    if clusters < 2:
        return Rate(None, int(rows.sum()), clusters)
    values, weight = values[:, rows], r.weights[rows]
    means = _three(*(float((weight * v).sum() / weight.sum()) for v in values))
    caps = models.caps[group]
    if caps is None:
        n = len(weight)
        return Rate(means, n, n, n, "tail", *_exact(values[0], values[1]))
    given = table(values.astype(float), np.ones(len(weight), bool), weight, r.clusters[rows],
                  _strata(r, rows), (caps[cap], caps[cap]))  # fmt: skip
    deals, effective = deal_means(given, seed_of(r.labels))
    return _betting(means, len(weight), clusters, effective, deals, bets.MEANS)


def _ranking(
    models: Models, scores: np.ndarray, positives: np.ndarray, negatives: np.ndarray, group: str,
    k: int | None,
) -> Rate:  # fmt: skip
    r, rows = models.rows, positives | negatives
    sides = [(int(s.sum()), len(np.unique(r.clusters[s]))) for s in (positives, negatives)]
    n, clusters = min(sides, key=lambda side: side[1])
    if clusters < 2:
        return Rate(None, n, clusters)
    name = r.classes[k or 0]
    ours, theirs = models.caps[group], models.caps[EVERYONE]
    theirs = ours if (negatives <= models.inside(group)).all() else theirs
    caps = (theirs[f"not {name}"] if theirs else 1.0, ours[name] if ours else 1.0)
    alike = not ours and not theirs
    weight = np.ones(rows.sum()) if alike else r.weights[rows]
    given = table(
        scores[:, rows], positives[rows], weight, r.clusters[rows], _strata(r, rows), caps
    )
    means = _three(*(auroc(v, given.positive, given.weight) for v in given.values))
    deals, effective = deal_rankings(given, seed_of(r.labels))
    return _betting(means, n, clusters, effective, deals, bets.RANKINGS)


def auroc(scores: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """Return the chance that a positive row scores higher than a negative, ties one half."""
    levels, at = np.unique(scores, return_inverse=True)
    up, down = (np.bincount(at, weight * side, len(levels)) for side in (positive, ~positive))
    below = np.cumsum(down) - down / 2
    return float((up * below).sum() / (up.sum() * down.sum()))


def _precision(
    models: Models, chosen: np.ndarray, truth: np.ndarray, group: str, own: bool
) -> Rate:
    r = models.rows
    sizes = []
    for c in chosen:
        _, whose = np.unique(r.clusters[c], return_inverse=True)
        total = np.bincount(whose, r.weights[c])
        kish = total.sum() ** 2 / max((total**2).sum(), 1e-300)
        sizes.append((len(total), int(c.sum()), float(kish)))
    clusters, n, effective = min(sizes, key=lambda side: side[0])
    if clusters < 2:
        return Rate(None, n, clusters)
    means = _three(*((r.weights * c * truth).sum() / (r.weights * c).sum() for c in chosen))
    if models.caps[group] is not None:
        return Rate(means, n, clusters, effective)
    if own:
        hits = truth[chosen[1]]
        return Rate(means, n, n, n, "bounds", None, _exact(hits, hits)[1])
    seed = seed_of(r.labels)

    def bound(which: int, sign: int, alpha: float) -> float:
        return shares.lower_precision_change(chosen, truth, seed, sign, alpha)

    return Rate(means, n, n, n, "bounds", None, bound)


def _exact(first: np.ndarray, second: np.ndarray) -> tuple[Statistic, Bound]:
    n, hits = len(first), (int(first.sum()), int(second.sum()))
    changed = int((first & ~second).sum()), int((~first & second).sum())  # lost, gained

    def test(which: int, sign: int, m: float, alpha: float) -> float:
        if which == CHANGE:
            lost, gained = changed[::sign]
            return shares.tail(lost, gained, n, m, alpha)
        h = hits[which]
        return float(binom.sf(h - 1, n, m) if sign > 0 else binom.cdf(h, n, -m))

    def bound(which: int, sign: int, alpha: float) -> float:
        if which == CHANGE:
            lost, gained = changed[::sign]
            return shares.lower_change(lost, gained, n, alpha)
        h = hits[which]
        return shares.lower_share(h, n, alpha) if sign > 0 else -shares.upper_share(h, n, alpha)

    return test, bound


def _betting(
    means: tuple[float, float, float],
    n: int,
    clusters: int,
    effective: float,
    deals: Deals,
    option: float,
) -> Rate:
    if effective < 0.5 or not deals.weights.any():
        return Rate(means, n, clusters, effective)
    spans = {BASELINE: (0, 1), CANDIDATE: (0, 1), CHANGE: (-1, 1)}

    def units(which: int, sign: int) -> tuple[np.ndarray, float, float]:
        first, second = deals.values
        x = sign * (second - first if which == CHANGE else deals.values[which])
        low, high = sorted(sign * edge for edge in spans[which])
        return x, low, high

    def test(which: int, sign: int, m: float, alpha: float) -> float:
        x, low, _ = units(which, sign)
        return bets.wealth(bets.game(x, deals.weights, deals.planned), m, low, alpha, option)

    def bound(which: int, sign: int, alpha: float) -> float:
        x, low, high = units(which, sign)
        return bets.lower_bound(x, deals.weights, deals.planned, low, high, alpha, option)

    return Rate(means, n, clusters, effective, "wealth", test, bound)


def _three(before: float, after: float) -> tuple[float, float, float]:
    return float(before), float(after), float(after - before)


def _strata(rows: Predictions, chosen: np.ndarray) -> np.ndarray | None:
    found = strata(rows)
    return None if found is None else found[chosen]
