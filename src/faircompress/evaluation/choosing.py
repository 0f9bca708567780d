"""Which procedure belongs to a metric: exact for proportions of like rows, else bets."""

from dataclasses import dataclass

import numpy as np

from faircompress.statistics.class_side import Rows
from faircompress.statistics.clusters import count_clusters, rare_is_above
from faircompress.statistics.independent_units import Units, deal_ranking, deal_share
from faircompress.statistics.metrics import Mean, Measure, Metric, Ranking
from faircompress.statistics.procedures import Procedure
from faircompress.statistics.procedures.betting_mean import BettingMean
from faircompress.statistics.procedures.conditional_rate import own_rows
from faircompress.statistics.procedures.paired_proportions import PairedProportions
from faircompress.statistics.procedures.strata_apart import StrataApart
from faircompress.statistics.procedures.unbounded import Unbounded
from faircompress.statistics.rates import is_share

TOO_LIGHT = "every row is so light beside the most that one may weigh that none counts"
NO_BOUND = "no bound is known where rows are weighted or clusters have several rows"


@dataclass(frozen=True)
class Sample:
    """How the rows of a group were drawn.

    Args:
        rows: Whose they are and what they count.
        caps: On a cluster's weight among the other classes and in this one; None: rows are alike.
        cap_of_all: On a cluster's weight over all classes.
        deals: At most.
        seed: Of the deals.
    """

    rows: Rows
    caps: tuple[float, float] | None
    cap_of_all: float
    deals: int
    seed: int


def conditioned(measures: tuple[Measure, Measure], cluster: np.ndarray) -> np.ndarray:
    """Return the rows that a metric conditions on, of two sides the rarer, ``(rows,)``, bool."""
    baseline, candidate = measures
    if isinstance(baseline, Ranking):
        return baseline.above if rare_is_above(baseline.above, cluster) else ~baseline.above
    if not (isinstance(baseline, Mean) and isinstance(candidate, Mean)):
        raise TypeError(f"a metric gave {type(baseline).__name__}; needed: Mean or Ranking")
    return min((baseline, candidate), key=lambda of: count_clusters(cluster[of.over])).over


def choose(
    measures: tuple[Measure, Measure], metric: Metric, truth: np.ndarray, sample: Sample
) -> Procedure:
    """Return the procedure for a metric.

    Args:
        measures: What it makes of both models' answers.
        metric: The metric.
        truth: Is a row of the class that is asked for? ``(rows,)``, bool.
        sample: How the rows were drawn.
    """
    baseline, candidate = measures
    if isinstance(baseline, Ranking) and isinstance(candidate, Ranking):
        return _of_ranking(baseline, candidate, metric, sample)
    if not (isinstance(baseline, Mean) and isinstance(candidate, Mean)):
        raise TypeError(f"{metric.name} gave {type(baseline).__name__}; needed: Mean or Ranking")
    over = baseline.over
    conditions = {1: truth, 0: ~truth, None: np.ones_like(truth)}
    known = [k for k, rows in conditions.items() if (over == rows).all()]
    if metric.own_rows or not known:
        return _of_own_rows(baseline, candidate, metric, sample)
    ours, theirs = baseline.values[over], candidate.values[over]
    rows = sample.rows.over(over)
    if sample.caps is None and is_share(baseline):
        apart = rows.stratum is not None and len(np.unique(rows.stratum)) > 1
        return _proportions(ours, theirs, metric.sign, StrataApart if apart else PairedProportions)
    cap = 1.0
    if sample.caps is not None:
        cap = sample.cap_of_all if None in known else sample.caps[known[0] or 0]
    units = deal_share(ours, theirs, rows, cap, most=sample.deals, seed=sample.seed)
    return _of_units(units, metric)


def _of_ranking(baseline: Ranking, candidate: Ranking, metric: Metric, sample: Sample) -> Procedure:
    above, caps = baseline.above, sample.caps or (1.0, 1.0)
    ours, theirs, rows = baseline.scores, candidate.scores, sample.rows
    units = deal_ranking(ours, theirs, above, rows, caps, most=sample.deals, seed=sample.seed)
    return _of_units(units, metric)


def _of_units(units: Units, metric: Metric) -> Procedure:
    if units.count < 0.5 or not units.weights.any():
        return Unbounded(f"{metric.title}: {TOO_LIGHT}")
    return BettingMean(units, metric.sign)


def _of_own_rows(baseline: Mean, candidate: Mean, metric: Metric, sample: Sample) -> Procedure:
    """Return the procedure for a share over rows that the answers themselves choose."""
    if sample.caps is not None:
        return Unbounded(f"{metric.title}: {NO_BOUND}")
    cluster, weights = sample.rows.cluster, sample.rows.weights
    return own_rows(baseline, candidate, cluster, weights, sign=metric.sign, seed=sample.seed)


def _proportions(
    baseline: np.ndarray, candidate: np.ndarray, sign: float, kind: type[PairedProportions]
) -> PairedProportions:
    better = candidate & ~baseline if sign > 0 else baseline & ~candidate
    worse = baseline & ~candidate if sign > 0 else candidate & ~baseline
    lost, gained, hits, before = (int(rows.sum()) for rows in (worse, better, candidate, baseline))
    return kind(lost, gained, hits, before, len(baseline))
