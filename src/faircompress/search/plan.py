"""Which speed-ups are tried, whose chance counts, and which file wins."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from faircompress.config.precisions import PRECISIONS

CLOSE = 1.25  # between a speed-up that passes and one that does not: no further try
MOST = 64.0  # times fewer multiply-adds
LEAST = 1.25
By = Literal["bytes", "ms"]


@dataclass(frozen=True)
class File:
    """A candidate's file in one precision.

    Args:
        precision: Such as ``fp32``.
        bytes: Its size.
        ms: Median latency of one batch.
        passes: Does it pass, by drawn test set?
        used: Share of its limit that the worst check uses: mean, 5 % and 95 % of the draws.
        worst: That check, by name.
        stops: The check that most drawn test sets do not pass, by name; empty: all pass all.
        stopped: Their share.
    """

    precision: str
    bytes: int
    ms: float
    passes: tuple[bool, ...]
    used: tuple[float, float, float]
    worst: str
    stops: str = ""
    stopped: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """A pruned network.

    Args:
        line: What it was made with beside the speed-up, as ``section.key=value ...``; empty: as
            ``params.yaml`` has it.
        speedup: Asked for.
        macs: Multiply-adds of a picture.
        folder: Of the variant.
        files: In the order in which the gate evaluates them.
        dense_bytes: Size of the dense file in fp32.
        dense_ms: Its median latency, timed in turns with these; the median over them.
    """

    line: str
    speedup: float
    macs: float
    folder: str
    files: tuple[File, ...]
    dense_bytes: int = 0
    dense_ms: float = 0.0


@dataclass(frozen=True)
class Ranked:
    """A file with its chance to pass the gate, shrunk for having been chosen.

    Args:
        candidate: The network.
        file: The file.
        chance: Share of drawn test sets on which it and those evaluated before it pass.
        shrunk: The same, no larger than that of less compressed files of its line, and with its
            shortfall counted once for each line.
        expected: Is it expected to pass?
    """

    candidate: Candidate
    file: File
    chance: float
    shrunk: float
    expected: bool


def ranked(candidates: Iterable[Candidate], *, asked: float, by: By) -> list[Ranked]:
    """Return all files: those expected to pass first, the best of them first; then by chance.

    Args:
        candidates: All that were tried.
        asked: Chance from which on a file is expected to pass.
        by: What should be small.
    """
    known = sorted(candidates, key=lambda one: (one.line, one.speedup))
    lines = len({one.line for one in known})
    found = []
    for line in dict.fromkeys(one.line for one in known):
        lowest = dict.fromkeys(PRECISIONS, 1.0)
        for candidate in (one for one in known if one.line == line):
            together = np.ones(len(candidate.files[0].passes), bool)
            for file in candidate.files:
                together &= np.array(file.passes)
                chance = float(together.mean())
                lowest[file.precision] = min(lowest[file.precision], chance)  # type: ignore[index]
                shrunk = max(0.0, 1 - lines * (1 - lowest[file.precision]))  # type: ignore[index]
                found.append(Ranked(candidate, file, chance, shrunk, shrunk >= asked - 1e-9))
    return sorted(
        found,
        key=lambda one: (
            not one.expected,
            getattr(one.file, by) if one.expected else -one.shrunk,
            -one.candidate.speedup,
        ),
    )


def next_speedups(
    start: float, known: Sequence[tuple[float, bool]], *, at_once: int = 1
) -> list[float]:
    """Return the speed-ups to try next on a line; none: the answer is near enough.

    Doubled until one is not expected to pass, or halved until one is; then between the two, evenly
    in the logarithm.

    Args:
        start: Tried first.
        known: Speed-ups that were tried, and whether each is expected to pass.
        at_once: How many are wanted.
    """
    failed = [speedup for speedup, passes in known if not passes]
    high = min(failed, default=math.inf)
    passed = [speedup for speedup, passes in known if passes and speedup < high]
    low = max(passed, default=1.0)
    if math.isinf(high):
        first = start if low == 1.0 else 2 * low
        tried = [first * 2**step for step in range(at_once)]
        return [speedup for speedup in tried if speedup <= MOST]
    if low == 1.0:  # none passes yet
        return [half for half in (high / 2,) if half >= LEAST] or (
            [LEAST] if high > LEAST * CLOSE else []
        )
    if high / low <= CLOSE:
        return []
    ratio = (high / low) ** (1 / (at_once + 1))
    return [round(low * ratio**step, 2) for step in range(1, at_once + 1)]


def overrides_of(found: Ranked) -> list[str]:
    """Return what makes this file in an ordinary run, as ``section.key=value``."""
    own = [f"prune.speedup={found.candidate.speedup:g}", *found.candidate.line.split()]
    made = [file.precision for file in found.candidate.files]
    upto = made[: made.index(found.file.precision) + 1]
    if len(upto) > 1:
        own += [f"export.precisions=[{','.join(upto)}]", "gate.promote=smallest"]
    return own
