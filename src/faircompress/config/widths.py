"""Of which number channels are kept in multiples, as ``prune.round_to`` says."""

from typing import Literal

FILE = "widths.json"  # under artifacts/: the multiple, and where it was measured
CHOICES = 4  # multiples that every layer has with ``auto``: a narrow one is not kept or cut whole
WIDEST = 16  # multiple that a machine may like
NARROW = ("small", "resnet20", "resnet56")  # of 64 channels at most: few blocks to choose from


def widths_kept(round_to: int | Literal["auto"], liked: int) -> dict[str, int]:
    """Return ``round_to`` and ``choices`` for a cut.

    Args:
        round_to: Of the params.
        liked: Multiple that the machine likes, for ``auto``.
    """
    if round_to == "auto":
        return {"round_to": liked, "choices": CHOICES}
    return {"round_to": round_to, "choices": 1}


def odd_widths(model: str, round_to: int | Literal["auto"]) -> str:
    """Say what free widths cost a wide network; nothing of others.

    Args:
        model: ``train.model``.
        round_to: Of the params.
    """
    if round_to != 1 or model in NARROW:
        return ""
    return (
        "prune.round_to: 1 leaves odd numbers of channels, which processors pad. With auto "
        "resnet18 at 4x ran 3.6 times as fast instead of 2.4 (docs/speed.md)"
    )
