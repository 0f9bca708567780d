"""Precision, also called positive predictive value."""

from faircompress.statistics.metrics import Answers, Mean, metric


@metric(better="higher", own_rows=True)
def precision(answers: Answers) -> Mean:
    """Share of the rows decided to be positive that are so."""
    return Mean(answers.truth, over=answers.decided)
