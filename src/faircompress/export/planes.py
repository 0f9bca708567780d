"""Pixels become planes, and planes are normalised: what that costs in ONNX Runtime, and less of it.

A product and a sum by plane are two passes over the picture, and slow ones where their constants
are one number a plane. ``BatchNormalization`` with a mean of 0 and a variance of 1 is both in one
pass, computed alike: the file predicts the very same (``bench/pixels.py``).
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

SCALE, SHIFT = "scale", "shift"  # as `to_onnx.Deployed` names them
MEAN, VARIANCE = "mean_of_pixels", "variance_of_pixels"
ADDED = 6  # numbers: mean and variance of three planes


def normalise_at_once(model: "ModelProto") -> None:
    """Have a file normalise its pictures in one pass, in place; others stay as they are.

    Args:
        model: An exported network.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    pair = _product_and_sum(graph)
    if pair is None:
        return
    product, total = pair
    for tensor in graph.initializer:
        if tensor.name in (SCALE, SHIFT):
            del tensor.dims[:]
            tensor.dims.append(3)
    for name, value in ((MEAN, 0), (VARIANCE, 1)):
        graph.initializer.append(numpy_helper.from_array(np.full(3, value, np.float32), name))
    (picture,) = {*product.input} - {SCALE}
    node = helper.make_node(
        "BatchNormalization", [picture, SCALE, SHIFT, MEAN, VARIANCE], [total.output[0]],
        name="normalise", epsilon=0.0,
    )  # fmt: skip
    graph.node.insert([*graph.node].index(product), node)
    graph.node.remove(product)
    graph.node.remove(total)


def _product_and_sum(graph: "GraphProto") -> "tuple[NodeProto, NodeProto] | None":
    """Return the two nodes that normalise, if they are two, and nothing else reads between."""
    found = []
    for kind, name in (("Mul", SCALE), ("Add", SHIFT)):
        readers = [node for node in graph.node if name in node.input]
        if [node.op_type for node in readers] != [kind]:
            return None
        found.append(readers[0])
    product, total = found
    between = [node for node in graph.node if product.output[0] in node.input]
    known = {tensor.name: [*tensor.dims] for tensor in graph.initializer}
    of_planes = all(known.get(name) == [3, 1, 1] for name in (SCALE, SHIFT))
    return (product, total) if between == [total] and of_planes else None
