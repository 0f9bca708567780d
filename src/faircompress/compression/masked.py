"""A network as wide as it was, that does without some of its channels as a cut one must.

What reads the channels is made deaf to them, and norms over channels look at the others alone, as
do convolutions that compute their weights from one another (weight standardisation).
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import entries_of
from faircompress.networks.copies import copied
from faircompress.networks.layers import Scored, forget
from faircompress.networks.tensors import fill, tensors_of
from faircompress.support.errors import InputError

Gone = dict[str, list[int]]  # channels by the root of their group


class NormOfKept(nn.Module):
    """A layer norm over some channels alone, with zeros for the others."""

    def __init__(self, norm: nn.LayerNorm, kept: Tensor, axis: int) -> None:
        super().__init__()
        self.norm, self.axis = norm, axis
        self.kept = kept

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        x, norm, kept = x.movedim(self.axis, -1), self.norm, self.kept
        weight, bias = (None if p is None else p[kept] for p in (norm.weight, norm.bias))
        y = torch.zeros_like(x)
        y[..., kept] = functional.layer_norm(x[..., kept], kept.shape, weight, bias, norm.eps)
        return y.movedim(-1, self.axis)


class OfKept(nn.Module):
    """A layer over some of the channels that it reads, with zeros for those that it does not give.

    Args:
        layer: Left as it is.
        gone: Channels that it does without.
        axes: Which of its tensors get narrower, along which axis.
    """

    def __init__(self, layer: nn.Module, gone: Tensor, axes: dict[str, int]) -> None:
        super().__init__()
        state = tensors_of(layer)
        size = next(state[name].shape[axis] for name, axis in axes.items())
        self.kept = torch.ones(size, dtype=torch.bool).index_fill_(0, gone, False).nonzero()[:, 0]
        self.gives_all = 1 in axes.values()
        state |= {name: state[name].index_select(axis, self.kept) for name, axis in axes.items()}
        self.layer = copied(layer)
        fill(self.layer, state)

    def forward(self, x: Tensor) -> Tensor:
        """Compute it."""
        found: Tensor = self.layer(x[:, self.kept])
        if self.gives_all:
            return found
        y = torch.zeros_like(x)
        y[:, self.kept] = found
        return y


def masked(
    net: nn.Module, pictures: Tensor, groups: Sequence[ChannelGroup], gone: Gone
) -> nn.Module:
    """Return a copy that does without channels, of which every layer is as wide as it was.

    Args:
        net: In evaluation mode; left as it is.
        pictures: By which it is seen along which axis a layer norm looks.
        groups: Whose channels can go.
        gone: Those that do.

    Raises:
        InputError: If a layer norm computes what is not known.
    """
    deaf, entries = forget(copied(net)), entries_of(list(groups), gone)
    state = tensors_of(deaf)
    norms: dict[str, Tensor] = {}
    of_kept: dict[str, nn.Module] = {}
    for (name, axis), places in entries.items():
        layer, _, tensor = name.rpartition(".")
        part = deaf.get_submodule(layer)
        if axis == 1 and isinstance(part, nn.Conv2d) and _computes_weights(part):
            of_kept[layer] = OfKept(part, places, {"weight": 1})
        elif _is_axis_of_inputs(part, tensor, axis):
            state[name].index_fill_(axis, places, 0)
        elif isinstance(part, nn.LayerNorm) and tensor == "weight":
            norms[layer] = places
        elif isinstance(part, nn.GroupNorm) and part.num_groups == 1 and tensor == "weight":
            of_kept[layer] = OfKept(part, places, {"weight": 0, "bias": 0})
    axes = _axes(net, pictures, [*norms])
    for name, places in norms.items():
        norm = cast(nn.LayerNorm, deaf.get_submodule(name))
        kept = torch.ones(len(norm.weight), dtype=torch.bool)
        kept[places] = False
        of_kept[name] = NormOfKept(norm, kept.nonzero().flatten(), axes[name])
    for name, replacement in of_kept.items():
        deaf.set_submodule(name, replacement)
    return deaf


def _is_axis_of_inputs(part: nn.Module, tensor: str, axis: int) -> bool:
    if isinstance(part, nn.ConvTranspose2d):
        return tensor == "weight" and axis == 0
    return isinstance(part, Scored) and axis == 1


def _computes_weights(layer: nn.Conv2d) -> bool:
    """Tell whether a convolution is of a kind that may do something with its weights first."""
    return type(layer).forward is not nn.Conv2d.forward


def _axes(net: nn.Module, pictures: Tensor, names: list[str]) -> dict[str, int]:
    """Return the axis of channels of each layer norm, which may be of a kind of its own."""
    found: dict[str, int] = {}

    def look(name: str, norm: nn.LayerNorm) -> None:
        def hook(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            for axis in (-1, 1):
                if given[0].shape[axis] != len(norm.weight):
                    continue
                every = NormOfKept(norm, torch.arange(len(norm.weight)), axis)
                if torch.allclose(every(given[0]), output, rtol=1e-3, atol=1e-5):
                    found[name] = axis
                    return
            raise InputError(f"{name}, a {type(norm).__name__}, is no layer norm that is known")

        hooks.append(norm.register_forward_hook(hook))

    hooks: list[torch.utils.hooks.RemovableHandle] = []
    for name in names:
        look(name, cast(nn.LayerNorm, net.get_submodule(name)))
    try:
        if names:
            net(pictures)
    finally:
        for hook in hooks:
            hook.remove()
    return found
