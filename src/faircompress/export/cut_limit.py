"""What a pruned file will take, told from widths: milliseconds by a table, bytes by counting."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from faircompress.compression.channels import LayerWidths, read_widths
from faircompress.compression.layer_shapes import LayerShape, layer_shapes
from faircompress.compression.limits import Limit
from faircompress.config.targets import Target
from faircompress.data.dataset import Facts
from faircompress.export.layer_times import layer_times
from faircompress.export.ports import INPUT
from faircompress.export.runtime import session
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks.network import Network

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

OPSET = 20  # of the dense file that is timed
RUNS = 30  # of it and of its pixels, of which the median


def limit_of(target: Target, dense: Network, facts: Facts, device: str, *, block: int) -> Limit:
    """Return what a cut of this network must come down to on this machine.

    Args:
        target: Of the params.
        dense: Network to be cut, on the CPU.
        facts: Of the data it learnt from.
        device: Where files run.
        block: Of channels, as ``liked_width`` gives it.
    """
    content = to_onnx(dense, facts.size, opset=OPSET, words=words(dense, facts, params=""))
    example = dense.blank(facts.size)
    shapes, widths = layer_shapes(dense.net, example), read_widths(dense.net, example)
    whole = widths.layer_widths()
    own = {name: shapes[name] for name in whole}
    if target.file_mb is not None:
        cost = file_megabytes(own, whole, len(content))
        return Limit(cost, target.file_mb, "MB", "prune.target.file_mb")
    milliseconds = latency(own, whole, content, facts.size, device, block=block)
    return Limit(milliseconds, target.asked, "ms", "prune.target.latency_ms")


def file_megabytes(
    shapes: dict[str, LayerShape], whole: LayerWidths, dense_bytes: int
) -> Callable[[LayerWidths], float]:
    """Return the megabytes of a file by widths: weights and biases shrink, the rest stays."""

    def of_weights(widths: LayerWidths) -> float:
        pairs = ((shapes[name].kernel_size, *pair) for name, pair in widths.items())
        return 4.0 * sum(outputs * (inputs * size + 1) for size, outputs, inputs in pairs)

    rest = dense_bytes - of_weights(whole)
    return lambda widths: (of_weights(widths) + rest) / 1e6


def latency(
    shapes: dict[str, LayerShape],
    whole: LayerWidths,
    content: bytes,
    size: tuple[int, int],
    device: str,
    *,
    block: int,
) -> Callable[[LayerWidths], float]:
    """Return the milliseconds of one picture by widths.

    The dense file is timed whole; of that, what pixels take stays, and the rest falls as the
    table's sum over the layers does.
    """
    table = layer_times(shapes, whole, device, block=block)
    picture = np.zeros((1, *size, 3), np.uint8)
    dense, pixels = (
        median_milliseconds(session(one, device), picture) for one in (content, pixels_only(size))
    )
    rest, sum_of_dense = max(dense - pixels, 0.0), table.total(whole)
    return lambda widths: pixels + rest * table.total(widths) / sum_of_dense


def median_milliseconds(opened: "InferenceSession", picture: np.ndarray) -> float:
    """Return the median time of a run, as the stage ``export`` measures it."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        opened.run(None, {INPUT: picture})
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def pixels_only(size: tuple[int, int]) -> bytes:
    """Return a file that turns pixels into normalised planes, and does nothing else."""
    from onnx import TensorProto, helper, numpy_helper

    constants = [
        numpy_helper.from_array(np.full(3, value, np.float32), name)
        for name, value in (("scale", 0.5), ("shift", 0.5), ("mean", 0.0), ("variance", 1.0))
    ]
    normalise = ["t", "scale", "shift", "mean", "variance"]
    nodes = [
        helper.make_node("Cast", [INPUT], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["c"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("BatchNormalization", normalise, ["a"], epsilon=0.0),
        helper.make_node("Identity", ["a"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", *size, 3]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    graph = helper.make_graph(nodes, "pixels", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    content: bytes = helper.make_model(
        graph, opset_imports=opsets, ir_version=10
    ).SerializeToString()
    return content
