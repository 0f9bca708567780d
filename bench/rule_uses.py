"""Harm exactly at the limit under further rules and uses of them: for bench/worst_uses.py.

A *use* draws a case by its number (None: its truth is no limit of usual size) and one set of a
case; a set gives how much of alpha's promise it breaks: 1 where what is harmful passes, of `earn`
the harmful share of what was released.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from at_limits import Pair, gate_of, measured, passes, predictions
from rule_populations import Case, draw_case, draw_pair, limit_of
from scipy.stats import norm

from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.hypotheses import Hypothesis
from faircompress.statistics import online_fdr
from faircompress.statistics.procedures.paired_proportions import PairedProportions

ALPHAS = (0.05, 0.025, 0.0125)
LIMITS = (0.015, 0.3)
Drawn = Any
Rng = np.random.Generator


@dataclass(frozen=True)
class Use:
    """How a rule is used: how a case and a set of it are drawn, and how many sets a job has."""

    draw: Callable[[Rng], Drawn | None]
    broken: Callable[[Drawn, Rng], float]
    sets: int


@dataclass(frozen=True)
class Rates:
    """Rows of strata that differ: how many, and how often each has a row lost or gained."""

    rows: tuple[int, ...]
    lost: tuple[float, ...]
    gained: tuple[float, ...]
    alpha: float

    @property
    def fall(self) -> float:
        """Return the share lost less the share gained."""
        change = np.array(self.lost) - np.array(self.gained)
        return float(np.average(change, weights=self.rows))


def draw_precision(rng: Rng) -> Drawn | None:
    """Draw chances of (chosen by the baseline, by the candidate, positive), and a rule on it."""
    share = rng.dirichlet(np.full(8, float(rng.choice([0.3, 1.0])))).reshape(2, 2, 2)
    before, after = share[1], share[:, 1]
    if min(before.sum(), after.sum()) < 0.05:
        return None
    rates = [float(x[:, 1].sum() / x.sum()) for x in (before, after)]
    kind = str(rng.choice(["change", "minimum"]))
    limit = rates[0] - rates[1] if kind == "change" else rates[1]
    least, most = LIMITS if kind == "change" else (0.4, 0.99)
    rows = round(math.exp(rng.uniform(math.log(60), math.log(800))))
    ok = least <= limit <= most
    return (share, kind, limit, rows, float(rng.choice(ALPHAS))) if ok else None


def precision_passes(case: Drawn, rng: Rng) -> float:
    """Tell whether a fall or minimum of precision exactly at the limit passes."""
    share, kind, limit, rows, alpha = case
    at = rng.choice(8, rows, p=share.ravel())
    scores = [np.where(chosen, 0.9, 0.1) for chosen in (at >= 4, at % 4 >= 2)]
    one, other = (predictions(at % 2, s, str(n)) for n, s in enumerate(scores))
    return passes((one, other), gate_of(alpha, limit, "precision", rule=kind))


def draw_rates(rng: Rng) -> Rates | None:
    """Draw two to four strata whose positives fall by a limit of usual size."""
    count = int(rng.integers(2, 5))
    lost = rng.choice([0.0, 1.0], count) * rng.random(count) ** rng.choice([0.5, 1, 3])
    gained = rng.choice([0.0, 1.0], count) * (1 - lost) * rng.random(count)
    rows = np.exp(rng.uniform(math.log(4), math.log(60), count)).round().astype(int)
    shares = tuple(lost.tolist()), tuple(gained.tolist())
    case = Rates(tuple(rows.tolist()), *shares, float(rng.choice(ALPHAS)))
    return case if LIMITS[0] <= case.fall <= LIMITS[1] else None


def _moved(case: Rates, rng: Rng, counts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return each positive's stratum, and scores of both models; a row that may gain was wrong."""
    of = np.repeat(np.arange(len(counts)), counts)
    u = rng.random(len(of))
    lost, gained = (np.array(x)[of] for x in (case.lost, case.gained))
    falls, rises = u < lost, (u >= lost) & (u < lost + gained)
    return of, np.where(rises, 0.1, 0.9), np.where(falls, 0.1, 0.9)


