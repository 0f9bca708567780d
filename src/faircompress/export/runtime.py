"""Exported files at work: what they predict, whether that is what torch predicts, and how fast."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import stats

from faircompress.export.to_onnx import INPUT
from faircompress.support.errors import InputError
from faircompress.support.progress import show_line, track

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PAIR_SECONDS = 60.0  # of timing a batch size, after which no further pair is run
FEWEST_PAIRS = 6  # whose extremes are 95 % bounds of their median
WARM_UP = 3  # untimed runs before


HALF = {"cudnn_conv_algo_search": "HEURISTIC", "prefer_nhwc": "1"}


@dataclass(frozen=True)
class Parity:
    """How far a file's probabilities are from torch's on one split.

    Args:
        max_difference: Largest absolute difference of a probability.
        row: Id of the row that has it.
        flips: Rows that torch decides clearly and the file otherwise.
        near_ties: Rows decided differently where torch's two best are within twice the tolerance.
    """

    max_difference: float
    row: str
    flips: int
    near_ties: int


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


def session(
    path: Path, device: str = "auto", *, threads: int | None = None, half: bool = False
) -> "InferenceSession":
    """Open a file on the GPU if there is one and ``device`` allows it, else on the CPU.

    ONNX Runtime falls back to the CPU without an error, so which of the two it became is said on
    the terminal when it is not what was asked, and can be read with ``provider``.

    Args:
        path: ONNX file.
        device: ``auto`` or ``cuda`` for the GPU if there is one; any other word for the CPU.
        threads: Within an operator; as many as torch uses, if None.
        half: The file computes in float16. A GPU's kernels for it want channels last, and are
            found faster by cuDNN's own rules than by trying (``bench/physical_speedup.py``).
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or torch.get_num_threads()
    options.inter_op_num_threads = 1
    # idle threads of one file must not take the processor from the other while it is timed
    options.add_session_config_entry("session.force_spinning_stop", "1")
    providers: list[str | tuple[str, dict[str, str]]] = ["CPUExecutionProvider"]
    wants_gpu = has_gpu(device)
    if wants_gpu:
        ort.preload_dlls()
        # cuDNN has no plan for some fused layers; they run unfused, and each is called an error
        ort.set_default_logger_severity(4)
        options.log_severity_level = 3  # shapes are computed on the CPU, which is warned of
        # tf32 keeps 10 bits of a weight; differences to torch would be past any useful tolerance
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0", **(HALF if half else {})}))
    opened = ort.InferenceSession(str(path), options, providers=providers)
    if provider(opened) != "CUDAExecutionProvider" and (wants_gpu or device == "cuda"):
        why = "ONNX Runtime could not use it" if wants_gpu else "torch sees none"
        show_line(f"{path.name} runs on the CPU although a GPU was asked for: {why}.")
    return opened


def provider(opened: "InferenceSession") -> str:
    """Return what really runs a session: ``CPUExecutionProvider`` or ``CUDAExecutionProvider``."""
    return str(opened.get_providers()[0])


def predict(
    opened: "InferenceSession", images: np.ndarray, *, batch: int = 256, what: str = "ONNX Runtime"
) -> np.ndarray:
    """Return a file's probabilities, float32 ``(rows, classes)``, of uint8 NHWC pictures."""
    starts = range(0, len(images), batch)
    return np.concatenate(
        [
            opened.run(None, {INPUT: images[start : start + batch]})[0]
            for start in track(starts, what, len(starts))
        ]
    )


def compare(
    expected: np.ndarray, found: np.ndarray, ids: Sequence[str], *, tolerance: float, what: str
) -> Parity:
    """Say how far a file's probabilities are from torch's.

    Args:
        expected: Torch's, ``(rows, classes)``.
        found: The file's, ``(rows, classes)``.
        ids: Of the rows.
        tolerance: Twice as much between torch's best and its worst is a clear decision, > 0.
        what: Model and split, for messages.

    Raises:
        ValueError: If shapes differ, or the file gives something that is no finite number.
    """
    if expected.shape != found.shape:
        raise InputError(f"{what}: torch gives shape {expected.shape}, the file {found.shape}")
    broken = np.flatnonzero(~np.isfinite(found).all(1))
    if len(broken):
        raise InputError(
            f"{what}: the file gives row {ids[broken[0]]} and {len(broken) - 1} others no finite "
            "numbers. Half precision ends at 65,504: if it is its file, take fp16 out of "
            "export.precisions; else look at how training ended."
        )
    differences = np.abs(expected.astype(np.float64) - found)
    row = int(differences.max(1).argmax())
    changed = expected.argmax(1) != found.argmax(1)
    best = np.sort(expected, 1)[:, -2:]
    clear = best[:, -1] - best[:, 0] > 2 * tolerance
    flips, near = int((changed & clear).sum()), int((changed & ~clear).sum())
    return Parity(float(differences[row].max()), str(ids[row]), flips, near)


def raise_unless_equivalent(parity: Parity, tolerance: float, *, what: str) -> None:
    """Raise unless a file predicts what its network does.

    Raises:
        ValueError: If a probability differs by more than the tolerance, or a clear decision
            flipped.
    """
    if parity.max_difference > tolerance or parity.flips:
        raise InputError(
            f"{what}: the file gives row {parity.row} a probability that is "
            f"{parity.max_difference:.6g} from torch's; they may differ by {tolerance:g}, and "
            f"{parity.flips} decisions flipped. Was the file written from this network?"
        )


def latency(
    dense: "InferenceSession",
    pruned: "InferenceSession",
    images: np.ndarray,
    *,
    batch: int,
    repeats: int,
) -> Latency:
    """Time both files on one batch, taking turns, so that other load meets both alike.

    Args:
        dense: File to compare with.
        pruned: File that should be faster.
        images: uint8 NHWC pictures, repeated if there are fewer than ``batch``.
        batch: Pictures a run.
        repeats: Pairs of runs, at least 6; fewer are run where they would take above a minute.
    """
    feed = {INPUT: np.ascontiguousarray(images[np.arange(batch) % len(images)])}
    measured = _in_turns(dense, pruned, feed, repeats)
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
        "processor": torch.cuda.get_device_name() if on_gpu else _processor(),
        "threads": opened.get_session_options().intra_op_num_threads,
        "onnxruntime": ort.__version__,
    }


def has_gpu(device: str) -> bool:
    """Tell whether a device of the params means a GPU that is really there."""
    return device in ("auto", "cuda") and torch.cuda.is_available()


def _in_turns(
    dense: "InferenceSession", pruned: "InferenceSession", feed: dict[str, np.ndarray], repeats: int
) -> np.ndarray:
    """Return milliseconds ``(pairs, 2)``; each of the two goes first in every second pair."""
    for _ in range(WARM_UP):
        _milliseconds(dense, feed), _milliseconds(pruned, feed)
    times: list[tuple[float, float]] = []
    start = time.monotonic()
    while len(times) < max(repeats, FEWEST_PAIRS):
        if len(times) % 2:
            second, first = _milliseconds(pruned, feed), _milliseconds(dense, feed)
        else:
            first, second = _milliseconds(dense, feed), _milliseconds(pruned, feed)
        times.append((first, second))
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
    below = stats.binom.cdf(np.arange(len(ordered)), len(ordered), share)
    lows, highs = np.flatnonzero(below <= tail), np.flatnonzero(below >= 1 - tail)
    return (
        float(ordered[lows[-1]]) if len(lows) else None,
        float(ordered[highs[0]]) if len(highs) else None,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
