"""Cross-group AUROC, also called BNSP AUC."""

from faircompress.statistics.metrics import Answers, Ranking, metric


@metric(better="higher", title="cross-group AUROC", cross_group=True)
def cross_group_auroc(answers: Answers) -> Ranking:
    """Chance that a group's positive row scores higher than anybody's negative one.

    Source:
        Background negative, subgroup positive AUC of Borkan et al., Nuanced metrics for measuring
        unintended bias, 2019; xAUC of Kallus and Zhou, The fairness of risk scores, 2019. It sees
        scores of one group shifted against the others', which AUROC within a group does not.
    """
    return Ranking(answers.score, above=answers.truth)
