"""How far rounding alone can bring a row of probabilities from a sum of 1."""

import numpy as np

DECIMALS = range(1, 7)
LEVELS, COARSEST = 257, 1 / 64  # of 8 bits: 0 to 256 steps, of which 64 at least reach 1
FEW_BITS = 8  # of numbers rounded by their size: bfloat16
USUAL = (1 / 256, 1 / 255)  # of 8-bit shares; a sure network gives too few values to see its step
COARSE = tuple(1 / steps for bits in (4, 5, 6) for steps in (2**bits, 2**bits - 1))
MOST = 0.5  # beyond this a row says too little to be called rounded
TIES = 0.95  # all classes are never off by half a digit to one side, unless they were cut off


def slack(probabilities: np.ndarray) -> float:
    """Return classes times half the last digit, if all probabilities end at one; else 0.

    The last digit is a decimal, or the step of whole numbers of at most 8 bits, as quantized
    outputs have; these also stop a step short of 1. Numbers of 8 bits each, whatever their size
    (bfloat16), are off by a share of themselves, so a row is by that share of 1.

    Args:
        probabilities: ``(rows, classes)``.
    """
    values, classes = np.unique(probabilities.astype(np.float64)), probabilities.shape[1]
    for step in (10.0**-digits for digits in DECIMALS):
        if _all_end_at(values, step):
            return min(classes * step / 2 * TIES, MOST)
    steps = [step for step in np.sort(np.diff(values))[:1] if step <= COARSEST]
    for step in (*COARSE, *steps, *USUAL) if len(values) <= LEVELS else ():
        if _all_end_at(values, step):
            return min((classes / 2 + 1) * float(step), MOST)
    return _by_size(values)


def _by_size(values: np.ndarray) -> float:
    """Return the most that numbers are off of which each has few bits; else 0."""
    some = values[values > 0]
    if not len(some):
        return 0.0
    bits = np.frexp(some)[0] * 2**FEW_BITS
    if (bits == np.rint(bits)).all():
        return 2.0 ** (1 - FEW_BITS)  # where bits were cut off; half of it for rounding
    return 0.0


def _all_end_at(values: np.ndarray, step: float) -> bool:
    counts = values / step
    return bool((np.abs(counts - np.rint(counts)) < 0.01).all())
