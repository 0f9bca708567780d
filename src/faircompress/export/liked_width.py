"""The number of channels of which this machine likes multiples, measured with ONNX Runtime.

A convolution of 33 channels takes as long as one of 48 where the processor computes 16 at a time.
It is measured once and kept in the user's cache, by hardware and version of ONNX Runtime, so that
a stage that runs again is given the same number.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faircompress.config.widths import WIDEST
from faircompress.export.runtime import session
from faircompress.export.timing import hardware
from faircompress.support.files import read_json, user_cache, write_json
from faircompress.support.progress import show_line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MULTIPLES = (1, 2, 4, 8, WIDEST)
NEAR = 1.15  # of the best time a channel pair: as good
LAYERS, SIDE, ROUNDS = 4, 28, 40  # convolutions one after the other, pixels, runs of which the best


def liked_width(device: str, *, threads: int | None = None) -> int:
    """Return the smallest multiple of channels that is nearly as good as any.

    Args:
        device: Where files run, as ``compute.device`` says.
        threads: Within an operator; None: as many as torch uses.
    """
    sessions = {multiple: _session(32 + multiple, device, threads) for multiple in MULTIPLES}
    where = json.dumps(hardware(sessions[1]), sort_keys=True)
    file = user_cache() / "liked_width.json"
    known = _read(file)
    if where not in known:
        times = _best_times(sessions)
        known[where] = smallest_good(times)
        show_line(f"channels in multiples of {known[where]}: this machine likes that, measured now")
        with suppress(OSError):  # then it is measured each time
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, known)
    return known[where]


def smallest_good(times: dict[int, float]) -> int:
    """Return the smallest multiple whose time for a pair of channels is near the best.

    Args:
        times: Of a convolution of ``32 + multiple`` channels, by multiple.
    """
    pairs = {multiple: time / (32 + multiple) ** 2 for multiple, time in times.items()}
    return min(m for m, taken in pairs.items() if taken <= NEAR * min(pairs.values()))


def _best_times(sessions: "dict[int, InferenceSession]") -> dict[int, float]:
    """Return the shortest run of each, taking turns: other load only makes runs longer."""
    times = dict.fromkeys(sessions, float("inf"))
    for _ in range(ROUNDS):
        for multiple, opened in sessions.items():
            feed = {"x": np.ones((1, 32 + multiple, SIDE, SIDE), np.float32)}
            start = time.perf_counter()
            opened.run(None, feed)
            times[multiple] = min(times[multiple], time.perf_counter() - start)
    return times


def _session(channels: int, device: str, threads: int | None) -> "InferenceSession":
    """Open a few convolutions that are as wide as each other."""
    from onnx import TensorProto, helper, numpy_helper

    weight = np.full((channels, channels, 3, 3), 1e-3, np.float32)
    nodes = [
        helper.make_node("Conv", [f"x{i}" if i else "x", "w"], [f"x{i + 1}"], pads=[1, 1, 1, 1])
        for i in range(LAYERS)
    ]
    shape = [1, channels, SIDE, SIDE]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("x", f"x{LAYERS}")
    ]
    initial = [numpy_helper.from_array(weight, "w")]
    graph = helper.make_graph(nodes, "widths", ends[:1], ends[1:], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return session(model.SerializeToString(), device, threads=threads)


def _read(file: Path) -> dict[str, int]:
    try:
        return dict(read_json(file))
    except (ValueError, TypeError):
        return {}
