"""Each rule put to each group or pair of groups that it binds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from faircompress.metrics import Metric
from faircompress.statistics import paired_proportions
from faircompress.verdict import power as powers
from faircompress.verdict.bounding import NO_BOUND
from faircompress.verdict.evidence import Evidence, Unbounded, Undefined, drift_bounds
from faircompress.verdict.findings import Finding, Terms
from faircompress.verdict.groups import Group, bound_by, pairs
from faircompress.verdict.hearing import Hearing
from faircompress.verdict.skill import skill


def put_all(
    terms: Sequence[Terms], hearings: Mapping[str, Hearing], groups: list[Group]
) -> list[list[Finding]]:
    """Put each rule to every group or pair of groups that it binds.

    Args:
        terms: Each rule, and on which terms it is put.
        hearings: The pruned file beside each file from which a rule counts changes.
        groups: Of the test rows.

    Raises:
        ValueError: If a rule names a column that is not there, or binds nothing; or if two groups
            have one name, under which the evidence of one would be taken for that of the other.
    """
    _check_names(groups)
    return [_put(one, hearings[one.rule.against], groups) for one in terms]


def _check_names(groups: list[Group]) -> None:
    names = [group.key for group in groups]
    names += [f"{group.key} alone" for group in groups if group.question is not None]
    names += [f"not {group.key}" for group in groups]
    again = next((name for name in names if names.count(name) > 1), None)
    if again is not None:
        raise ValueError(f"two groups are called {again!r}; rename a group or its column.")


def _put(terms: Terms, hearing: Hearing, groups: list[Group]) -> list[Finding]:
    rule = terms.rule
    columns = {group.column for group in groups}
    absent = set(rule.groups or ()) - columns
    if absent:
        raise ValueError(
            f"rule {rule.metric} {rule.binds} names group column {', '.join(sorted(absent))}; the "
            f"predictions have {', '.join(sorted(columns)) or 'none'}. Correct gate.rules."
        )
    named = bound_by(rule.groups, groups)
    bound = [group for group in named if not hearing.lacks_by_design(terms.metric, group)]
    lacking = len(named) - len(bound)
    if rule.binds == "drift":
        found = [_earned(_drift(terms, hearing, *two), hearing, two) for two in pairs(bound)]
    else:
        one = {"excess": _excess, "floor": _floor}.get(rule.binds, _change)
        if rule.binds == "excess":
            bound = [g for g in bound if len(hearing.alone(g).rows) < len(hearing.who)]
        found = [_earned(one(terms, hearing, group), hearing, [group]) for group in bound]
    if not found and not lacking:
        raise ValueError(
            f"rule {rule.metric} {rule.binds} binds no group, so it cannot fail; the predictions "
            f"have groups {', '.join(g.key for g in groups) or 'none'}. A drift needs two groups."
        )
    return found


def _earned(found: Finding, hearing: Hearing, groups: Sequence[Group]) -> Finding:
    """Let a finding pass only where the pruned model is shown to tell something apart."""
    evidence = found.evidence
    bounds = None if isinstance(evidence, Undefined) else evidence.bounds
    doubt = bounds.why if isinstance(bounds, Unbounded) else ""
    for group in groups if found.passes and not doubt else ():
        doubt = doubt or _doubt(found.terms, hearing, group)
    return replace(found, passes=False, doubt=doubt) if doubt else found


def _doubt(terms: Terms, hearing: Hearing, group: Group) -> str:
    rule, against = terms.rule, terms.rule.against
    emptied = hearing.emptied(group) if terms.metric.per_class or group.question is None else []
    if emptied:
        return f"no row of {group.key} is {' or '.join(emptied)}, and gate.absent does not say so"
    shown = skill(hearing, terms.metric, group)
    if shown is None:
        return f"{group.key} has too few rows of a class to show that anything is told apart there"
    pruned = shown.pruned(terms.alpha)
    if pruned <= 0:
        return (
            f"the pruned model is not shown to be better than chance in {group.key} "
            f"(by {pruned:+.3f} at least), so a pass would mean nothing"
        )
    if hearing.same_file:
        return ""
    dense = shown.dense(terms.alpha)
    if rule.binds != "floor" and rule.limit > dense:
        return (
            f"the {against} model is better than chance in {group.key} by {dense:.3f} at least, "
            f"less than the limit of {rule.limit:g}: a constant would pass"
        )
    return ""


def _change(terms: Terms, hearing: Hearing, group: Group) -> Finding:
    metric, alpha, limit = terms.metric, terms.alpha, terms.rule.limit
    evidence = hearing.evidence(metric, group)
    if isinstance(evidence, Undefined):
        return _undefined(terms, hearing, group, None, evidence)
    lower, upper = natural_bounds(evidence, metric, alpha)
    power = powers.both_ways(terms.power) if metric.better == "neither" else terms.power

    def fails_at(level: float) -> bool:
        if metric.better == "neither":
            down, up = natural_bounds(evidence, metric, level / 2)
            return up < -limit or down > limit
        return evidence.upper(level) < -limit

    return Finding(
        terms, group, None, group, evidence,
        estimate=evidence.pruned - evidence.dense,
        lower=lower,
        upper=upper,
        passes=evidence.lower(alpha) > -limit and (metric.better != "neither" or upper < limit),
        fails_at=fails_at,
        smallest_limit=powers.smallest_change_limit(evidence, alpha, power),
        units_needed=powers.change_units_needed(evidence, limit, alpha, power),
    )  # fmt: skip


def _excess(terms: Terms, hearing: Hearing, group: Group) -> Finding:
    """Bound a group's change beyond everyone's, whose part it is itself.

    With a share q of all weight, everyone's change is q times the group's plus 1 - q times the
    others'. So the excess is 1 - q times the drift between the group and the others, who have no
    row in common; q is taken as the test set has it.
    """
    own = hearing.alone(group)
    others = hearing.others(own)
    found = [hearing.evidence(terms.metric, rows) for rows in (own, others)]
    for evidence in found:
        if isinstance(evidence, Undefined):
            return _undefined(terms, hearing, group, None, evidence)
    a, b = (e for e in found if isinstance(e, Evidence))
    alpha, limit = terms.alpha, terms.rule.limit
    if hearing.caps is not None:
        a = replace(a, bounds=Unbounded(f"a loss beyond everyone's: {NO_BOUND}"))
    share = float(hearing.weights[others.rows].sum() / hearing.weights.sum())

    def bounds(level: float) -> tuple[float, float]:
        low, high = drift_bounds(a, b, level)
        floor = 0.0 if a.same_file else -paired_proportions.certainty_floor(a.units, level)
        return min(share * low, floor), share * high

    lower, upper = bounds(alpha)

    def smallest(factor: float) -> float:
        if a.same_file:
            return 0.0
        drift = powers.smallest_drift_limit(a, b, alpha, terms.power, factor)
        return min(
            max(share * drift, paired_proportions.certainty_floor(a.units * factor, alpha)), 1.0
        )

    return Finding(
        terms, group, None, group, a,
        estimate=share * (a.change - b.change),
        lower=lower,
        upper=upper,
        passes=lower > -limit,
        fails_at=lambda level: bounds(level)[1] < -limit,
        smallest_limit=smallest(1.0),
        units_needed=powers.settled(a, smallest, limit),
    )  # fmt: skip


def _drift(terms: Terms, hearing: Hearing, one: Group, other: Group) -> Finding:
    alpha, limit, sign = terms.alpha, terms.rule.limit, terms.metric.sign
    found = [hearing.evidence(terms.metric, group) for group in (one, other)]
    for evidence in found:
        if isinstance(evidence, Undefined):
            return _undefined(terms, hearing, one, other, evidence)
    a, b = (e for e in found if isinstance(e, Evidence))
    scarce, evidence = (one, a) if a.units <= b.units else (other, b)
    low, high = sorted(sign * x for x in drift_bounds(a, b, alpha))

    def fails_at(level: float) -> bool:
        low, high = drift_bounds(a, b, level / 2)
        return low > limit or high < -limit

    def smallest(factor: float) -> float:
        if a.same_file:
            return 0.0
        power = powers.both_ways(terms.power)
        return min(powers.smallest_drift_limit(a, b, alpha, power, factor), 2.0)

    return Finding(
        terms, one, other, scarce, evidence,
        estimate=sign * (a.change - b.change),
        lower=low,
        upper=high,
        passes=low > -limit and high < limit,
        fails_at=fails_at,
        smallest_limit=smallest(1.0),
        units_needed=powers.settled(evidence, smallest, limit),
    )  # fmt: skip


def _floor(terms: Terms, hearing: Hearing, group: Group) -> Finding:
    evidence = hearing.evidence(terms.metric, group)
    if isinstance(evidence, Undefined):
        return _undefined(terms, hearing, group, None, evidence)
    alpha, limit, higher = terms.alpha, terms.rule.limit, terms.metric.better == "higher"
    lower, upper = evidence.rate_lower(alpha), evidence.rate_upper(alpha)

    def fails_at(level: float) -> bool:
        if higher:
            return evidence.rate_upper(level) < limit
        return evidence.rate_lower(level) > limit

    return Finding(
        terms, group, None, group, evidence,
        estimate=evidence.pruned,
        lower=lower,
        upper=upper,
        passes=lower > limit if higher else upper < limit,
        fails_at=fails_at,
        smallest_limit=powers.best_floor(evidence, alpha, terms.power, higher=higher),
        units_needed=powers.floor_units_needed(evidence, limit, alpha, terms.power, higher=higher),
    )  # fmt: skip


def natural_bounds(evidence: Evidence, metric: Metric, alpha: float) -> tuple[float, float]:
    """Return bounds of pruned minus dense.

    Where a change either way is harm, neither bound may turn an unharmed sample into certainty.
    """
    lower, upper = evidence.lower(alpha), evidence.upper(alpha)
    if metric.better == "neither" and not evidence.same_file:
        floor = paired_proportions.certainty_floor(evidence.units, alpha)
        rise = evidence.bounds.change_lower(alpha)
        return (rise, upper) if rise > 0 else (lower, upper if upper < 0 else max(upper, floor))
    return (lower, upper) if metric.sign > 0 else (0.0 - upper, 0.0 - lower)


def _undefined(
    terms: Terms, hearing: Hearing, group: Group, other: Group | None, why: Undefined
) -> Finding:
    """Make a finding without a number; what would settle it is guessed from all rows together."""
    everyone = hearing.evidence(terms.metric, hearing.everyone())
    limit, alpha, power, needed = terms.rule.limit, terms.alpha, terms.power, None
    if isinstance(everyone, Evidence) and terms.rule.binds != "floor":
        needed = powers.change_units_needed(everyone, limit, alpha, power)
    elif isinstance(everyone, Evidence):
        higher = terms.metric.better == "higher"
        needed = powers.floor_units_needed(everyone, limit, alpha, power, higher=higher)
    return Finding(
        terms, group, other, group, why,
        None, None, None, False, lambda level: False, None, needed,
    )  # fmt: skip
