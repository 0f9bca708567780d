"""Pixels become planes, and planes are normalised: what that costs in ONNX Runtime, and less of it.

Scaling by one number a plane is slow there, above all in files of 8 bits, where it took 41 % of
the time of a small network. Scaling by as many numbers as the picture has pixels is fast. So the
file holds one number a plane and has it written out: ONNX Runtime does that once, when it opens
the file, which stays as small as it was, and predicts the very same.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto

CONSTANTS = ("scale", "shift")  # as `to_onnx.Deployed` names them


def write_out(model: "ModelProto", size: tuple[int, int]) -> None:
    """Have the constants of normalisation written out at the picture's size, in place.

    Args:
        model: An exported network.
        size: Height and width of its pictures, pixels.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    known = [tensor.name for tensor in graph.initializer if tensor.name in CONSTANTS]
    shape = numpy_helper.from_array(np.array([3, *size], np.int64), "planes")
    for name in known:
        for node in graph.node:
            node.input[:] = [f"{name}_planes" if one == name else one for one in node.input]
        made = helper.make_node("Expand", [name, shape.name], [f"{name}_planes"], name=name)
        graph.node.insert(0, made)
    if known:
        graph.initializer.append(shape)
