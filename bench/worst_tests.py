"""One drawn test set of a population whose harm is exactly at the limit: how near is a pass?

A check here is the bound alone. The verdict asks more of a pass (skill, every other check), so it
passes more rarely. ``level_spent`` is alpha times the wealth at the limit: 1 or more is a pass.
"""

import numpy as np
from populations import Scenario, Side, draw_side

from faircompress.statistics.class_products import ranking_rounds, share_rounds
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import Units, deal_ranking, deal_share
from faircompress.statistics.procedures import AtLimit
from faircompress.statistics.procedures.betting_mean import BettingMean


def level_spent(scenario: Scenario, rng: np.random.Generator) -> float:
    """Draw one test set; return alpha times the wealth against a fall of the limit."""
    if len(scenario.kinds) > 2:
        return _of_classes(scenario, rng)
    sides = [draw_side(scenario, at, n, rng) for at, n in enumerate(scenario.clusters)]
    caps = [_cap(scenario, at) for at in range(len(sides))]
    if scenario.metric == "auroc":
        return _of_change(_ranked(scenario, sides[0], sides[1], caps, rng), scenario)
    side = sides[0]
    rows = Rows(side.cluster, side.weights, side.kind if scenario.fixed else None)
    if scenario.metric == "share":
        return _of_change(deal_share(side.before, side.after, rows, caps[0]), scenario)
    flipped = side.before & ~side.after
    bounds = BettingMean(deal_share(np.zeros(len(flipped)), flipped, rows, caps[0]), 1.0)
    return _spent(bounds.rate_at_least(scenario.limit, scenario.alpha), scenario)


def _spent(found: AtLimit, scenario: Scenario) -> float:
    return float(found.value * scenario.alpha)


def _cap(scenario: Scenario, at: int) -> float:
    return scenario.slack * max(kind.rows * kind.weight for kind in scenario.kinds[at])


def _of_change(units: Units, scenario: Scenario) -> float:
    if units.weights.shape[1] == 0:
        return 0.0
    return _spent(BettingMean(units, 1.0).change_at_most(-scenario.limit, scenario.alpha), scenario)


def _ranked(
    scenario: Scenario, negative: Side, positive: Side, caps: list[float], rng: np.random.Generator
) -> Units:
    """Deal rows whose scores are 0 and 1 where right, and tied or the wrong way round where not."""
    first, cluster = scenario.clusters[0], positive.cluster
    if scenario.mixed:  # some positive clusters are negative ones, too
        same = rng.random(scenario.clusters[1]) < scenario.mixed
        cluster = np.where(same[cluster] & (cluster < first), cluster, cluster + first)
        caps = [2 * cap for cap in caps]
    else:
        cluster = cluster + first
    wrong = (1.0, 0.0) if scenario.ties else (2.0, -1.0)  # of a negative, of a positive
    baseline, candidate = (
        np.concatenate([np.where(n, 0.0, wrong[0]), np.where(p, 1.0, wrong[1])])
        for n, p in ((negative.before, positive.before), (negative.after, positive.after))
    )
    above = np.arange(len(baseline)) >= len(negative.before)
    kinds = np.concatenate([negative.kind, positive.kind]) if scenario.fixed else None
    rows = Rows(
        np.concatenate([negative.cluster, cluster]),
        np.concatenate([negative.weights, positive.weights]),
        kinds,
    )
    return deal_ranking(baseline, candidate, above, rows, (caps[0], caps[1]))


def _of_classes(scenario: Scenario, rng: np.random.Generator) -> float:
    """Draw a set of several classes; rows that are lost come last of their class."""
    counts = np.array(scenario.clusters)
    if not scenario.fixed:
        counts = np.maximum(rng.multinomial(counts.sum(), counts / counts.sum()), 1)
    sides = [draw_side(scenario, at, int(n), rng) for at, n in enumerate(counts)]
    label = np.repeat(np.arange(len(sides)), [len(side.cluster) for side in sides])
    first = np.cumsum(counts) - counts
    before, after, weights, cluster = (
        np.concatenate(of)
        for of in (
            [side.before for side in sides],
            [side.after for side in sides],
            [side.weights for side in sides],
            [side.cluster + at for side, at in zip(sides, first, strict=True)],
        )
    )
    rows = Rows(cluster, weights, label if scenario.fixed else None)
    caps = [_cap(scenario, at) for at in range(len(sides))]
    if scenario.metric == "mean recall":
        rounds = share_rounds(before, after, label, rows, caps)
    else:
        scores = np.zeros((2, len(label), len(sides)))
        for model, right in enumerate((before, after)):
            scores[model, np.arange(len(label)), label] = np.where(right, 1.0, -1.0)
        rounds = ranking_rounds(scores[0], scores[1], label, rows, caps)
    if not rounds.count:
        return 0.0
    return rounds.wealth(scenario.limit, scenario.alpha) * scenario.alpha
