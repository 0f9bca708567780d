"""A file that was evaluated, as a line of a project's history."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluated:
    """A file that was evaluated.

    Args:
        time: When, in UTC, ISO 8601.
        version: Its number in the registry; empty: MLflow has none.
        workspace: ``project``, or the variant's name.
        precision: Of the file.
        verdict: On it.
        worst: Who is served worst, in words; empty: MLflow does not tell.
        limit_used: Largest share of a limit that a rule's worst estimate uses; above 1: beyond it.
        bytes: Of the file.
        dense_bytes: Of the dense file.
        milliseconds: A batch, the smallest that was timed.
        dense_milliseconds: The dense file's.
        speedup: Dense over pruned multiply-adds.
        decisions: What was done about it, oldest first, each in a few words.
        is_champion: Whether it is the champion, by the project's record.
    """

    time: str
    version: str
    workspace: str
    precision: str
    verdict: str
    worst: str
    limit_used: float | None
    bytes: float | None
    dense_bytes: float | None
    milliseconds: float | None
    dense_milliseconds: float | None
    speedup: float | None
    decisions: tuple[str, ...]
    is_champion: bool
