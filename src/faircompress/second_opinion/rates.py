"""One metric in one group: both models' rates, and the tests and bounds of each (3, 5 to 8)."""

import functools
from dataclasses import dataclass, field, replace

import numpy as np

from faircompress.second_opinion import betting
from faircompress.second_opinion import paired_proportions as exact
from faircompress.second_opinion.class_rounds import deal_rounds
from faircompress.second_opinion.deals import Deals, deal_means, deal_rankings, seed_of, table
from faircompress.second_opinion.paired_proportions import CHANGE, Bound, EValues, Statistic
from faircompress.second_opinion.reading import EVERYONE, Group, Predictions, strata

BASELINE, CANDIDATE = 0, 1
RANKINGS = ("auroc", "cross_group_auroc")
LOWER_IS_BETTER = ("false_negative_rate", "false_positive_rate", "negative_flips")


@dataclass(frozen=True, eq=False)
class Rate:
    """Rates of baseline, candidate and their change; tests and bounds of ``sign`` times each."""

    values: tuple[float, float, float] | None  # baseline's, candidate's, change; None: undefined
    n: int = 0  # rows that count, of the scarcer side
    clusters: int = 0
    effective_n: float = 0.0  # units of equal weight
    statistic: str = "none"  # tail, wealth, bounds; none: no bound is known
    test: Statistic | None = None  # (which, sign, m, alpha) -> of "sign x rate is at most m"
    bound: Bound | None = None  # (which, sign, alpha) -> lower bound of sign x rate
    e_values: EValues | None = None  # as of ``test``, at several m (13.1)
    alike: tuple[int, int, int, int] | None = None  # rows, candidate's hits, lost and gained

    def lower(self, which: int, sign: int, alpha: float) -> float:
        """Return the lower bound that may be shown (5.4)."""
        assert self.bound is not None and self.values is not None
        return min(self.bound(which, sign, alpha), sign * self.values[which])

    def rejects(
        self, which: int, sign: int, m: float, alpha: float, made_for: float | None = None
    ) -> bool:
        """Tell whether "sign x rate is at most m" is rejected, by the statistic made for a level.

        That level is ``alpha`` if ``made_for`` is None.
        """
        aim = made_for or alpha
        if self.test is None:
            return self.lower(which, sign, aim) > m
        found = self.test(which, sign, m, aim)
        return found <= alpha if self.statistic == "tail" else found >= 1 / alpha


@dataclass(frozen=True, eq=False)
class Models:
    """Two models on the same rows."""

    rows: Predictions  # what the candidate answered, and what the rows are
    scores: np.ndarray  # (2, rows, classes)
    decided: np.ndarray  # classes, (2, rows)
    caps: dict[str, dict[str, float] | None]  # by group; None: its rows are alike
    absent: list[str]  # what the rows lack by design
    one_file: bool = False
    by_e_value: bool = False  # are looks earned, or may they be topped up (13)?
    parts: int = 0  # which part of a look that may be topped up these rows are (13); 0: none
    known: dict[tuple[object, ...], Rate] = field(default_factory=dict)

    def classes_asked(self, metric: str, group: Group) -> list[int | None]:
        """Return the classes that are asked (3); None: is the decision right?"""
        if group.k is not None:
            return [group.k]
        if len(self.rows.classes) == 2:
            return [1]
        return [None] if metric == "accuracy" else list(range(len(self.rows.classes)))

    def classes_needed(self, group: Group) -> list[int]:
        """Return the classes that are not declared to be absent in a group."""
        places = [group.where | {"label": name} for name in self.rows.classes]
        return [k for k, place in enumerate(places) if not is_absent(place, self.absent)]


def decisions(rows: Predictions, threshold: float | None) -> np.ndarray:
    """Return the class that a model decides for in each row."""
    if len(rows.classes) == 2:
        return (rows.probabilities[:, 1] >= threshold).astype(int)
    return rows.probabilities.argmax(1)


def is_absent(place: dict[str, str], absent: list[str]) -> bool:
    """Tell whether rows with these values are declared to be absent."""
    parts = {f"{column}={value}" for column, value in place.items()}
    return any(set(one.split(" & ")) <= parts for one in absent)


def rate(m: Models, metric: str, group: Group, own: bool = False, k: int | None = None) -> Rate:
    """Return a metric of a group.

    Args:
        m: Both models.
        metric: Of section 3; or ``decision_skill``, the AUROC of the decision (10.3).
        group: The group.
        own: Whether the candidate's own rate is asked for, not the change.
        k: The one class that is asked; None: those of section 3.
    """
    key = (metric, group.name, own, k)
    if key not in m.known:
        asked = [k] if k is not None else m.classes_asked(metric, group)
        found = [_of_class(m, metric, group, one, own) for one in asked]
        whole = _in_rounds(m, metric, group, found) if len(found) > 1 else None
        m.known[key] = whole or (found[0] if len(found) == 1 else mean_of(found))
    return m.known[key]