def _crossed(case: Rates, counts: np.ndarray, rng: Rng) -> tuple[Predictions, Predictions]:
    """Return positives of intersections, all of one value of h, with 200 easy negatives."""
    of, *scores = _moved(case, rng, counts)
    easy = np.arange(200) % len(counts)
    groups = {"g": np.char.add("g", np.concatenate([of, easy]).astype(str)),
              "h": np.full(len(of) + 200, "h")}  # fmt: skip
    labels = np.repeat([1, 0], [len(of), 200])
    one, other = (
        predictions(labels, np.concatenate([s, np.full(200, 0.1)]), str(n), groups=groups)
        for n, s in enumerate(scores)
    )
    return one, other


def merged_passes(case: Rates, rng: Rng) -> float:
    """Tell whether harm at the limit passes in intersections that were merged, given counts."""
    gate = gate_of(case.alpha, case.fall, intersections=True, sparse="merge", min_rows=10_000)
    return passes(_crossed(case, np.array(case.rows), rng), gate, "g & h=other")


def parent_passes(case: Rates, rng: Rng) -> float:
    """Tell whether harm at the limit passes in the parent; intersections' counts are drawn."""
    shares = np.array(case.rows) / sum(case.rows)
    counts = rng.multinomial(sum(case.rows), shares)
    gate = gate_of(case.alpha, case.fall, intersections=True, sparse="parent", min_rows=10_000)
    return passes(_crossed(case, counts, rng), gate, "h=h")


def draw_parts(rng: Rng) -> Case | None:
    """Draw a rule that e-values judge, and how many parts may be added."""
    case = draw_case(int(rng.integers(2**31)))
    return None if case is None or not case.earned or case.fixed else case


def topped_up_passes(case: Case, rng: Rng) -> float:
    """Tell whether harm at the limit ever passes; the next part's size follows what came out."""
    gate = gate_of(case.alpha, limit_of(case), case.metric, rule=case.rule, groups=["g"])
    limits = Hypothesis(gate.harm_rules[0], case.alpha, 0.8, Captions()).limits
    product, factor = 1.0, 1.0
    for _ in range(8):
        clusters = tuple(max(round(n * factor), 10) for n in case.clusters)
        of = case if case.rule == "excess_loss" else replace(case, clusters=clusters)
        found = measured(draw_pair(of, rng), gate, "g=a", earned=True)[0]
        if found is not None:
            tests = [] if limits.lower is None else [partial(found.at_most, limits.lower)]
            tests += [] if limits.upper is None else [partial(found.at_least, limits.upper)]
            product *= min(test(case.alpha).e_value() for test in tests)
        if product >= 1 / case.alpha:
            return 1.0
        factor = 0.25 if product > case.alpha**-0.5 else 1.0 if product > 0.5 else 2.0
    return 0.0


def draw_family(rng: Rng) -> Drawn:
    """Draw positives, share harmful, correlation of candidates, limit and what harmless ones do."""
    sizes = int(rng.integers(80, 800)), float(rng.choice([0.1, 0.5, 0.9, 1.0]))
    how = [
        float(rng.choice(of)) for of in ([0, 0.5, 0.9, 1], [0.02, 0.05, 0.1], [0, 0.01], [0, 0.05])
    ]
    return (*sizes, *how, float(rng.choice(ALPHAS)))


def earned_falsely(case: Drawn, rng: Rng) -> float:
    """Return the harmful share of what is released of 60 candidates on one set."""
    n, harmful, correlation, limit, harmless, gained, alpha = case
    common, released, bad = rng.normal(size=(2, n)), 0, 0
    for look in range(1, 61):
        is_bad = rng.random() < harmful
        own = math.sqrt(1 - correlation**2) * rng.normal(size=(2, n))
        u, v = norm.cdf(correlation * common + own)
        lost = u < (limit + gained if is_bad else harmless)
        more = (v < gained / (1 - limit - gained)) & ~lost if is_bad else np.zeros(n, bool)
        counts = int(lost.sum()), int(more.sum())
        level = online_fdr.earn(look, released, alpha)
        e_value = PairedProportions(*counts, n, n, n).e_change_at_most(-limit, level)
        if online_fdr.released(e_value, level):
            released, bad = released + 1, bad + is_bad
    return bad / max(released, 1)


def champion_passes(case: Rates, rng: Rng) -> float:
    """Tell whether harm at the limit against a champion passes; the baseline is another model."""
    counts = rng.multinomial(sum(case.rows), np.array(case.rows) / sum(case.rows))
    of, before, after = _moved(case, rng, counts)
    first = np.where(rng.random(len(of)) < 0.05, 1 - before, before)
    labels = np.repeat([1, 0], [len(of), 200])
    files = [predictions(labels, np.concatenate([s, np.full(200, 0.1)]), str(n))
             for n, s in enumerate((first, after, before))]  # fmt: skip
    against = str(rng.choice(["champion", "original_champion"]))
    gate = gate_of(case.alpha, case.fall, against=against)
    return passes((files[0], files[1]), gate, references={against: files[2]})


