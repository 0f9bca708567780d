"""In which order failures are confirmed: by the evidence of validation rows.

With validation rows each check has its place before a test row is seen, and the r-th of those not
yet rejected is tested at ``alpha / 2 ** r``. Without them, Holm's correction holds over all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faircompress.evaluation.hypotheses import Check


@dataclass(frozen=True)
class Failures:
    """Which checks fail.

    Args:
        levels: Level at which each failed check was rejected, by its index.
        how: Name of the correction.
    """

    levels: dict[int, float]
    how: str


def confirmed_failures(checks: Sequence[Check]) -> Failures:
    """Return which checks fail, after Holm's correction over all of them.

    Holm rejects step by step: with k rejected of m, any other that is rejected at
    ``alpha / (m - k)`` is rejected too.
    """
    levels: dict[int, float] = {}
    while True:
        left = len(checks) - len(levels)
        new = {
            i: check.hypothesis.alpha / left
            for i, check in enumerate(checks)
            if i not in levels and check.fails_at(check.hypothesis.alpha / left)
        }
        if not new:
            return Failures(levels, "Holm")
        levels |= new
