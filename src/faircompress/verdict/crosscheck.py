"""Two usual intervals, drawn beside the deciding one and never deciding.

Both lie in small groups; see docs/calibration.md. A reader who trusts them finds them here, and
where they disagree with the deciding bounds in a large group, something is wrong with one of them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from faircompress.metrics import Measure, Ranking
from faircompress.verdict.bootstrap import changes
from faircompress.verdict.delong import standard_error
from faircompress.verdict.rates import rate

Interval = tuple[float, float]


@dataclass(frozen=True)
class CrossChecks:
    """Bounds of pruned minus dense, each at alpha; None: undefined, or not for this metric."""

    bootstrap: Interval | None
    delong: Interval | None


def crosscheck(
    dense: Measure, pruned: Measure, who: np.ndarray, weights: np.ndarray, alpha: float
) -> CrossChecks:
    """Bound a change by the percentile bootstrap and, for AUROC, by DeLong's standard error.

    Args:
        dense: The dense file's values.
        pruned: The pruned file's, of the same rows.
        who: Identity of each row, integers.
        weights: Of each row.
        alpha: Chance of error on either side.
    """
    drawn = changes(dense, pruned, who, weights)
    bootstrap = None
    if drawn is not None:
        low, high = np.quantile(drawn, [alpha, 1 - alpha])
        bootstrap = (float(low), float(high))
    return CrossChecks(bootstrap, _delong(dense, pruned, who, weights, alpha))


def _delong(
    dense: Measure, pruned: Measure, who: np.ndarray, weights: np.ndarray, alpha: float
) -> Interval | None:
    if not (isinstance(dense, Ranking) and isinstance(pruned, Ranking)):
        return None
    rates = rate(dense, weights), rate(pruned, weights)
    error = standard_error(dense, pruned, who, weights)
    if rates[0] is None or rates[1] is None or error is None:
        return None
    change, reach = rates[1] - rates[0], -float(ndtri(alpha)) * error
    return change - reach, change + reach
