"""Which channels must go together, what they cost, and how they are taken out.

Multiply-adds are counted here, from the widths of the layers alone, so that a cut can be tried in
microseconds, and its network need not be measured again.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup, Parts, channel_groups
from faircompress.networks.layers import watched
from faircompress.networks.network import is_depthwise
from faircompress.networks.tensors import fill, tensors_of
from faircompress.support.errors import InputError

LayerWidths = dict[str, tuple[int, int]]  # layer -> output channels, input channels of each


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer: widths, and multiply-adds per pair of channels.

    Args:
        outputs: Output channels.
        inputs: Input channels that each output channel reads.
        depthwise: Each channel is filtered by itself, so ``inputs`` stays 1.
        macs_a_pair: Kernel size times positions, of all the times that it is called.
    """

    outputs: int
    inputs: int
    depthwise: bool
    macs_a_pair: int


@dataclass(frozen=True)
class ChannelWidths:
    """How wide each layer of a network is, and which widths hang together.

    Args:
        layers: Of the whole network, by name.
        groups: Channels that can go.
        fixed: Layer below the head whose outputs cannot go -> why.
    """

    layers: dict[str, Layer]
    groups: list[ChannelGroup]
    fixed: dict[str, str]

    def macs(self, removed: dict[str, int] | None = None) -> float:
        """Return the multiply-adds of one picture, if that many channels a group were removed."""
        return float(self._macs(removed or {}).sum())

    def macs_by_layer(self, removed: dict[str, int] | None = None) -> dict[str, int]:
        """Return the multiply-adds of one picture, by layer."""
        return dict(zip(self.layers, self._macs(removed or {}).tolist(), strict=True))

    def layer_widths(self, removed: dict[str, int] | None = None) -> LayerWidths:
        """Return each layer's output and input channels, if that many a group were removed."""
        outputs, inputs = (side.tolist() for side in self._widths(removed or {}))
        return dict(zip(self.layers, zip(outputs, inputs, strict=True), strict=True))

    def without(self, channels: dict[str, list[int]]) -> "ChannelWidths":
        """Return the widths that are left when channels are gone, given by group root."""
        removed = {root: len(gone) for root, gone in channels.items()}
        outputs, inputs = (side.tolist() for side in self._widths(removed))
        layers = {
            name: replace(layer, outputs=outputs[i], inputs=inputs[i])
            for i, (name, layer) in enumerate(self.layers.items())
        }
        gone = entries_of(self.groups, channels)
        return ChannelWidths(
            layers, [_renumbered(g, channels, gone) for g in self.groups], self.fixed
        )

    def _macs(self, removed: dict[str, int]) -> Any:
        outputs, inputs = self._widths(removed)
        return self._table[0] * outputs * inputs

    def _widths(self, removed: dict[str, int]) -> tuple[Any, Any]:
        _, outputs, inputs, less_out, less_in = self._table
        counts = np.array([removed.get(group.root, 0) for group in self.groups], np.int64)
        return outputs - less_out @ counts, inputs - less_in @ counts

    @cached_property
    def _table(self) -> tuple[Any, ...]:
        """Give multiply-adds a pair, widths, and what one channel of each group takes of them."""
        layers = self.layers.values()
        columns = [
            np.array([getattr(layer, name) for layer in layers], np.int64)
            for name in ("macs_a_pair", "outputs", "inputs")
        ]
        shape = (len(layers), len(self.groups))
        less_out, less_in = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, name in enumerate(self.layers):
            for column, group in enumerate(self.groups):
                less_out[row, column] = group.outputs.get(name, 0)
                less_in[row, column] = group.inputs.get(name, 0)
        return (*columns, less_out, less_in)


@dataclass(frozen=True)
class Budget:
    """What a cut must come down to.

    Args:
        widths: Of the network as it is.
        macs: Multiply-adds of one picture that may be left.
    """

    widths: ChannelWidths
    macs: float


