"""How many rows would settle a check that has no number yet, for want of rows."""

from faircompress.config.rules import Rule
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.evidence import evidence
from faircompress.statistics import sample_size
from faircompress.statistics.metrics import Metric


def needed_of_everyone(
    rule: Rule, metric: Metric, comparison: PairedComparison, alpha: float, power: float
) -> int | None:
    """Return what would settle a change in a group with a power, guessed from all rows together."""
    if rule.rule != "change":
        return None
    key = ("rows needed", f"{rule.metric} {rule.limit!r} at {alpha!r}, {power!r}")
    if key not in comparison.known:  # asked again for each group that is too small
        found = evidence(comparison, metric, comparison.everyone())
        comparison.known[key] = (
            None
            if isinstance(found, Undefined)
            else sample_size.change_n_needed(found.observed, rule.limit, alpha, power)
        )
    needed: int | None = comparison.known[key]
    return needed
