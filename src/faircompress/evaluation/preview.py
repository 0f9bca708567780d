"""How suspect a value is on validation rows: an estimate and a standard error, no bound.

They order the checks before a test row is seen (``fail_order``). Any order is valid, so rough
errors cost power and nothing else.
"""

import math

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Estimate, estimate
from faircompress.evaluation.groups import Group
from faircompress.statistics.delong import standard_error
from faircompress.statistics.metrics import Mean, Metric, Ranking

Preview = tuple[float, float]  # the value, and its standard error


def change_on(comparison: PairedComparison, metric: Metric, group: Group) -> Preview | None:
    """Return candidate minus baseline; None: undefined."""
    found = estimate(comparison, metric, group)
    if not isinstance(found, Estimate):
        return None
    asked = comparison.questions(metric, group, found.left_out)
    errors = [_error(comparison, metric, group, question) for question in asked]
    return found.candidate - found.baseline, math.hypot(*errors) / len(errors)


def rate_on(comparison: PairedComparison, metric: Metric, group: Group) -> Preview | None:
    """Return the candidate's rate; None: undefined."""
    found = estimate(comparison, metric, group)
    if not isinstance(found, Estimate):
        return None
    n, share = max(found.effective_n, 1.0), min(max(found.candidate, 0.0), 1.0)
    return share, math.sqrt((share * (1 - share) + 0.25 / n) / n)


def difference(one: Preview | None, other: Preview | None) -> Preview | None:
    """Return the difference of two independent values."""
    if one is None or other is None:
        return None
    return one[0] - other[0], math.hypot(one[1], other[1])


def flips_on(comparison: PairedComparison, group: Group, label: int) -> Preview | None:
    """Return the share of a class's rows that only the candidate has wrong; None: no row."""
    rows = group.rows[comparison.baseline.labels[group.rows] == label]
    if not len(rows):
        return None
    models = (comparison.baseline, comparison.candidate)
    right = [m.decisions[rows] == label for m in models]
    share = float(np.average(right[0] & ~right[1], weights=comparison.weights[rows]))
    n = max(comparison.effective_n(rows), 1.0)
    return share, math.sqrt((share * (1 - share) + 0.25 / n) / n)


def _error(
    comparison: PairedComparison, metric: Metric, group: Group, question: int | None
) -> float:
    measures = comparison.measures(metric, group, question)
    rows = comparison.rows_of(metric, group, question)
    cluster, weights = comparison.cluster[rows], comparison.weights[rows]
    one, other = measures
    if isinstance(one, Ranking) and isinstance(other, Ranking):
        return max(standard_error(one, other, cluster, weights) or 1.0, 0.25 / len(rows))
    if not (isinstance(one, Mean) and isinstance(other, Mean)):
        return 1.0
    either = one.over | other.over
    change = (other.values & other.over).astype(float) - (one.values & one.over)
    n = max(comparison.effective_n(rows[either]), 1.0)
    return math.sqrt((float(change[either].var()) + 0.25 / n) / n)
