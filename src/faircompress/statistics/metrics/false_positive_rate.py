"""False positive rate."""

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="lower")
def false_positive_rate(answers: Answers) -> Mean:
    """Share of the negative rows that are decided to be positive."""
    return Mean(answers.decided, over=~answers.truth)
