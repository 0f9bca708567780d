"""Accuracy."""

import numpy as np

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="higher", per_class=False)
def accuracy(answers: Answers) -> Mean:
    """Share of all rows that are decided rightly."""
    return Mean(answers.right, over=np.ones_like(answers.right))
