"""Two files in turns, in processor time where one thread does all: other load meets both alike.

As in ``export.timing``, each timed run follows an untimed one of the same file.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faircompress.export.layer_times import clock_of
from faircompress.export.ports import INPUT
from faircompress.export.timing import WARM_UP, quantile_bounds

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


@dataclass(frozen=True)
class Paired:
    """Median milliseconds of the second file, and how much faster it is, with 95 % bounds."""

    milliseconds: float
    faster: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the speed-up as a cell of a table."""
        return f"{self.faster:.2f} ({self.low:.2f}, {self.high:.2f})"


def paired(
    first: "InferenceSession",
    second: "InferenceSession",
    pictures: np.ndarray,
    *,
    batch: int,
    pairs: int,
) -> Paired:
    """Time both on one batch; each goes first in every second pair."""
    feed = {INPUT: np.ascontiguousarray(pictures[np.arange(batch) % len(pictures)])}
    times = []
    for number in range(-WARM_UP, pairs):
        pair = [0.0, 0.0]
        for side in (1, 0) if number % 2 else (0, 1):
            opened = (first, second)[side]
            opened.run(None, feed)
            clock = clock_of(opened)
            start = clock()
            opened.run(None, feed)
            pair[side] = 1000 * (clock() - start)
        if number >= 0:
            times.append(pair)
    both = np.array(times)
    ratios = both[:, 0] / both[:, 1]
    low, high = quantile_bounds(ratios, 0.5, tail=0.025)
    return Paired(
        float(np.median(both[:, 1])), float(np.median(ratios)),
        float(ratios.min()) if low is None else low,
        float(ratios.max()) if high is None else high,
    )  # fmt: skip
