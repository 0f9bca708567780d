"""The number of channels of which this machine likes multiples, measured with ONNX Runtime.

A convolution of 33 channels takes as long as one of 48 where the processor computes 16 at a time.
So the widest multiple is taken whose half-filled last block costs as much as a full one. Without
blocks 40 channels would take .69 of the time of 48; with blocks of 16 they take all of it, and the
line lies between. It is measured in processor time, on one thread, in turns, by the median of the
ratios, so that other load does not decide it, and kept in the user's cache by hardware and version
of ONNX Runtime. ``bench/liked_width.py`` measures again and again, idle and under load.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faircompress.config.widths import WIDEST
from faircompress.export.layer_times import clock_of
from faircompress.export.runtime import session
from faircompress.export.timing import hardware
from faircompress.support.files import read_json, user_cache, write_json
from faircompress.support.progress import show_line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LEAST = 4  # multiple that costs nothing: the last resort
FULL, SIDE = 32, 28  # channels in full blocks below the last, pixels
LAYERS, ROUNDS = 4, 40  # convolutions one after the other; pairs of runs


def liked_width(device: str) -> int:
    """Return the multiple of channels that this machine computes at once: 16, 8 or 4."""
    return liked(device)[0]


def liked(device: str) -> tuple[int, dict[str, str | int]]:
    """Return the same, and the hardware of which it is true.

    Args:
        device: Where files run, as ``compute.device`` says.
    """
    widths = {FULL + multiple for multiple in (WIDEST, WIDEST // 2, WIDEST // 4)}
    sessions = {width: _session(width, device) for width in sorted(widths)}
    found = hardware(sessions[FULL + WIDEST])
    where, file = json.dumps(found, sort_keys=True), user_cache() / "liked_blocks.json"
    known = _read(file)
    if where not in known:
        known[where] = widest_block(ratios(sessions))
        show_line(f"channels in multiples of {known[where]}: this machine likes that, measured now")
        with suppress(OSError):  # then it is measured each time
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, known)
    return known[where], found


def widest_block(half_filled: dict[int, float]) -> int:
    """Return the widest multiple whose half-filled block costs as much as a full one.

    Args:
        half_filled: Time with a half-filled last block over that with a full one, by multiple.
    """
    for multiple, ratio in sorted(half_filled.items(), reverse=True):
        without_blocks = ((FULL + multiple / 2) / (FULL + multiple)) ** 2
        if ratio > (1 + without_blocks) / 2:
            return multiple
    return LEAST


def ratios(sessions: "dict[int, InferenceSession]") -> dict[int, float]:
    """Return the median time with a half-filled last block over that with a full one."""
    times: dict[int, list[float]] = {width: [] for width in sessions}
    for _ in range(ROUNDS):
        for width, opened in sessions.items():
            clock = clock_of(opened)
            feed = {"x": np.ones((1, width, SIDE, SIDE), np.float32)}
            start = clock()
            opened.run(None, feed)
            times[width].append(clock() - start)
    return {
        multiple: float(np.median(np.divide(times[FULL + multiple // 2], times[FULL + multiple])))
        for multiple in (WIDEST, WIDEST // 2)
    }


def _session(channels: int, device: str) -> "InferenceSession":
    """Open a few convolutions that are as wide as each other, on one thread."""
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
    return session(model.SerializeToString(), device, threads=1)


def _read(file: Path) -> dict[str, int]:
    try:
        return dict(read_json(file))
    except (ValueError, TypeError):
        return {}
