"""How many rows would settle a check that has no number yet, for want of rows."""

from faircompress.config.rules import Rule
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import evidence
from faircompress.evaluation.rules import Plan
from faircompress.statistics import sample_size
from faircompress.statistics.metrics import Metric


def needed_of_everyone(
    rule: Rule, metric: Metric, comparison: PairedComparison, plan: Plan
) -> int | None:
    """Return what would settle a change in a group, guessed from all rows together."""
    if rule.rule != "change":
        return None
    key = ("rows needed", f"{rule.metric} {rule.limit!r} at {plan.alpha!r}, {plan.power!r}")
    if key not in comparison.known:  # asked again for each group that is too small
        found = evidence(comparison, metric, comparison.everyone())
        comparison.known[key] = (
            None
            if isinstance(found, Undefined)
            else sample_size.change_n_needed(found.observed, rule.limit, plan.alpha, plan.power)
        )
    needed: int | None = comparison.known[key]
    return needed
