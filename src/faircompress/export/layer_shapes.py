"""The shapes of a network's layers, and of those in a file, to be compared."""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from onnx import GraphProto

Shapes = Counter[tuple[str, tuple[int, ...]]]


def layers_of_net(net: nn.Module) -> Shapes:
    """Count the layers of a network by kind and shape of their weights, each weight once."""
    found = {}
    for module in net.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            found[id(module.weight)] = "convolution", tuple(module.weight.shape)
        elif isinstance(module, nn.ConvTranspose2d):
            found[id(module.weight)] = "transposed convolution", tuple(module.weight.shape)
        elif isinstance(module, nn.Linear):
            found[id(module.weight)] = "linear", tuple(sorted(module.weight.shape))
    return Counter(found.values())


def loose_weights(net: nn.Module) -> Shapes:
    """Count the parameters that are no layer's; a network may convolve by them all the same."""
    layers = {id(m.weight) for m in net.modules() if isinstance(getattr(m, "weight", None), Tensor)}
    loose = [tuple(p.shape) for p in net.parameters() if id(p) not in layers]
    return Counter(("convolution", shape) for shape in loose)


def layers_of_file(graph: "GraphProto", constants: Collection[str] = ()) -> Shapes:
    """Count the layers of a file likewise; a layer that is called twice has one weight.

    Args:
        graph: Of the file.
        constants: Tensors that are no weights.
    """
    weights = {t.name: tuple(t.dims) for t in graph.initializer}
    source = {name: name for name in weights} | {  # of fewer bits
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in weights
    }
    found = {}
    for node in graph.node:
        name = source.get(node.input[1]) if len(node.input) > 1 else None
        if name is not None and node.op_type == "Conv":
            found[name] = "convolution", weights[name]
        elif name is not None and node.op_type == "ConvTranspose":
            found[name] = "transposed convolution", weights[name]
        elif name is not None and node.op_type in ("Gemm", "MatMul"):
            found[name] = "linear", tuple(sorted(weights[name]))  # may be written transposed
    return Counter(key for name, key in found.items() if name not in constants)
