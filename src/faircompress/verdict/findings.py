"""What a rule finds in one group or pair of groups, and which findings are confirmed harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faircompress import plugins
from faircompress.metrics import Metric
from faircompress.verdict import Rule
from faircompress.verdict.evidence import Evidence, Undefined
from faircompress.verdict.groups import Group

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True)
class Terms:
    """On which terms a rule is put.

    Args:
        rule: The rule.
        alpha: Chance of error that it may spend at this look.
        power: For the counts that would settle it.
    """

    rule: Rule
    alpha: float
    power: float

    @property
    def metric(self) -> Metric:
        """Return the rule's metric."""
        found: Metric = plugins.find("metrics", self.rule.metric)
        return found


@dataclass(frozen=True)
class Finding:
    """What a rule finds in a group, before failures are corrected for their number.

    Numbers are in natural units: pruned minus dense (or champion, or anchor), or the pruned rate.

    Args:
        terms: The rule, and on which terms it is put.
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
        doubt: Why a pass would mean nothing, or no bound is known; empty: nothing against it.
    """

    terms: Terms
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
    doubt: str = ""

    @property
    def rule(self) -> Rule:
        """Return the rule."""
        return self.terms.rule

    @property
    def metric(self) -> Metric:
        """Return the rule's metric."""
        return self.terms.metric

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


def confirmed_failures(findings: Sequence[Finding]) -> set[int]:
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
            if i not in failed
            and not finding.passes
            and finding.fails_at(finding.terms.alpha / left)
        }
        if not new:
            return failed
        failed |= new
