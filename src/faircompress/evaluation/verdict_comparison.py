"""What differs between two verdicts: rules, outcomes of checks, rates by group."""

from collections.abc import Iterator
from dataclasses import dataclass

from faircompress.evaluation.results import RuleResult
from faircompress.evaluation.verdict import Verdict

SMALLEST = 0.0005  # a rate that differs by less is shown as the same


@dataclass(frozen=True)
class Difference:
    """A value on two sides.

    Args:
        what: Its name.
        first: On one side; None: it is not there.
        second: On the other.
    """

    what: str
    first: str | None
    second: str | None


@dataclass(frozen=True)
class RateDifference:
    """The candidate's rate of a group on two sides.

    Args:
        metric: Of the rate.
        group: The group.
        first: One candidate's rate.
        second: The other's.
    """

    metric: str
    group: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        """Return the second minus the first."""
        return self.second - self.first


def rules_that_differ(first: Verdict, second: Verdict) -> list[Difference]:
    """Return the rules that only one side has, or that ask for something else there."""
    one, two = _rules(first), _rules(second)
    return [
        Difference(name, one.get(name), two.get(name))
        for name in dict.fromkeys([*one, *two])
        if one.get(name) != two.get(name)
    ]


def _rules(verdict: Verdict) -> dict[str, str]:
    """Return what each rule asks for; a confidence that all of them share stands alone."""
    shared = {rule.confidence for rule in verdict.rules}
    if len(shared) == 1:
        found = {"confidence of each rule, one-sided": f"{shared.pop():.4g}"}
        return found | {_name(rule): f"limit {rule.limit:g}" for rule in verdict.rules}
    return {_name(rule): f"limit {rule.limit:g} at {rule.confidence:.4g}" for rule in verdict.rules}


def _name(rule: RuleResult) -> str:
    of = f" of {', '.join(rule.columns)}" if rule.columns else ""
    return f"{rule.rule} {rule.metric} against {rule.against}{of}"


def checks_that_differ(first: Verdict, second: Verdict) -> list[Difference]:
    """Return the checks of both sides that came out otherwise."""
    one, two = _outcomes(first), _outcomes(second)
    both = [name for name in one if name in two]
    return [Difference(name, one[name], two[name]) for name in both if one[name] != two[name]]


def _outcomes(verdict: Verdict) -> dict[str, str]:
    return {
        rule.name_of(check): str(check.outcome) for rule in verdict.rules for check in rule.checks
    }


def rates_that_differ(first: Verdict, second: Verdict) -> list[RateDifference]:
    """Return the candidates' rates that differ, of metrics that a rule tests; largest first."""
    tested = {rule.metric for verdict in (first, second) for rule in verdict.rules}
    one, two = dict(_rates(first, tested)), dict(_rates(second, tested))
    found = [RateDifference(*key, one[key], two[key]) for key in one if key in two]
    differing = [rate for rate in found if abs(rate.difference) >= SMALLEST]
    return sorted(differing, key=lambda rate: -abs(rate.difference))


def _rates(verdict: Verdict, tested: set[str]) -> Iterator[tuple[tuple[str, str], float]]:
    for group in verdict.groups:
        for name, found in group.metrics.items():
            if found.candidate is not None and (name in tested or name == "accuracy"):
                yield (name, group.group), found.candidate
