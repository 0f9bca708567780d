"""Which channels must go together, what they cost, and how they are taken out.

Torch-Pruning finds the dependencies; multiply-adds are counted here, from the widths of the
layers alone, so that a cut can be tried in microseconds.
"""

import warnings
from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from faircompress.layers import head


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that several layers share: all lose channel j, or none does.

    Args:
        root: The convolution by whose output channels they are counted.
        size: How many channels there are.
        writers: Convolutions that write these channels one to one; their scores count.
        outputs: Layer -> output channels it loses with each of these channels.
        inputs: Layer -> input channels it loses with each of these channels.
    """

    root: str
    size: int
    writers: tuple[str, ...]
    outputs: dict[str, int]
    inputs: dict[str, int]


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer: widths, and multiply-adds per pair of channels."""

    outputs: int
    inputs: int
    depthwise: bool
    macs_a_pair: int


@dataclass(frozen=True)
class Widths:
    """How wide each layer of a network is, and which widths hang together."""

    layers: dict[str, Layer]
    groups: list[ChannelGroup]

    def macs(self, removed: dict[str, int] | None = None) -> float:
        """Return the multiply-adds of one picture, if that many channels a group were removed."""
        return float(sum(self.macs_by_layer(removed).values()))

    def macs_by_layer(self, removed: dict[str, int] | None = None) -> dict[str, int]:
        """Return the multiply-adds of one picture, by layer."""
        less_out: Counter[str] = Counter()
        less_in: Counter[str] = Counter()
        for group in self.groups:
            count = (removed or {}).get(group.root, 0)
            for name, each in group.outputs.items():
                less_out[name] += count * each
            for name, each in group.inputs.items():
                less_in[name] += count * each
        found = {}
        for name, layer in self.layers.items():
            outputs = layer.outputs - less_out[name]
            inputs = 1 if layer.depthwise else layer.inputs - less_in[name]
            found[name] = layer.macs_a_pair * outputs * inputs
        return found


@dataclass(frozen=True)
class Budget:
    """What a cut must come down to.

    Args:
        widths: Of the network as it is.
        macs: Multiply-adds of one picture that may be left.
    """

    widths: Widths
    macs: float


def read_widths(net: nn.Module, example: Tensor) -> Widths:
    """Measure a network on one normalised picture, ``(1, 3, height, width)``."""
    graph = _graph(net, example)
    names = {module: name for name, module in net.named_modules()}
    last = head(net)
    groups = []
    for found in graph.get_all_groups(ignored_layers=[last], root_module_types=[nn.Conv2d]):
        group = _group(found, names, graph)
        if group is not None:
            groups.append(group)
    return Widths(_layers(net, example, names), groups)


def remove(net: nn.Module, example: Tensor, channels: dict[str, list[int]]) -> None:
    """Take channels out of a network, in place; ``channels`` is indexed by group root."""
    from torch_pruning import prune_conv_out_channels

    graph = _graph(net, example)
    modules = dict(net.named_modules())
    for root, gone in channels.items():
        if gone:
            graph.get_pruning_group(modules[root], prune_conv_out_channels, sorted(gone)).prune()


def _graph(net: nn.Module, example: Tensor):  # type: ignore[no-untyped-def]
    from torch_pruning import DependencyGraph

    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        frozen = [p for p in net.parameters() if not p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_(True)
        graph = DependencyGraph().build_dependency(net, example_inputs=example)
        for parameter in frozen:
            parameter.requires_grad_(False)
    return graph


def _group(found, names: dict[nn.Module, str], graph) -> ChannelGroup | None:  # type: ignore[no-untyped-def]
    root = found[0].dep.target.module
    size = len(found[0].idxs)
    writers, outputs, inputs = [], Counter[str](), Counter[str]()
    for dep, idxs in found:
        module = dep.target.module
        if not isinstance(module, nn.Conv2d | nn.Linear) or module not in names:
            continue
        if graph.is_out_channel_pruning_fn(dep.handler):
            if len(idxs) % size:
                return None
            outputs[names[module]] += len(idxs) // size
            if isinstance(module, nn.Conv2d) and len(idxs) == size:
                writers.append(names[module])
        else:
            inputs[names[module]] += len(idxs) // size
    return ChannelGroup(
        names[root], size, tuple(dict.fromkeys(writers)), dict(outputs), dict(inputs)
    )


def _layers(net: nn.Module, example: Tensor, names: dict[nn.Module, str]) -> dict[str, Layer]:
    layers: dict[str, Layer] = {}

    def measure(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            depthwise = module.groups > 1 and module.weight.shape[1] == 1
            pairs = module.weight[0, 0].numel() * output.shape[2] * output.shape[3]
            layers[names[module]] = Layer(
                module.out_channels, module.weight.shape[1], depthwise, pairs
            )
        elif isinstance(module, nn.Linear):
            pairs = output[0].numel() // module.out_features
            layers[names[module]] = Layer(module.out_features, module.in_features, False, pairs)

    hooks = [m.register_forward_hook(measure) for m in net.modules()]
    was = net.training
    with torch.no_grad():
        net.eval()(example)
    net.train(was)
    for hook in hooks:
        hook.remove()
    return layers