def read_widths(net: nn.Module, example: Tensor) -> ChannelWidths:
    """Measure a network on one normalised picture, ``(1, 3, height, width)``."""
    return ChannelWidths(_layers(net, example), *channel_groups(net, example))


def remove(net: nn.Module, example: Tensor, channels: dict[str, list[int]]) -> None:
    """Take channels out of a network, in place; ``channels`` is indexed by group root."""
    take_out(net, channel_groups(net, example)[0], channels)


def take_out(net: nn.Module, groups: list[ChannelGroup], channels: dict[str, list[int]]) -> None:
    """Take channels of known groups out of a network, in place.

    A module that is registered under two names, and a tensor that two modules share, stay one.

    Raises:
        InputError: If modules that share a tensor would lose different channels.
    """
    state = tensors_of(net)
    shared = _shared(net)
    for (name, axis), gone in entries_of(groups, channels).items():
        stay = torch.ones(state[name].shape[axis], dtype=torch.bool)
        stay[gone] = False
        state[name] = state[name].index_select(axis, stay.nonzero().flatten())
    fill(net, state)
    _refuse_parted(net, shared)


def _shared(net: nn.Module) -> list[list[tuple[nn.Module, str]]]:
    """Return the parameters that several modules share, each with all its owners."""
    owners = defaultdict(list)
    for module in net.modules():
        for name, parameter in module.named_parameters(recurse=False):
            owners[parameter].append((module, name))
    return [places for places in owners.values() if len(places) > 1]


def _refuse_parted(net: nn.Module, shared: list[list[tuple[nn.Module, str]]]) -> None:
    names = {module: name for name, module in net.named_modules()}
    for (module, part), *others in shared:
        tensor = getattr(module, part)
        for other, name in others:
            if getattr(other, name) is not tensor:
                raise InputError(
                    f"{names[module]} and {names[other]} share their {part}, and would lose "
                    "different channels. Give each its own"
                )


def entries_of(groups: list[ChannelGroup], channels: dict[str, list[int]]) -> Parts:
    """Return what is to go of each tensor, by its name and axis."""
    gone = defaultdict(list)
    for group in groups:
        for place, entries in group.parts.items():
            if channels.get(group.root):
                gone[place].append(entries[channels[group.root]].flatten())
    return {place: torch.cat(entries) for place, entries in gone.items()}


def _renumbered(group: ChannelGroup, channels: dict[str, list[int]], gone: Parts) -> ChannelGroup:
    stay = torch.ones(group.size, dtype=torch.bool)
    stay[channels.get(group.root, [])] = False
    parts = {}
    for place, entries in group.parts.items():
        before = gone.get(place, torch.empty(0, dtype=torch.long)).sort().values
        parts[place] = entries[stay] - torch.searchsorted(before, entries[stay])
    return replace(group, size=int(stay.sum()), parts=parts)


def _layers(net: nn.Module, example: Tensor) -> dict[str, Layer]:
    """Return what each layer does for one picture, summed over the times that it is called."""
    names = {module: name for name, module in net.named_modules()}
    layers: dict[str, Layer] = {}

    def measure(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            read, depthwise = module.weight.shape[1], is_depthwise(module)
            pairs = module.weight[0, 0].numel() * (output.numel() // module.out_channels)
            layer = Layer(module.out_channels, read, depthwise, pairs)
        elif isinstance(module, nn.Linear):
            pairs = output.numel() // module.out_features
            layer = Layer(module.out_features, module.in_features, False, pairs)
        elif isinstance(module, nn.ConvTranspose2d):
            read, written = module.weight.shape[:2]
            pairs = module.weight[0, 0].numel() * (inputs[0].numel() // module.in_channels)
            layer = Layer(written, read, False, pairs)
        else:
            return
        before = layers[names[module]].macs_a_pair if names[module] in layers else 0
        layers[names[module]] = replace(layer, macs_a_pair=layer.macs_a_pair + before)

    watched(net, example[:1], measure)
    return layers
