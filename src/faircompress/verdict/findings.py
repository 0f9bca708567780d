"""One rule put to one group or pair of groups."""

from collections.abc import Callable
from dataclasses import dataclass

from faircompress import plugins
from faircompress.metrics import Metric
from faircompress.verdict import Rule, tango
from faircompress.verdict import power as powers
from faircompress.verdict.evidence import Evidence, drift_bounds
from faircompress.verdict.groups import Group, bound_by, pairs
from faircompress.verdict.hearing import Hearing, Undefined

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True)
class Finding:
    """What a rule finds in a group, before failures are corrected for their number.

    Numbers are in natural units: pruned minus dense, or the pruned rate.

    Args:
        rule: The rule.
        metric: Its metric.
        group: The group.
        other: The second group of a drift rule.
        scarce: The group with fewer units, on which more pictures would help most.
        evidence: On the scarcer group; Undefined: there is no number.
        estimate: What was found; None: undefined.
        lower: Its lower bound.
        upper: Its upper bound.
        passes: Is the bound on the right side of the limit?
        fails_at: Is harm confirmed at this alpha?
        smallest_limit: What this test set can certify.
        units_needed: People, or pictures where there are no identities, that would settle it.
    """

    rule: Rule
    metric: Metric
    group: Group
    other: Group | None
    scarce: Group
    evidence: Evidence | Undefined
    estimate: float | None
    lower: float | None
    upper: float | None
    passes: bool
    fails_at: Callable[[float], bool]
    smallest_limit: float | None
    units_needed: int | None

    @property
    def alpha(self) -> float:
        """Chance of error that the rule allows."""
        return round(1 - self.rule.confidence, 12)

    @property
    def excess(self) -> float:
        """How far the estimate lies beyond the limit; below 0: within."""
        if self.estimate is None:
            return 0.0
        if self.rule.binds == "drift" or self.metric.better == "neither":
            return abs(self.estimate) - self.rule.limit
        sign = -1 if self.metric.better == "higher" else 1
        limit = self.rule.limit * (sign if self.rule.binds == "floor" else 1)
        return sign * self.estimate - limit


def find_all(
    rules: list[Rule], hearing: Hearing, groups: list[Group], power: float
) -> list[list[Finding]]:
    """Put each rule to every group or pair of groups that it binds.

    Raises:
        ValueError: If a rule names a column that is not there, or binds nothing.
    """
    return [_find(rule, hearing, groups, power) for rule in rules]


def confirmed_failures(findings: list[Finding]) -> set[int]:
    """Return which findings fail, after Holm's correction over all of them.

    Holm rejects step by step: with k rejected of m, any other that is rejected at
    ``alpha / (m - k)`` is rejected too.
    """
    failed: set[int] = set()
    while True:
        left = len(findings) - len(failed)
        new = {
            i
            for i, finding in enumerate(findings)
            if i not in failed and not finding.passes and finding.fails_at(finding.alpha / left)
        }
        if not new:
            return failed
        failed |= new


def _find(rule: Rule, hearing: Hearing, groups: list[Group], power: float) -> list[Finding]:
    columns = {group.column for group in groups}
    absent = set(rule.groups or ()) - columns
    if absent:
        raise ValueError(
            f"rule {rule.metric} {rule.binds} names group column {', '.join(sorted(absent))}; the "
            f"predictions have {', '.join(sorted(columns)) or 'none'}. Correct gate.rules."
        )
    metric: Metric = plugins.find("metrics", rule.metric)  # type: ignore[assignment]
    bound = bound_by(rule.groups, groups)
    if rule.binds == "drift":
        found = [_drift(rule, metric, hearing, a, b, power) for a, b in pairs(bound)]
    else:
        one = {"change": _change, "excess": _excess, "floor": _floor}[rule.binds]
        if rule.binds == "excess":
            bound = [g for g in bound if len(hearing.alone(g).rows) < len(hearing.who)]
        found = [one(rule, metric, hearing, group, power) for group in bound]
    if not found:
        raise ValueError(
            f"rule {rule.metric} {rule.binds} binds no group, so it cannot fail; the predictions "
            f"have groups {', '.join(g.key for g in groups) or 'none'}. A drift needs two groups."
        )
    return found


def _change(rule: Rule, metric: Metric, hearing: Hearing, group: Group, power: float) -> Finding:
    evidence = hearing.evidence(metric, group)
    if isinstance(evidence, Undefined):
        return _undefined(rule, metric, hearing, group, None, evidence, power)
    alpha, limit = round(1 - rule.confidence, 12), rule.limit
    lower, upper = natural_bounds(evidence, metric, alpha)

    def fails_at(level: float) -> bool:
        if metric.better == "neither":
            down, up = natural_bounds(evidence, metric, level / 2)
            return up < -limit or down > limit
        return evidence.upper(level) < -limit

    return Finding(
        rule, metric, group, None, group, evidence,
        estimate=evidence.pruned - evidence.dense,
        lower=lower,
        upper=upper,
        passes=evidence.lower(alpha) > -limit and (metric.better != "neither" or upper < limit),
        fails_at=fails_at,
        smallest_limit=powers.smallest_change_limit(evidence, alpha, power),
        units_needed=powers.change_units_needed(evidence, limit, alpha, power),
    )  # fmt: skip


