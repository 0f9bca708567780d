"""Of which number channels are kept in multiples, as ``prune.round_to`` says."""

from typing import Literal

FILE = "widths.json"  # under artifacts/: the multiple, and where it was measured
CHOICES = 4  # multiples that every layer has with ``auto``: a narrow one is not kept or cut whole
WIDEST = 16  # multiple that a machine may like


def widths_kept(round_to: int | Literal["auto"], liked: int) -> dict[str, int]:
    """Return ``round_to`` and ``choices`` for a cut.

    Args:
        round_to: Of the params.
        liked: Multiple that the machine likes, for ``auto``.
    """
    if round_to == "auto":
        return {"round_to": liked, "choices": CHOICES}
    return {"round_to": round_to, "choices": 1}
