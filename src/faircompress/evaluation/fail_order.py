"""Which harm beyond a limit is confirmed, and at which level.

With validation rows checks have their places before a test row is seen: the most suspect there
comes first, and the r-th of those not yet rejected is tested at ``alpha / 2 ** r``. Tests of
disparities have a share of their own. Without validation rows Holm's correction holds over all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.rules import Place
from faircompress.statistics import multiplicity

HOLM, ORDERED = "Holm", "order of validation"


@dataclass(frozen=True)
class Failures:
    """Which checks fail.

    Args:
        levels: Level at which each failed check was rejected, by its index.
        ranks: Place of each check in its chain, from 1, by its index; empty: Holm.
        how: Name of the correction.
    """

    levels: Mapping[int, float]
    ranks: Mapping[int, int] = field(default_factory=dict)
    how: str = HOLM


def confirmed_failures(
    checks: Sequence[Check], suspicion: Sequence[float] | None = None
) -> Failures:
    """Return which checks fail.

    Args:
        checks: All checks.
        suspicion: How suspect each is on validation rows, the more the larger; None: Holm.
    """
    order = list(range(len(checks)))
    if suspicion is not None:
        order.sort(key=lambda i: (-suspicion[i], i))
    tests = _tests([checks[i] for i in order], ordered=suspicion is not None)
    if suspicion is None:
        return Failures(multiplicity.holm(tests))
    levels = multiplicity.in_order(tests)
    chains: dict[bool, list[int]] = {False: [], True: []}
    for i in order:
        chains[checks[i].hypothesis.kind.of_pairs].append(i)
    ranks = {i: rank for chain in chains.values() for rank, i in enumerate(chain, start=1)}
    return Failures({order[at]: level for at, level in levels.items()}, ranks, ORDERED)


def _tests(checks: Sequence[Check], *, ordered: bool) -> list[multiplicity.Check]:
    """Return the tests of fails, each with a statistic for the level at which it comes first."""
    bare = [
        multiplicity.Check(one.fails_at, one.hypothesis.own_alpha, one.hypothesis.kind.of_pairs)
        for one in checks
    ]
    first = multiplicity.first_levels(bare, ordered=ordered) if bare else []
    return [
        replace(test, rejected_at=partial(one.fails_at, first=level))
        for test, one, level in zip(bare, checks, first, strict=True)
    ]


def suspicion(
    checks: Sequence[Check],
    comparisons: Mapping[str, PairedComparison],
    groups: Sequence[Group],
) -> list[float]:
    """Return how many standard errors each value lies beyond its limit on validation rows.

    Args:
        checks: All checks.
        comparisons: The same models on validation rows; of one that is not there, nothing is known.
        groups: Of the validation rows.
    """
    known = {group.key: group for group in groups}
    return [_suspicion(check, comparisons.get(check.rule.against), known) for check in checks]


def _suspicion(
    check: Check, comparison: PairedComparison | None, known: Mapping[str, Group]
) -> float:
    if comparison is None:
        return 0.0
    groups = [_same(group, comparison, known) for group in check.place.groups]
    if None in groups:
        return 0.0
    here = [group for group in groups if group is not None]
    place = Place(here[0], here[1] if len(here) > 1 else None, check.place.label)
    found = check.hypothesis.kind.preview(comparison, check.metric, place)
    if found is None:
        return 0.0
    value, error = found
    limits = check.hypothesis.limits
    ends = [] if limits.lower is None else [limits.lower - value]
    ends += [] if limits.upper is None else [value - limits.upper]
    return max(ends) / max(error, 1e-9)


def _same(group: Group, comparison: PairedComparison, known: Mapping[str, Group]) -> Group | None:
    return comparison.everyone() if group.key == POOLED else known.get(group.key)
