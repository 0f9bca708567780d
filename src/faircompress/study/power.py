"""How likely a study is to show what it expects, told before it is run."""

import math

from scipy import stats

from faircompress.study.plan import Plan
from faircompress.study.resampling import CONFIDENCE


def power(gain: float, spread: float, seeds: int) -> float:
    """Return the chance that the interval of a mean over seeds lies above 0.

    Args:
        gain: The true mean.
        spread: Standard deviation of one seed's gain, people included.
        seeds: How many there are, 2 or more.
    """
    degrees = seeds - 1
    needed = stats.t.ppf((1 + CONFIDENCE) / 2, degrees)
    return float(stats.nct.sf(needed, degrees, gain * math.sqrt(seeds) / spread))


def smallest(spread: float, seeds: int, wanted: float = 0.8) -> float:
    """Return the gain that is shown with a chance of ``wanted``."""
    low, high = 0.0, 100 * spread
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle, spread, seeds) < wanted else (low, middle)
    return high


def sentence(plan: Plan) -> str:
    """Return the power in words; nothing if the plan expects nothing, or has one seed."""
    expected, seeds = plan.endpoint.expected, len(plan.seeds)
    if expected is None or seeds < 2:
        return ""
    chance = power(expected.gain, expected.spread, seeds)
    return (
        f"Power, before the first run: with {seeds} seeds, a gain of {expected.gain:.3f} whose "
        f"single seeds spread by {expected.spread:.3f} is shown with a chance of {chance:.2f}; "
        f"with .80, one of {smallest(expected.spread, seeds):.3f}. Without correction for several "
        "methods."
    )
