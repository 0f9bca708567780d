"""The weighted value of a metric over rows: an estimate, no bound."""

import numpy as np

from faircompress.statistics.metrics import Mean, Measure, Ranking


def rate(measure: Measure, weights: np.ndarray) -> float | None:
    """Return a metric's weighted value over all rows; None where no row counts."""
    if isinstance(measure, Ranking):
        return _weighted_auroc(measure, weights)
    kept = weights[measure.over]
    return float(np.average(measure.values[measure.over], weights=kept)) if len(kept) else None


def is_share(measure: Measure) -> bool:
    """Tell whether a measure is the share of rows for which something holds."""
    return isinstance(measure, Mean) and measure.values.dtype == bool


def _weighted_auroc(measure: Ranking, weights: np.ndarray) -> float | None:
    above = measure.above
    if above.all() or not above.any():
        return None
    _, place = np.unique(measure.scores, return_inverse=True)
    ours, theirs = np.bincount(place, weights * above), np.bincount(place, weights * ~above)
    below = np.cumsum(theirs) - theirs
    return float((ours * (below + theirs / 2)).sum() / (ours.sum() * theirs.sum()))
