"""How much of alpha a look at a test set may spend."""

from faircompress.evaluation.rule_config import Gate
from faircompress.statistics import online_fdr


def level(gate: Gate, confidence: float, look: int | None, released: int = 0) -> float:
    """Return the chance of error that this look at a test set may spend.

    With ``spend`` all looks together spend ``1 - confidence``: 1/2 + 1/6 + 1/12 + ... = 1; with
    ``earn`` levels are those of ``statistics/online_fdr.py``.

    Args:
        gate: Its ``looks`` says in which way.
        confidence: That all looks together must keep, in ``(0, 1)``.
        look: 1 for the first, >= 1; None: looks are not counted, so this is the only one.
        released: Files that were released by earlier looks at this test set.
    """
    whole = round(1 - confidence, 12)
    if look is None or gate.looks == "ignore":
        return whole
    if gate.looks == "earn":
        return online_fdr.earn(look, released, whole)
    return online_fdr.spend(look, whole)
