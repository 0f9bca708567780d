"""How many rows would settle an open check, and which no number of rows will.

The plan takes it that nothing truly changes. Where as many rows as that needs are there, and the
check is open all the same, the plan is of no use: then what was observed is taken for the truth.
"""

from collections.abc import Sequence

from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.results import CheckResult, RuleResult
from faircompress.statistics.sample_size import if_observed


def counted(check: Check) -> int:
    """Return in what the count is given: clusters if rows have them, else rows."""
    return _there(check.evidence.rows, check.evidence.clusters)


def has_enough(check: Check) -> bool:
    """Tell whether there are as many rows as the plan needs."""
    return check.n_needed is not None and check.n_needed <= counted(check)


def needed(check: Check, power: float) -> int | None:
    """Return about how many rows or clusters would settle a check with a power; None: unknown."""
    if has_enough(check):
        return if_so(check, power)
    known = power == check.hypothesis.power  # counts take longer than all else of a verdict
    return check.n_needed if known else check.needed(power)


def together(checks: Sequence[Check], power: float) -> list[int] | None:
    """Return how many each check needs for all of them to pass at once with a chance.

    Each may stay open with an equal share of the chance that is left, so whatever ties the checks
    together, the chance that one of them does is at most their sum (Bonferroni).

    Args:
        checks: That rows can settle.
        power: Chance that all of them pass.

    Returns:
        In the order of the checks; None: of one it is unknown, or over ten times the rows.
    """
    counts = [needed(check, 1 - (1 - power) / len(checks)) for check in checks]
    return None if any(count is None for count in counts) else [count or 0 for count in counts]


def if_so(check: Check, power: float) -> int | None:
    """Return how many more would settle a check if what was observed is the truth; None: unknown.

    Either they are too many, or the bounds are within the limits already, and something else is
    in doubt.
    """
    limits, hypothesis = check.hypothesis.limits, check.hypothesis
    found = if_observed(
        counted(check), getattr(check.measured, "estimate", None), check.bounds or (None, None),
        (limits.lower, limits.upper), hypothesis.alpha, power,
    )  # fmt: skip
    return found if found is not None and found > counted(check) else None


def in_vain(rule: RuleResult, check: CheckResult, power: float) -> bool:
    """Tell of an open check whether more rows will probably not settle it.

    Args:
        rule: The rule's result.
        check: One of its checks.
        power: With which counts hold.
    """
    there = _there(check.n, check.clusters)
    if check.n_needed is None or check.n_needed > there:
        return False
    bounds, limits = (check.lower, check.upper), (check.limit_lower, check.limit_upper)
    alpha = 1 - rule.confidence
    return if_observed(there, check.estimate, bounds, limits, alpha, power) is None


def _there(rows: int, clusters: int | None) -> int:
    return rows if clusters is None else clusters
