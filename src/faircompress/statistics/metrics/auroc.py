"""Area under the receiver operating characteristic."""

from faircompress.statistics.metrics import Answers, Ranking, metric


@metric(better="higher", title="AUROC")
def auroc(answers: Answers) -> Ranking:
    """Chance that a positive row scores higher than a negative one; ties count one half."""
    return Ranking(answers.score, above=answers.truth)
