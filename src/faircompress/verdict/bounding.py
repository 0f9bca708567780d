"""Which bound belongs to a metric: exact for shares of like rows, else bets."""

from dataclasses import dataclass

import numpy as np

from faircompress.metrics import Mean, Measure, Metric, Ranking
from faircompress.statistics.clusters import count_people, rare_is_above
from faircompress.statistics.independent_units import Rows, Units, deal_ranking, deal_share
from faircompress.statistics.procedures.conditional_rate import own_rows
from faircompress.verdict.evidence import Bets, Bounds, Shares, Unbounded
from faircompress.verdict.rates import is_share

TOO_LIGHT = "every row is so light beside the most that one may weigh that none counts"
NO_BOUND = "no bound is known where rows are weighted or people have several rows"


@dataclass(frozen=True)
class Bounded:
    """Bounds of a metric in a group.

    Args:
        bounds: Of its change and of its rate.
        method: Their name.
        over: Rows they condition on, of two sides the rarer, ``(rows,)``, bool.
    """

    bounds: Bounds
    method: str
    over: np.ndarray


@dataclass(frozen=True)
class Sample:
    """How the rows of a group were drawn.

    Args:
        rows: Whose they are and what they count.
        caps: On a person's weight among the other classes and in this one; None: rows are alike.
        cap_of_all: On a person's weight over all classes.
        deals: At most.
    """

    rows: Rows
    caps: tuple[float, float] | None
    cap_of_all: float
    deals: int


def bound(
    measures: tuple[Measure, Measure], metric: Metric, truth: np.ndarray, sample: Sample
) -> Bounded:
    """Return the bounds of a metric.

    Args:
        measures: What it makes of both models' answers.
        metric: The metric.
        truth: Is a row of the class that is asked for? ``(rows,)``, bool.
        sample: How the rows were drawn.
    """
    dense, pruned = measures
    if isinstance(dense, Ranking) and isinstance(pruned, Ranking):
        return _of_ranking(dense, pruned, metric, sample)
    if not (isinstance(dense, Mean) and isinstance(pruned, Mean)):
        raise TypeError(f"{metric.name} gave {type(dense).__name__}; needed: Mean or Ranking")
    over = dense.over
    conditions = {1: truth, 0: ~truth, None: np.ones_like(truth)}
    known = [k for k, rows in conditions.items() if (over == rows).all()]
    if not known or (over != pruned.over).any():
        return _of_own_rows(dense, pruned, metric, sample)
    ours, theirs = dense.values[over], pruned.values[over]
    if sample.caps is None and is_share(dense):
        return Bounded(_shares(ours, theirs, metric.sign), "exact", over)
    cap = 1.0
    if sample.caps is not None:
        cap = sample.cap_of_all if None in known else sample.caps[known[0] or 0]
    units = deal_share(ours, theirs, sample.rows.over(over), cap, most=sample.deals)
    return _of_units(units, metric, over)


def _of_ranking(dense: Ranking, pruned: Ranking, metric: Metric, sample: Sample) -> Bounded:
    above, caps = dense.above, sample.caps or (1.0, 1.0)
    units = deal_ranking(dense.scores, pruned.scores, above, sample.rows, caps, most=sample.deals)
    fewer = above if rare_is_above(above, sample.rows.who) else ~above
    return _of_units(units, metric, fewer)


def _of_units(units: Units, metric: Metric, over: np.ndarray) -> Bounded:
    if units.count < 0.5 or not units.weights.any():
        return Bounded(Unbounded(f"{metric.title}: {TOO_LIGHT}"), "none", over)
    return Bounded(Bets(units, metric.sign), "betting", over)


def _of_own_rows(dense: Mean, pruned: Mean, metric: Metric, sample: Sample) -> Bounded:
    """Bound a share over rows that the answers themselves choose."""
    who = sample.rows.who
    fewer = min((dense, pruned), key=lambda of: count_people(who[of.over])).over
    if sample.caps is not None:
        return Bounded(Unbounded(f"{metric.title}: {NO_BOUND}"), "none", fewer)
    bounds = own_rows(dense, pruned, who, sample.rows.weights, metric.sign)
    return Bounded(bounds, "betting on a contrast", fewer)


def _shares(dense: np.ndarray, pruned: np.ndarray, sign: float) -> Shares:
    better = pruned & ~dense if sign > 0 else dense & ~pruned
    worse = dense & ~pruned if sign > 0 else pruned & ~dense
    lost, gained, hits = (int(rows.sum()) for rows in (worse, better, pruned))
    return Shares(lost, gained, hits, len(dense))