def _excess(rule: Rule, metric: Metric, hearing: Hearing, group: Group, power: float) -> Finding:
    """Bound a group's change beyond everyone's, whose part it is itself.

    With a share q of all weight, everyone's change is q times the group's plus 1 - q times the
    others'. So the excess is 1 - q times the drift between the group and the others, who have no
    row in common; q is taken as the test set has it.
    """
    own = hearing.alone(group)
    others = hearing.others(own)
    found = [hearing.evidence(metric, rows) for rows in (own, others)]
    for evidence in found:
        if isinstance(evidence, Undefined):
            return _undefined(rule, metric, hearing, group, None, evidence, power)
    a, b = (e for e in found if isinstance(e, Evidence))
    alpha = round(1 - rule.confidence, 12)
    independent = not hearing.share_people(own, others)
    share = float(hearing.weights[others.rows].sum() / hearing.weights.sum())

    def bounds(level: float) -> tuple[float, float]:
        low, high = drift_bounds(a, b, level, independent=independent)
        floor = 0.0 if a.same_file else -tango.certainty_floor(a.units, level)
        return min(share * low, floor), share * high

    lower, upper = bounds(alpha)
    limits = [powers.smallest_change_limit(e, alpha, power) for e in (a, b)]
    reach = sum(x**2 for x in limits) ** 0.5 if independent else sum(limits)
    smallest = max(share * reach, 0.0 if a.same_file else tango.certainty_floor(a.units, alpha))
    return Finding(
        rule, metric, group, None, group, a,
        estimate=share * (a.change - b.change),
        lower=lower,
        upper=upper,
        passes=lower > -rule.limit,
        fails_at=lambda level: bounds(level)[1] < -rule.limit,
        smallest_limit=min(smallest, 1.0),
        units_needed=powers.scaled(a, smallest, rule.limit),
    )  # fmt: skip


def _drift(
    rule: Rule, metric: Metric, hearing: Hearing, one: Group, other: Group, power: float
) -> Finding:
    found = [hearing.evidence(metric, group) for group in (one, other)]
    for evidence in found:
        if isinstance(evidence, Undefined):
            return _undefined(rule, metric, hearing, one, other, evidence, power)
    a, b = (e for e in found if isinstance(e, Evidence))
    alpha = round(1 - rule.confidence, 12)
    independent = not hearing.share_people(one, other)
    limits = [powers.smallest_change_limit(e, alpha, power) for e in (a, b)]
    smallest = min(sum(x**2 for x in limits) ** 0.5 if independent else sum(limits), 2.0)
    scarce, evidence = (one, a) if a.units <= b.units else (other, b)
    sign = metric.sign
    low, high = sorted(sign * x for x in drift_bounds(a, b, alpha, independent=independent))

    def fails_at(level: float) -> bool:
        low, high = drift_bounds(a, b, level / 2, independent=independent)
        return low > rule.limit or high < -rule.limit

    return Finding(
        rule, metric, one, other, scarce, evidence,
        estimate=sign * (a.change - b.change),
        lower=low,
        upper=high,
        passes=low > -rule.limit and high < rule.limit,
        fails_at=fails_at,
        smallest_limit=smallest,
        units_needed=powers.scaled(evidence, smallest, rule.limit),
    )  # fmt: skip


def _floor(rule: Rule, metric: Metric, hearing: Hearing, group: Group, power: float) -> Finding:
    evidence = hearing.evidence(metric, group)
    if isinstance(evidence, Undefined):
        return _undefined(rule, metric, hearing, group, None, evidence, power)
    alpha, higher = round(1 - rule.confidence, 12), metric.better == "higher"
    lower, upper = evidence.rate_lower(alpha), evidence.rate_upper(alpha)

    def fails_at(level: float) -> bool:
        if higher:
            return evidence.rate_upper(level) < rule.limit
        return evidence.rate_lower(level) > rule.limit

    return Finding(
        rule, metric, group, None, group, evidence,
        estimate=evidence.pruned,
        lower=lower,
        upper=upper,
        passes=lower > rule.limit if higher else upper < rule.limit,
        fails_at=fails_at,
        smallest_limit=powers.best_floor(evidence, alpha, power, higher=higher),
        units_needed=powers.floor_units_needed(evidence, rule.limit, alpha, power, higher=higher),
    )  # fmt: skip


def natural_bounds(evidence: Evidence, metric: Metric, alpha: float) -> tuple[float, float]:
    """Return bounds of pruned minus dense.

    Where a change either way is harm, neither bound may turn an unharmed sample into certainty.
    """
    lower, upper = evidence.lower(alpha), evidence.upper(alpha)
    if metric.better == "neither" and not evidence.same_file:
        floor = tango.certainty_floor(evidence.units, alpha)
        rise = evidence.bounds.change_lower(alpha)
        return (rise, upper) if rise > 0 else (lower, upper if upper < 0 else max(upper, floor))
    return (lower, upper) if metric.sign > 0 else (0.0 - upper, 0.0 - lower)


def _undefined(
    rule: Rule,
    metric: Metric,
    hearing: Hearing,
    group: Group,
    other: Group | None,
    why: Undefined,
    power: float,
) -> Finding:
    """Make a finding without a number; what would settle it is guessed from all rows together."""
    everyone = hearing.evidence(metric, hearing.everyone())
    alpha, needed = round(1 - rule.confidence, 12), None
    if isinstance(everyone, Evidence) and rule.binds != "floor":
        needed = powers.change_units_needed(everyone, rule.limit, alpha, power)
    elif isinstance(everyone, Evidence):
        higher = metric.better == "higher"
        needed = powers.floor_units_needed(everyone, rule.limit, alpha, power, higher=higher)
    return Finding(
        rule, metric, group, other, group, why,
        None, None, None, False, lambda level: False, None, needed,
    )  # fmt: skip
