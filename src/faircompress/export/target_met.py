"""What was asked of the pruned file in ms or MB, what was predicted, and what came out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faircompress.export import timing
from faircompress.support.progress import show_line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NEAR = 0.005  # of the target: met


def target_met(
    target: Mapping[str, float],
    opened: Mapping[str, "InferenceSession"],
    folder: Path,
    pictures: np.ndarray,
    repeats: int,
) -> dict[str, float]:
    """Return what was asked, predicted and reached, and tell a miss; nothing without a target.

    Args:
        target: As the stage ``prune`` wrote it.
        opened: Files by name.
        folder: Where they lie.
        pictures: uint8 NHWC.
        repeats: Pairs of timed runs.
    """
    if "target_ms" in target:
        pair = opened["dense"], opened["pruned"]
        taken = timing.latency(*pair, pictures, batch=1, repeats=repeats)
        return {**target, "reached_ms": _told("ms", target, taken.pruned["median"] or 0.0)}
    if "target_mb" in target:
        size = (folder / "pruned.onnx").stat().st_size / 1e6
        return {**target, "reached_mb": _told("MB", target, size)}
    return {}


def _told(unit: str, target: Mapping[str, float], found: float) -> float:
    asked, predicted = (target[f"{word}_{unit.lower()}"] for word in ("target", "predicted"))
    more = found / asked - 1
    ending = f"missed by {more:.0%}" if more > NEAR else "met"
    show_line(f"target {asked:g} {unit}: predicted {predicted:.3g}, came out {found:.3g}, {ending}")
    return found
