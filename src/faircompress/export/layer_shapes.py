"""The shapes of a network's layers, and of those in a file, to be compared."""

from collections import Counter
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from onnx import GraphProto

Shapes = Counter[tuple[str, tuple[int, ...]]]


def layers_of_net(net: nn.Module) -> Shapes:
    """Count the layers of a network by kind and shape of their weights."""
    layers: Shapes = Counter()
    for module in net.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            layers["convolution", tuple(module.weight.shape)] += 1
        elif isinstance(module, nn.ConvTranspose2d):
            layers["transposed convolution", tuple(module.weight.shape)] += 1
        elif isinstance(module, nn.Linear):
            layers["linear", tuple(sorted(module.weight.shape))] += 1
    return layers


def layers_of_file(graph: "GraphProto") -> Shapes:
    """Count the layers of a file likewise."""
    weights = {t.name: tuple(t.dims) for t in graph.initializer}
    weights |= {  # of fewer bits
        node.output[0]: weights[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in weights
    }
    layers: Shapes = Counter()
    for node in graph.node:
        shape = weights.get(node.input[1]) if len(node.input) > 1 else None
        if shape is not None and node.op_type == "Conv":
            layers["convolution", shape] += 1
        elif shape is not None and node.op_type == "ConvTranspose":
            layers["transposed convolution", shape] += 1
        elif shape is not None and node.op_type in ("Gemm", "MatMul"):
            layers["linear", tuple(sorted(shape))] += 1  # may be written transposed
    return layers