def mean_of(rates: list[Rate]) -> Rate:
    """Return the mean over classes (8)."""
    there = [r for r in rates if r.values]
    if not there:
        return rates[0]
    values = _three(*(float(np.mean([r.values[i] for r in there if r.values])) for i in (0, 1)))
    scarcest = min(there, key=lambda r: round(r.effective_n, 3))
    size = scarcest.n, scarcest.clusters, scarcest.effective_n
    if any(r.statistic == "none" for r in there):
        return Rate(values, *size)

    def bound(which: int, sign: int, alpha: float) -> float:
        return float(np.mean([r.lower(which, sign, alpha / len(there)) for r in there]))

    return Rate(values, *size, "bounds", None, functools.cache(bound))


def _in_rounds(m: Models, metric: str, group: Group, parts: list[Rate]) -> Rate | None:
    """Return the mean over classes by rounds (8.1); None: it is the mean of bounds."""
    r, inside = m.rows, group.asked
    ranked = metric == "auroc"
    if not all(p.values for p in parts) or metric not in ("auroc", "true_positive_rate"):
        return None
    label, caps = r.labels[inside], m.caps[group.name]
    scores = m.scores if ranked else (m.decided == r.labels)[:, :, None].astype(float)
    keys = [np.unique(s, axis=0, return_inverse=True)[1].ravel() for s in scores[:, inside]]
    weight = r.weights[inside] if caps else np.ones(len(label))
    rows = np.arange(len(label))
    given = table(
        np.stack([*keys, rows]), label, weight, r.clusters[inside], strata(r, inside), (1.0, 1.0)
    )
    at = given.values[2]
    given = replace(given, values=scores[:, inside][:, at])
    spans = len(r.classes) / 2 if r.identified else 1.0
    most = np.array([spans * caps[name] if caps else 1.0 for name in r.classes])
    deals = deal_rounds(given, label[at], most, seed_of(r.labels), ranked)
    effective = float(deals.planned.mean())
    if effective < len(most):
        return None
    sizes = []
    for k in range(len(most)):
        own, rest = inside & (r.labels == k), inside & (r.labels != k)
        sides = [_size(r, side) for side in ((own, rest) if ranked else (own,))]
        sizes.append(min(sides, key=lambda size: size[1]))
    n, clusters, kish = min(sizes, key=lambda size: size[2])
    means = _three(*(float(np.mean([p.values[w] for p in parts if p.values])) for w in (0, 1)))
    option = betting.RANKINGS if ranked else betting.MEANS
    return _betting(means, n, clusters, kish, deals, effective, option)


def _of_class(m: Models, metric: str, group: Group, k: int | None, own: bool) -> Rate:
    labels, inside, name = m.rows.labels, group.asked, m.rows.classes[k or 0]
    truth, chosen = labels == k, m.decided == k
    if metric in (*RANKINGS, "decision_skill"):
        scores = m.scores[:, :, k] if metric in RANKINGS else chosen.astype(float)
        across = metric == "cross_group_auroc"
        return _ranking(m, scores, inside & truth, ~truth & (inside | across), group, name, across)
    if metric == "precision":
        return _precision(m, inside & chosen, truth, group, own)
    values, rows, cap = {
        "accuracy": (m.decided == labels if k is None else chosen == truth, inside, "all"),
        "selection_rate": (chosen, inside, "all"),
        "true_positive_rate": (chosen, inside & truth, name),
        "false_negative_rate": (~chosen, inside & truth, name),
        "false_positive_rate": (chosen, inside & ~truth, f"not {name}"),
    }[metric]
    return mean_rate(m, values, rows, group, cap, own)


def flips(m: Models, group: Group, k: int) -> Rate:
    """Return the share of a subgroup's rows that only the baseline has right, as candidate."""
    right = m.decided == m.rows.labels
    values = np.stack([np.zeros(len(right[0]), bool), right[0] & ~right[1]])
    rows = group.asked & (m.rows.labels == k)
    return mean_rate(m, values, rows, group, m.rows.classes[k], own=True)


def mean_rate(
    m: Models, values: np.ndarray, rows: np.ndarray, group: Group, cap: str, own: bool = False
) -> Rate:
    """Return the rate of a mean over these rows: shares if they are alike, else bets."""
    r, caps = m.rows, m.caps[group.name]
    clusters = len(np.unique(r.clusters[rows]))
    if clusters < 2:
        return Rate(None, int(rows.sum()), clusters, clusters)
    values, weight = values[:, rows], r.weights[rows]
    means = _three(*((weight * v).sum() / weight.sum() for v in values))
    if caps is None:
        n, alike, of = len(weight), exact.counts(*values), strata(r, rows)
        test, bound, e_values = exact.tests(*values)
        if own or of is None or len(np.unique(of)) < 2:
            return Rate(means, n, n, n, "tail", test, bound, e_values, alike)
        apart = exact.apart(alike, bound)  # counts were fixed by stratum (6.3)
        return Rate(means, n, n, n, "bounds", None, apart, e_values, alike)
    given = table(
        values.astype(float), np.ones(len(weight), bool), weight, r.clusters[rows],
        strata(r, rows), (caps[cap], caps[cap]),
    )  # fmt: skip
    size = _size(r, rows)
    return _betting(means, *size, *deal_means(given, seed_of(r.labels)), betting.MEANS)


