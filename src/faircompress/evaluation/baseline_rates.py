"""What the baseline itself reaches where a rule limits the candidate's own rate, in words."""

from collections.abc import Iterable

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.results import Outcome


def baseline_rate(check: Check, outcome: Outcome) -> str:
    """Return what the baseline reaches where the candidate does not pass; a sentence or nothing.

    The bounds are of the same rows, at the same alpha. They decide nothing.
    """
    alone = check.of_baseline
    if outcome == Outcome.PASS or alone is None or isinstance(alone.measured, Undefined):
        return ""
    lower, upper = alone.bounds or (0.0, 1.0)
    reached = "reaches it" if alone.within else "is not shown to reach it"
    verb = "misses it too" if baseline_misses(check) else reached
    name, rate = check.hypothesis.captions.baseline, alone.measured.estimate
    return f" The {name} model's own: {rate:.3f} ({lower:.3f}, {upper:.3f}), which {verb}."


def baseline_misses(check: Check) -> bool:
    """Tell whether the baseline itself is confirmed to miss the limit, at the check's own alpha."""
    alone = check.of_baseline
    return alone is not None and alone.fails_at(check.hypothesis.alpha)


def improve(groups: str, captions: Captions) -> str:
    """Say what to do about groups in which the baseline itself misses the minimum."""
    better = f"{captions.improve[0].upper()}{captions.improve[1:]}"
    misses = f"the {captions.baseline} model misses the minimum of {groups} too"
    return f"{better}: {misses}, so compressing less will not mend it."


def lost_by_compression(checks: Iterable[Check]) -> list[Check]:
    """Return those that are of changes, or of a rate that the baseline reaches."""
    return [c for c in checks if c.hypothesis.kind.of_changes or _reached(c)]


def _reached(check: Check) -> bool:
    return check.of_baseline is not None and check.of_baseline.within
