"""How far rounding alone can bring a row of probabilities from a sum of 1."""

import numpy as np

DECIMALS = range(1, 7)
LEVELS, COARSEST = 257, 1 / 64  # of 8 bits: 0 to 256 steps, of which 64 at least reach 1
USUAL = (1 / 256, 1 / 255)  # of 8-bit shares; a sure network gives too few values to see its step
MOST = 0.5  # beyond this a row says too little to be called rounded
TIES = 0.95  # all classes are never off by half a digit to one side, unless they were cut off


def slack(probabilities: np.ndarray) -> float:
    """Return classes times half the last digit, if all probabilities end at one; else 0.

    The last digit is a decimal, or the step of whole numbers of at most 8 bits, as quantized
    outputs have; these also stop a step short of 1.

    Args:
        probabilities: ``(rows, classes)``.
    """
    values, classes = np.unique(probabilities.astype(np.float64)), probabilities.shape[1]
    for step in (10.0**-digits for digits in DECIMALS):
        if _all_end_at(values, step):
            return min(classes * step / 2 * TIES, MOST)
    if len(values) > LEVELS:
        return 0.0
    for step in (*np.sort(np.diff(values))[:1], *USUAL):
        if step <= COARSEST and _all_end_at(values, step):
            return min((classes / 2 + 1) * float(step), MOST)
    return 0.0


def _all_end_at(values: np.ndarray, step: float) -> bool:
    counts = values / step
    return bool((np.abs(counts - np.rint(counts)) < 0.01).all())