def _ranking(
    m: Models, scores: np.ndarray, positives: np.ndarray, negatives: np.ndarray, group: Group,
    name: str, across: bool,
) -> Rate:  # fmt: skip
    r, rows = m.rows, positives | negatives
    n, clusters, kish = min(
        (_size(r, side) for side in (positives, negatives)), key=lambda size: size[1]
    )
    if clusters < 2:
        return Rate(None, n, clusters, clusters)
    ours, theirs = m.caps[group.name], m.caps[EVERYONE if across else group.name]
    caps = (theirs[f"not {name}"] if theirs else 1.0, ours[name] if ours else 1.0)
    weight = r.weights[rows] if ours or theirs else np.ones(rows.sum())
    given = table(scores[:, rows], positives[rows], weight, r.clusters[rows], strata(r, rows), caps)
    means = _three(*(auroc(v, given.positive, given.weight) for v in given.values))
    dealt = deal_rankings(given, seed_of(r.labels))
    return _betting(means, n, clusters, kish, *dealt, betting.RANKINGS)


def auroc(scores: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """Return the chance that a positive row scores higher than a negative, ties one half."""
    levels, at = np.unique(scores, return_inverse=True)
    up, down = (np.bincount(at, weight * side, len(levels)) for side in (positive, ~positive))
    return float((up * (np.cumsum(down) - down / 2)).sum() / (up.sum() * down.sum()))


def _precision(m: Models, chosen: np.ndarray, truth: np.ndarray, group: Group, own: bool) -> Rate:
    r = m.rows
    n, clusters, kish = min((_size(r, c) for c in chosen), key=lambda size: size[1])
    if clusters < 2:
        return Rate(None, n, clusters, clusters)
    means = _three(*((r.weights * c * truth).sum() / (r.weights * c).sum() for c in chosen))
    if m.caps[group.name] is not None:
        return Rate(means, n, clusters, kish)
    if own:
        hits = truth[chosen[1]]
        return Rate(means, n, n, n, "bounds", None, exact.tests(hits, hits)[1])
    bound = functools.partial(exact.lower_precision_change, chosen, truth, seed_of(r.labels))
    return Rate(means, n, n, n, "bounds", None, functools.cache(lambda _, s, a: bound(s, a)))


def _size(r: Predictions, rows: np.ndarray) -> tuple[int, int, float]:
    """Return how many rows and clusters there are, and Kish's number of like clusters."""
    _, whose = np.unique(r.clusters[rows], return_inverse=True)
    total = np.bincount(whose, r.weights[rows])
    return int(rows.sum()), len(total), float(total.sum() ** 2 / max((total**2).sum(), 1e-300))


def _betting(
    means: tuple[float, float, float], n: int, clusters: int, kish: float, deals: Deals,
    effective: float, option: float,
) -> Rate:  # fmt: skip
    if effective < 0.5 or not deals.weights.any():
        return Rate(means, n, clusters, kish)

    def units(which: int, sign: int) -> tuple[np.ndarray, float, float]:
        first, second = deals.values
        x = sign * (second - first if which == CHANGE else deals.values[which])
        low, high = sorted((sign * (-1 if which == CHANGE else 0), sign))
        return np.where(deals.missing, low, x), low, high

    def test(which: int, sign: int, m: float, alpha: float) -> float:
        x, low, _ = units(which, sign)
        game = betting.game(x, deals.weights, deals.planned, deals.together)
        return betting.wealth(game, m, low, alpha, option)

    def bound(which: int, sign: int, alpha: float) -> float:
        x, low, high = units(which, sign)
        spread = deals.weights, deals.planned
        return betting.lower_bound(x, *spread, low, high, alpha, option, deals.together)

    def e_values(which: int, sign: int, m: np.ndarray, alpha: float) -> np.ndarray:
        x, low, _ = units(which, sign)
        game = betting.game(x, deals.weights, deals.planned, deals.together)
        logs = betting.log_wealths(game, m, low, alpha / option)
        return np.exp(np.minimum(logs, 700)).mean(axis=1)

    tests = functools.cache(test), functools.cache(bound), e_values
    return Rate(means, n, clusters, effective, "wealth", *tests)


def _three(before: float, after: float) -> tuple[float, float, float]:
    return float(before), float(after), float(after - before)