def draw_scores(rng: Rng) -> Drawn:
    """Draw normal scores of both models: separation, what the candidate loses, noise, sizes."""
    models = [float(rng.uniform(*of)) for of in ((1, 3), (0.1, 0.8), (0.05, 0.5))]
    return (*models, *rng.integers((40, 60), (400, 600)).tolist(), float(rng.choice(ALPHAS)))


def threshold_passes(case: Drawn, rng: Rng) -> float:
    """Tell whether a fall passes that is exactly the limit at the thresholds of validation."""
    apart, lost, noise, held, rows, alpha = case

    def drawn(count: int, start: str) -> Pair:
        labels = (np.arange(count) % 2).astype(int)
        logit = rng.normal(apart * labels - apart / 2, 1)
        other = logit - lost * labels + noise * rng.normal(size=count)
        one, two = (1 / (1 + np.exp(-x)) for x in (logit, other))
        return predictions(labels, one, "0", start), predictions(labels, two, "1", start)

    validation, test = drawn(held, "v"), drawn(rows, "t")
    gate = gate_of(alpha, 0.5, threshold="validation")
    cuts = measured(test, gate, "all", validation=validation)[1]
    at = [math.log(cut / (1 - cut)) for cut in cuts.values() if cut is not None]
    rates = norm.sf(at[0] - apart / 2), norm.sf((at[1] - apart / 2 + lost) / math.hypot(1, noise))
    limit = float(rates[0] - rates[1])
    if not 0.005 < limit < 0.6:
        return 0.0
    return passes(test, gate_of(alpha, limit, threshold="validation"), validation=validation)


def draw_heavy(rng: Rng) -> Drawn | None:
    """Draw how many positives weigh how much, all of them lost: their weight is the limit."""
    limit = float(rng.choice([0.03, 0.05, 0.1]))
    share = math.exp(rng.uniform(math.log(0.002), math.log(0.1)))
    heavy = limit * (1 - share) / (share * (1 - limit))
    held, rows = (int(n) for n in rng.integers(60, 600, 2))
    return (share, heavy, limit, held, rows, float(rng.choice(ALPHAS))) if heavy <= 20 else None


def _capped(case: Drawn, rng: Rng, *, covered: bool) -> float:
    share, heavy, limit, held, rows, alpha = case

    def drawn(count: int, start: str) -> Pair:
        labels = np.repeat([1, 0], count)
        lost = (rng.random(2 * count) < share) & (labels == 1)
        weights = np.where(lost, heavy, 1.0)
        scores = np.where(labels == 1, 0.9, 0.1), np.where((labels == 1) & ~lost, 0.9, 0.1)
        one, other = (predictions(labels, s, str(n), start, weights=weights)
                      for n, s in enumerate(scores))  # fmt: skip
        return one, other

    validation, test = drawn(held, "v"), drawn(rows, "t")
    cap = 1.5 * validation[0].weights.max()
    if covered != (cap >= heavy) or test[0].weights.max() > cap:  # which is refused
        return 0.0
    return passes(test, gate_of(alpha, limit), validation=validation)


USES = {
    "precision": Use(draw_precision, precision_passes, 10),
    "merged intersections": Use(draw_rates, merged_passes, 200),
    "parent's level": Use(draw_rates, parent_passes, 50),
    "topping up, 8 parts": Use(draw_parts, topped_up_passes, 5),
    "earn, 60 correlated candidates": Use(draw_family, earned_falsely, 100),
    "champions": Use(draw_rates, champion_passes, 50),
    "threshold of validation": Use(draw_scores, threshold_passes, 40),
    "cap of validation, it holds": Use(draw_heavy, partial(_capped, covered=True), 20),
    "cap of validation, it does not": Use(draw_heavy, partial(_capped, covered=False), 200),
}


def draw(use: str, number: int) -> Drawn | None:
    """Draw a case of a use by its number."""
    return USES[use].draw(np.random.default_rng([number, 31, list(USES).index(use)]))


def alpha_of(case: Drawn) -> float:
    """Return the chance of error that a case's rule may spend."""
    return float(case.alpha if isinstance(case, Case | Rates) else case[-1])
