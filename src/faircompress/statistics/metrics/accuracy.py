"""Accuracy."""

import numpy as np

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="higher", per_class=False)
def accuracy(said: Answers) -> Mean:
    """Share of all rows that are decided rightly."""
    return Mean(said.right, over=np.ones_like(said.right))
