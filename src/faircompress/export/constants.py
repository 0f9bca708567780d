"""What in a file is no weight: tensors that stay as they are if all weights are others.

Tables of sines, filters that blur, shapes: a network's own code computes with them, and no layer
holds them. Weights at their dense size, or written twice, are not among them.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from faircompress.export.to_onnx import to_onnx
from faircompress.networks.copies import copied
from faircompress.networks.network import Network

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

QUANTIZED = "_quantized"  # what ONNX Runtime adds to the name of a tensor of fewer bits


@torch.no_grad()
def constants(model: "ModelProto", network: Network) -> frozenset[str]:
    """Return the names of a file's tensors that do not depend on the network's weights.

    The network is exported twice more, once with other weights.

    Args:
        model: The file, of any precision.
        network: What it should hold.
    """
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    size = tuple(d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:3])
    other = copied(network.net)
    for parameter in other.parameters():
        if parameter.is_floating_point():
            waves = torch.arange(parameter.numel(), dtype=torch.float64).sin().view_as(parameter)
            parameter.mul_(1.1).add_(0.01 * waves.to(parameter.dtype))
    tensors, others = (
        _tensors(to_onnx(one, (size[0], size[1]), opset=opset, words={}))
        for one in (network, replace(network, net=other))
    )
    same = {
        name for name, tensor in tensors.items()
        if name in others and _content(tensor) == _content(others[name])
    }  # fmt: skip
    names = {tensor.name for tensor in model.graph.initializer}
    return frozenset(name for name in names if name.removesuffix(QUANTIZED) in same)


def turned(model: "ModelProto") -> frozenset[str]:
    """Return the names of matrices that a file also holds transposed, under an earlier name."""
    from onnx import numpy_helper

    matrices = {
        t.name: numpy_helper.to_array(t) for t in model.graph.initializer if len(t.dims) == 2
    }
    known: set[tuple[tuple[int, ...], bytes]] = set()
    found = set()
    for name, matrix in matrices.items():
        if (matrix.T.shape, matrix.T.tobytes()) in known:
            found.add(name)
        known.add((matrix.shape, matrix.tobytes()))
    return frozenset(found)


def _tensors(content: bytes) -> dict[str, "TensorProto"]:
    import onnx

    return {tensor.name: tensor for tensor in onnx.load_from_string(content).graph.initializer}


def _content(tensor: "TensorProto") -> tuple[tuple[int, ...], int, bytes]:
    from onnx import numpy_helper

    return tuple(tensor.dims), tensor.data_type, numpy_helper.to_array(tensor).tobytes()
