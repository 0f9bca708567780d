"""Two usual intervals, drawn beside the deciding one and never deciding.

Both lie in small groups; see docs/calibration.md. A reader who trusts them finds them here, and
where they disagree with the deciding bounds in a large group, something is wrong with one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from faircompress.statistics.bootstrap import mean_changes
from faircompress.statistics.delong import error_of_mean
from faircompress.statistics.metrics import Measure, Ranking
from faircompress.statistics.rates import rate

Interval = tuple[float, float]


@dataclass(frozen=True)
class CrossChecks:
    """Bounds of the change, each at alpha; None: undefined, or not for this metric."""

    bootstrap: Interval | None
    delong: Interval | None


def crosscheck(
    pairs: Sequence[tuple[Measure, Measure]], cluster: np.ndarray, weights: np.ndarray, alpha: float
) -> CrossChecks:
    """Bound a mean change by the percentile bootstrap and, for AUROC, by DeLong's standard error.

    Args:
        pairs: Both models' values of the same rows, for each class; mostly one.
        cluster: Identity of each row, integers.
        weights: Of each row.
        alpha: Chance of error on either side.
    """
    drawn = mean_changes(pairs, cluster, weights)
    bootstrap = None
    if drawn is not None:
        low, high = np.quantile(drawn, [alpha, 1 - alpha])
        bootstrap = (float(low), float(high))
    return CrossChecks(bootstrap, _delong(pairs, cluster, weights, alpha))


def _delong(
    pairs: Sequence[tuple[Measure, Measure]], cluster: np.ndarray, weights: np.ndarray, alpha: float
) -> Interval | None:
    rankings = [(d, p) for d, p in pairs if isinstance(d, Ranking) and isinstance(p, Ranking)]
    if len(rankings) < len(pairs):
        return None
    error = error_of_mean(rankings, cluster, weights)
    rates = [[rate(measure, weights) for measure in pair] for pair in rankings]
    known = [p - d for d, p in rates if d is not None and p is not None]
    if error is None or len(known) < len(pairs):
        return None
    change, reach = float(np.mean(known)), -float(ndtri(alpha)) * error
    return change - reach, change + reach
