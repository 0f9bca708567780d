"""True positive rate, also called recall or sensitivity."""

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="higher")
def true_positive_rate(answers: Answers) -> Mean:
    """Share of the positive rows that are decided to be positive."""
    return Mean(answers.decided, over=answers.truth)
