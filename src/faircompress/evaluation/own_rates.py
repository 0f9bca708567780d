"""The candidate's own rates by group, with bounds that hold for all of them at once.

For the model card: no rule reads them. Which rates there are depends on numbers of rows and labels
alone, so the share of each in the chance of error is fixed before an answer is looked at (union
bound). docs/statistics.md, 16.3.
"""

from collections.abc import Collection, Sequence

from faircompress.config import plugins
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import Evidence, evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.reported_results import OwnRate, OwnRates
from faircompress.statistics.metrics import Metric
from faircompress.statistics.procedures.unbounded import Unbounded

RATES = ("accuracy", "true_positive_rate", "false_positive_rate")
CONFIDENCE = 0.95  # of all intervals at once


def own_rates(
    comparison: PairedComparison, groups: Sequence[Group], tested: Collection[str]
) -> OwnRates:
    """Return the candidate's rates in every group where they are defined.

    Args:
        comparison: The models.
        groups: Of the test rows, everyone among them.
        tested: Metrics that a rule tests: where bets bound them, only their deals are at hand.
    """
    cheap = comparison.caps is None and len(comparison.classes) == 2
    found: list[tuple[Group, Metric, Evidence]] = []
    for name in RATES:
        if not cheap and name not in tested:
            continue
        metric: Metric = plugins.find("metrics", name)
        for group in groups:
            known = evidence(comparison, metric, group)
            if not isinstance(known, Undefined) and not isinstance(known.procedure, Unbounded):
                found.append((group, metric, known))
    alpha = (1 - CONFIDENCE) / (2 * max(len(found), 1))
    place = {group.key: at for at, group in enumerate(groups)}
    rates = [_rate(group, metric, known, alpha) for group, metric, known in found]
    return OwnRates(CONFIDENCE, alpha, sorted(rates, key=lambda rate: place[rate.group]))


def _rate(group: Group, metric: Metric, found: Evidence, alpha: float) -> OwnRate:
    return OwnRate(
        group=group.key,
        metric=metric.name,
        title=metric.title,
        n=found.rows,
        estimate=found.candidate,
        lower=found.rate_lower(alpha),
        upper=found.rate_upper(alpha),
        method=found.method,
    )
