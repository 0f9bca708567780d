"""The shapes of a network's layers, and of those in a file, to be compared."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from onnx import GraphProto

KINDS = {"Conv": "convolution", "ConvTranspose": "transposed convolution",
         "Gemm": "linear", "MatMul": "linear"}  # fmt: skip # may be written transposed
WRITTEN_OTHERWISE = ("DequantizeLinear", "Transpose")  # fewer bits; of a layer called several times
Shapes = Counter[tuple[str, tuple[int, ...]]]


def layers_of_net(net: nn.Module) -> Shapes:
    """Count the layers of a network by kind and shape of their weights, each weight once."""
    return _counted(net.modules())


def written_once(net: nn.Module) -> Shapes:
    """Count the layers whose weights are those of another, number by number.

    The exporter may write such weights once for all of them, as those that start at zero.
    """
    distinct = {
        (layer, weight.detach().cpu().contiguous().numpy().tobytes())
        for weight, layer in _weights(net.modules()).values()
    }
    return layers_of_net(net) - Counter(layer for layer, _ in distinct)


def _counted(modules: Iterable[nn.Module]) -> Shapes:
    return Counter(layer for _, layer in _weights(modules).values())


def _weights(modules: Iterable[nn.Module]) -> dict[int, tuple[Tensor, tuple[str, tuple[int, ...]]]]:
    """Return the weights of modules, by identity, without those of their parts."""
    found = {}
    for module in modules:
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            layer = "convolution", tuple(module.weight.shape)
        elif isinstance(module, nn.ConvTranspose2d):
            layer = "transposed convolution", tuple(module.weight.shape)
        elif isinstance(module, nn.Linear):
            layer = "linear", tuple(sorted(module.weight.shape))
        else:
            continue
        found[id(module.weight)] = module.weight, layer
    return found


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
    return _counted(m for m in net.modules() if m not in called)  # a list of layers never is


def layers_of_file(graph: "GraphProto", constants: Collection[str] = ()) -> Shapes:
    """Count the layers of a file likewise; a weight counts once for each kind that it serves.

    Args:
        graph: Of the file.
        constants: Tensors that are no weights.
    """
    weights = {t.name: tuple(t.dims) for t in graph.initializer}
    source, turned = {name: name for name in weights}, set()
    for node in graph.node:
        if node.op_type in WRITTEN_OTHERWISE and node.input[0] in source:
            source[node.output[0]] = source[node.input[0]]
            if node.op_type == "Transpose" or node.input[0] in turned:
                turned.add(node.output[0])
    found = set()
    for node in graph.node:
        name = source.get(node.input[1]) if len(node.input) > 1 else None
        if name is None or name in constants or node.op_type not in KINDS:
            continue
        kind, shape = KINDS[node.op_type], weights[name]
        if kind != "linear" and node.input[1] in turned:
            continue  # whose axes are others
        found.add((name, kind, tuple(sorted(shape)) if kind == "linear" else shape))
    return Counter((kind, shape) for _, kind, shape in found)
