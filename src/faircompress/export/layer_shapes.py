"""The shapes of a network's layers, and of those in a file, to be compared."""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from onnx import GraphProto

KINDS = {"Conv": "convolution", "ConvTranspose": "transposed convolution",
         "Gemm": "linear", "MatMul": "linear"}  # fmt: skip # may be written transposed
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


def never_called(net: nn.Module, picture: Tensor) -> Shapes:
    """Count the layers of a network that it never calls; it may compute with their weights."""
    called: set[nn.Module] = set()
    hooks = [m.register_forward_pre_hook(lambda m, _: called.add(m)) for m in net.modules()]
    try:
        with torch.no_grad():
            net(picture)
    finally:
        for hook in hooks:
            hook.remove()
    return layers_of_net(nn.ModuleList(m for m in net.modules() if m not in called))


def layers_of_file(graph: "GraphProto", constants: Collection[str] = ()) -> Shapes:
    """Count the layers of a file likewise; a weight counts once for each kind that it serves.

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
    found = set()
    for node in graph.node:
        name = source.get(node.input[1]) if len(node.input) > 1 else None
        if name is None or name in constants or node.op_type not in KINDS:
            continue
        kind, shape = KINDS[node.op_type], weights[name]
        found.add((name, kind, tuple(sorted(shape)) if kind == "linear" else shape))
    return Counter((kind, shape) for _, kind, shape in found)
