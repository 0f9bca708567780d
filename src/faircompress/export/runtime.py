"""Exported files at work: what they predict, and whether that is what torch predicts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faircompress.export.ports import INPUT
from faircompress.support.errors import InputError
from faircompress.support.progress import show_line, track

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

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


def session(
    path: Path | bytes, device: str = "auto", *, threads: int | None = None, half: bool = False
) -> "InferenceSession":
    """Open a file on the GPU if there is one and ``device`` allows it, else on the CPU.

    ONNX Runtime falls back to the CPU without an error, so which of the two it became is said on
    the terminal when it is not what was asked, and can be read with ``provider``.

    Args:
        path: ONNX file, or the bytes of one.
        device: ``auto`` or ``cuda`` for the GPU if there is one; any other word for the CPU.
        threads: Within an operator; as many as torch uses, if None, or would.
        half: The file computes in float16. A GPU's kernels for it want channels last, and are
            found faster by cuDNN's own rules than by trying (``bench/physical_speedup.py``).
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or _threads()
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
    opened = ort.InferenceSession(
        path if isinstance(path, bytes) else str(path), options, providers=providers
    )
    if provider(opened) != "CUDAExecutionProvider" and (wants_gpu or device == "cuda"):
        why = "ONNX Runtime could not use it" if wants_gpu else "torch sees none"
        name = path.name if isinstance(path, Path) else "a file"
        show_line(f"{name} runs on the CPU although a GPU was asked for: {why}.")
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


def has_gpu(device: str) -> bool:
    """Tell whether a device of the params means a GPU that is really there."""
    if device not in ("auto", "cuda"):
        return False
    try:
        import torch
    except ModuleNotFoundError:  # who only audits files needs none
        return any(Path("/dev").glob("nvidia[0-9]*"))
    return torch.cuda.is_available()


def _threads() -> int:
    try:
        import torch
    except ModuleNotFoundError:
        return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    return torch.get_num_threads()
