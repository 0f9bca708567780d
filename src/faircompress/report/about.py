"""What a verdict of the chain is about, for the head of its page."""

import os
from datetime import UTC, datetime

from faircompress.config.params import Params, Prune

RUN, COMMIT = "FAIRCOMPRESS_RUN", "FAIRCOMPRESS_COMMIT"  # the flow tells its stages
DIGITS = 10  # of a commit


def about(params: Params, data: str, multiple: int = 1) -> list[tuple[str, str, str]]:
    """Return name, words and sha256 of each fact; when, by which commit and run it was evaluated.

    Where a stage is run by hand, no flow tells commit and run.

    Args:
        params: Of the chain.
        data: sha256 of the data set.
        multiple: Of which number channels were kept in multiples.
    """
    prune = params.prune
    method = prune.criterion.name
    if prune.finetune.name != "cross_entropy":
        method = f"{method}, {prune.finetune.name.replace('_', ' ')}"
    if prune.repair:
        method = f"{method}, repaired"
    if prune.sam > 0:
        method = f"{method}, sharpness-aware"
    if prune.head.name != "keep":
        method = f"{method}, {prune.head.name}"
    found = [
        ("Project", params.key, ""),
        ("Data", params.data.name, data),
        ("Model", params.train.model, ""),
        ("Method", method, ""),
        _asked(prune),
        ("Channels", _multiple(prune, multiple), ""),
        ("Evaluated", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", ""),
        ("Commit", os.environ.get(COMMIT, "")[:DIGITS], ""),
        ("Run", os.environ.get(RUN, "")[:DIGITS], ""),
    ]
    return [fact for fact in found if fact[1]]


def _asked(prune: Prune) -> tuple[str, str, str]:
    if prune.target:
        return ("Target", str(prune.target), "")
    return ("Speed-up asked", f"{prune.speedup:g}\N{MULTIPLICATION SIGN}", "")


def _multiple(prune: Prune, multiple: int) -> str:
    """Say of which number channels are multiples; nothing where they are free."""
    if multiple <= 1:
        return ""
    measured = ", as the machine likes it" if prune.round_to == "auto" else ""
    return f"in multiples of {multiple}{measured}"
