"""Selection rate, also called rate of positive decisions."""

import numpy as np

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="neither")
def selection_rate(answers: Answers) -> Mean:
    """Share of all rows that are decided to be positive; a change either way is harm."""
    return Mean(answers.decided, over=np.ones_like(answers.decided))
