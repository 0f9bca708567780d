"""How much of alpha a look at a test set may spend."""

from faircompress.config.rules import Gate
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


def looks(way: str, look: int | None, released: int = 0) -> str:
    """Say how much of what the rules may err was spent at this look at the test set."""
    if look is None:
        return "The stated confidence is for one look at one test set; looks were not counted."
    start = f"This is look {look} at this test set"
    if way == "ignore":
        return f"{start}. Looks are not corrected for (gate.looks): the confidence is that of one."
    if way == "earn":
        return (
            f"{start}, after {released} releases: e-values are held to "
            f"{1 / online_fdr.earn(look, released, 1.0):.4g} times 1 / alpha. {online_fdr.CLAIM} "
            "This is no pass at the rules' confidence."
        )
    return (
        f"{start}, which may spend 1/{look * (look + 1)} of each rule's chance of error, so that "
        "all looks together keep within it. A fresh test set starts anew."
    )
