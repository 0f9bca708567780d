"""What one check found."""

from dataclasses import dataclass

SHOWN = 20  # rows that a finding names at most


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: What must hold.
        severity: ``error`` stops the chain, ``warning`` is told, ``note`` is no check.
        ok: It holds.
        sentence: What was found, naming rows.
        rows: Ids of the rows behind it, at most 20.
        count: Lines of the checked table that do not hold.
    """

    check: str
    severity: str
    ok: bool
    sentence: str
    rows: list[str]
    count: int
