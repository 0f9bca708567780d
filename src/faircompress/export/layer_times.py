"""How long each layer of a network takes by its widths: a table, measured here and kept.

Each layer is run alone in ONNX Runtime at a few widths; between them times are interpolated. A
layer alone pays for reordering its numbers, and a machine is never quite idle, so a table gives
shares of a network's time, not milliseconds: what a cut network takes is the dense file's time,
measured whole, less what its layers save. Tables are kept in the user's cache by hardware, threads
and version of ONNX Runtime, a layer at a time, so that networks of one family share them.
"""

import itertools
import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faircompress.compression.channels import LayerWidths
from faircompress.compression.layer_shapes import LayerShape
from faircompress.export.runtime import provider, session
from faircompress.export.timing import hardware
from faircompress.support.files import read_json, user_cache, write_json
from faircompress.support.progress import show_line, track

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHARES = (1 / 16, 1 / 4, 1 / 2, 1)  # of a layer's channels at which it is measured
RUNS, LEAST_RUNS, PATIENCE = 12, 3, 0.1  # of a width: runs, or so many after so many seconds
Times = dict[str, float]  # layer and widths -> milliseconds


@dataclass(frozen=True)
class LayerTimes:
    """Milliseconds of each layer of a network, by its widths.

    Args:
        grids: Layer -> output widths, input widths, milliseconds ``(outputs, inputs)``.
        block: Channels that are computed together: 33 cost as many as the next multiple.
    """

    grids: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    block: int

    def total(self, widths: LayerWidths) -> float:
        """Return the milliseconds of all layers at some widths."""
        return sum(self._one(name, *widths[name]) for name in self.grids)

    def _one(self, name: str, outputs: int, inputs: int) -> float:
        rows, columns, times = self.grids[name]
        across = [np.interp(_up(inputs, self.block), columns, line) for line in times]
        return float(np.interp(_up(outputs, self.block), rows, across))


def layer_times(
    shapes: Mapping[str, LayerShape],
    widths: LayerWidths,
    device: str,
    *,
    block: int,
    threads: int | None = None,
) -> LayerTimes:
    """Return a network's table; what of it is not known yet is measured.

    Args:
        shapes: Of its layers.
        widths: Of the dense network's.
        device: Where files run, as ``compute.device`` says.
        block: Of channels, as ``liked_width`` gives it.
        threads: Within an operator; None: as many as torch uses.
    """
    axes = {
        name: tuple(_points(w, block) for w in _free(shapes[name], widths[name])) for name in shapes
    }
    wanted = {
        _key(call, *pair): (call, pair)
        for name, (outputs, inputs) in axes.items()
        for call in shapes[name].calls()
        for pair in itertools.product(outputs, inputs)
    }
    times = _known_or_measured(wanted, device, threads)
    grids = {
        name: (
            np.array(outputs), np.array(inputs),
            np.array([[_whole(shapes[name], o, i, times) for i in inputs] for o in outputs]),
        )
        for name, (outputs, inputs) in axes.items()
    }  # fmt: skip
    return LayerTimes(grids, block)


def _whole(shape: LayerShape, outputs: int, inputs: int, times: Times) -> float:
    """Return the milliseconds of all the times that a layer is called."""
    return sum(times[_key(call, outputs, inputs)] for call in shape.calls())


def _known_or_measured(
    wanted: Mapping[str, tuple[LayerShape, tuple[int, int]]], device: str, threads: int | None
) -> Times:
    first = _session(*next(iter(wanted.values())), device, threads)[0]
    where, file = json.dumps(hardware(first), sort_keys=True), user_cache() / "layer_times.json"
    known = _read(file)
    own = known.setdefault(where, {})
    missing = [key for key in wanted if key not in own]
    for key in track(missing, "timing layers", len(missing)):
        own[key] = _milliseconds(*_session(*wanted[key], device, threads))
    if missing:
        show_line(f"{len(missing)} layers and widths timed on this machine, and kept in {file}")
        with suppress(OSError):  # then they are timed again
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, known)
    return own


def _milliseconds(opened: "InferenceSession", feed: dict[str, np.ndarray]) -> float:
    """Return the shortest run: other load only makes runs longer."""
    clock = clock_of(opened)
    opened.run(None, feed)
    best, until = math.inf, time.monotonic() + PATIENCE
    for number in range(RUNS):
        if number >= LEAST_RUNS and time.monotonic() > until:
            break
        start = clock()
        opened.run(None, feed)
        best = min(best, clock() - start)
    return best * 1000


def clock_of(opened: "InferenceSession") -> Callable[[], float]:
    """Return the processor's time where one thread does all, which other load does not lengthen."""
    alone = opened.get_session_options().intra_op_num_threads == 1
    on_cpu = provider(opened) == "CPUExecutionProvider"
    return time.thread_time if alone and on_cpu else time.perf_counter


def _session(
    shape: LayerShape, widths: tuple[int, int], device: str, threads: int | None
) -> "tuple[InferenceSession, dict[str, np.ndarray]]":
    """Open a layer alone, of one call, and make what it reads."""
    from onnx import TensorProto, helper, numpy_helper

    outputs, inputs = widths
    if shape.kernel:
        groups = outputs if shape.depthwise else shape.groups
        read: tuple[int, ...] = (1, inputs * groups, *shape.sides[0])
        weight: tuple[int, ...] = (outputs, inputs, *shape.kernel)
        node = helper.make_node(
            "Conv", ["x", "w", "b"], ["c"], group=groups, strides=shape.stride,
            pads=shape.padding * 2, dilations=shape.dilation,
        )  # fmt: skip
    else:
        read, weight = (shape.sides[0][0], inputs), (inputs, outputs)
        node = helper.make_node("Gemm", ["x", "w", "b"], ["c"])
    constants = [
        numpy_helper.from_array(np.full(dims, 1e-3, np.float32), name)
        for name, dims in (("w", weight), ("b", (outputs,)))
    ]
    nodes = [node, helper.make_node("Relu", ["c"], ["y"])]
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, read),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    graph = helper.make_graph(nodes, "layer", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    opened = session(model.SerializeToString(), device, threads=threads)
    return opened, {"x": np.ones(read, np.float32)}


def _free(shape: LayerShape, widths: tuple[int, int]) -> tuple[int, int]:
    return widths if not shape.depthwise else (widths[0], 1)


def _points(width: int, block: int) -> list[int]:
    if width <= block or width < 8:
        return [width]
    return sorted({min(width, _up(math.ceil(width * share), block)) for share in SHARES})


def _up(width: int, block: int) -> int:
    return -(-width // block) * block


def _key(shape: LayerShape, outputs: int, inputs: int) -> str:
    parts = (shape.kernel, shape.stride, shape.padding, shape.dilation, shape.sides[0])
    words = ["x".join(map(str, part)) for part in parts]
    return "/".join([*words, f"g{shape.groups}{'d' * shape.depthwise}", f"{outputs}<{inputs}"])


def _read(file: Path) -> dict[str, Any]:
    try:
        return {where: dict(times) for where, times in read_json(file).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
