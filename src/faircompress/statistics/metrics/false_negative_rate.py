"""False negative rate, also called miss rate."""

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="lower")
def false_negative_rate(answers: Answers) -> Mean:
    """Share of the positive rows that are decided to be negative."""
    return Mean(~answers.decided, over=answers.truth)
