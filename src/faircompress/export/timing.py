"""How fast two ONNX files are, measured so that other load meets both alike."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr

from faircompress.export.ports import INPUT
from faircompress.export.runtime import provider

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PAIR_SECONDS = 60.0  # of timing a batch size, after which no further pair is run
FEWEST_PAIRS = 6  # whose extremes are 95 % bounds of their median
WARM_UP = 3  # untimed runs before


@dataclass(frozen=True)
class Latency:
    """How long both files take for one batch, milliseconds, and what that says.

    Args:
        batch: Pictures a run.
        pairs: Timed runs of each file; each dense run has a pruned one beside it.
        dense: Quantiles .05, .25, .5, .75 and .95 of the dense file's times; ``p95_low`` and
            ``p95_high``, each at 95 % confidence, None where too few runs can tell.
        pruned: Likewise.
        speedup: Median over pairs of dense over pruned time.
        low: Lower end of the median's 95 % interval, by order statistics.
        high: Upper end.
    """

    batch: int
    pairs: int
    dense: dict[str, float | None]
    pruned: dict[str, float | None]
    speedup: float
    low: float
    high: float


def latency(
    dense: "InferenceSession",
    pruned: "InferenceSession",
    images: np.ndarray,
    *,
    batch: int,
    repeats: int,
) -> Latency:
    """Time both files on one batch, taking turns, so that other load meets both alike.

    Each timed run follows an untimed one of the same file, since who deploys it runs no other.

    Args:
        dense: File to compare with.
        pruned: File that should be faster.
        images: uint8 NHWC pictures, repeated if there are fewer than ``batch``.
        batch: Pictures a run.
        repeats: Pairs of runs, at least 6; fewer are run where they would take above a minute.
    """
    feed = {INPUT: np.ascontiguousarray(images[np.arange(batch) % len(images)])}
    return latency_of((dense, pruned), (feed, feed), batch=batch, repeats=repeats)


def latency_of(
    sessions: "tuple[InferenceSession, InferenceSession]",
    feeds: Sequence[dict[str, np.ndarray]],
    *,
    batch: int,
    repeats: int,
) -> Latency:
    """Time two files on what each takes, taking turns; see ``latency``.

    Args:
        sessions: Dense and pruned file.
        feeds: The input of one run of each.
        batch: Pictures in it.
        repeats: Pairs of runs.
    """
    measured = _in_turns(sessions, feeds, repeats)
    ratios = measured[:, 0] / measured[:, 1]
    low, high = quantile_bounds(ratios, 0.5, tail=0.025)
    return Latency(
        batch,
        len(measured),
        _quantiles(measured[:, 0]),
        _quantiles(measured[:, 1]),
        float(np.median(ratios)),
        float(ratios.min()) if low is None else low,
        float(ratios.max()) if high is None else high,
    )


def hardware(opened: "InferenceSession") -> dict[str, str | int]:
    """Say on what a session's times were measured: they hold nowhere else."""
    import onnxruntime as ort

    on_gpu = provider(opened) == "CUDAExecutionProvider"
    return {
        "provider": provider(opened),
        "processor": _gpu() if on_gpu else _processor(),
        "threads": opened.get_session_options().intra_op_num_threads,
        "onnxruntime": ort.__version__,
    }


def _in_turns(
    sessions: "tuple[InferenceSession, InferenceSession]",
    feeds: Sequence[dict[str, np.ndarray]],
    repeats: int,
) -> np.ndarray:
    """Return milliseconds ``(pairs, 2)``; each of the two goes first in every second pair."""
    for _ in range(WARM_UP):
        for opened, feed in zip(sessions, feeds, strict=True):
            _milliseconds(opened, feed)
    times: list[tuple[float, float]] = []
    start = time.monotonic()
    while len(times) < max(repeats, FEWEST_PAIRS):
        pair = [0.0, 0.0]
        for side in (1, 0) if len(times) % 2 else (0, 1):
            sessions[side].run(None, feeds[side])  # its numbers, not the other's, are in the caches
            pair[side] = _milliseconds(sessions[side], feeds[side])
        times.append((pair[0], pair[1]))
        if len(times) >= FEWEST_PAIRS and time.monotonic() - start > PAIR_SECONDS:
            break
    return np.array(times)


def _milliseconds(opened: "InferenceSession", feed: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    opened.run(None, feed)
    return (time.perf_counter() - start) * 1000


def _quantiles(times: np.ndarray) -> dict[str, float | None]:
    names = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
    low, high = quantile_bounds(times, 0.95, tail=0.05)
    found = {name: float(np.quantile(times, share)) for name, share in names.items()}
    return {**found, "p95_low": low, "p95_high": high}


def quantile_bounds(
    values: np.ndarray, share: float, *, tail: float
) -> tuple[float | None, float | None]:
    """Return bounds of a quantile by order statistics, which assume nothing of the distribution.

    Args:
        values: Independent draws, ``(draws,)``.
        share: Of all values that lie below the quantile, in ``(0, 1)``.
        tail: Chance of error of each bound.

    Returns:
        Lower and upper bound; None where even the extremes of so few draws cannot bound it.
    """
    ordered = np.sort(values)
    below = bdtr(np.arange(len(ordered)), len(ordered), share)  # of the binomial distribution
    lows, highs = np.flatnonzero(below <= tail), np.flatnonzero(below >= 1 - tail)
    return (
        float(ordered[lows[-1]]) if len(lows) else None,
        float(ordered[highs[0]]) if len(highs) else None,
    )


def _gpu() -> str:
    try:
        import torch
    except ModuleNotFoundError:
        return "a GPU"
    return torch.cuda.get_device_name()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
