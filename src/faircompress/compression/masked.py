"""A network as wide as it was, that does without some of its channels as a cut one must.

What reads the channels is made deaf to them, and norms over channels look at the others alone, as
do convolutions that compute their weights from one another (weight standardisation).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import entries_of
from faircompress.networks.copies import copied
from faircompress.networks.layers import MISFITS, Scored, forget
from faircompress.networks.tensors import fill, tensors_of
from faircompress.support.errors import InputError

EXACT, ROUNDED = 1e-6, 1e-4  # what rounding may change, of the largest number
Gone = dict[str, list[int]]  # channels by the root of their group


class OfKept(nn.Module):
    """A layer over some of the channels that it reads, with zeros for those that it does not give.

    Args:
        layer: Left as it is.
        gone: Channels that it does without.
        narrowed: Which of its tensors get narrower, along which axis.
        axis: Of the channels that it reads.
    """

    def __init__(
        self, layer: nn.Module, gone: Tensor, narrowed: dict[str, int], axis: int = 1
    ) -> None:
        super().__init__()
        size = _size(layer, narrowed)
        self.kept = torch.ones(size, dtype=torch.bool).index_fill_(0, gone, False).nonzero()[:, 0]
        self.gives_all, self.axis = 1 in narrowed.values(), axis
        self.layer = _of_channels(layer, self.kept, narrowed)

    def forward(self, x: Tensor) -> Tensor:
        """Compute it."""
        found: Tensor = self.layer(x.index_select(self.axis, self.kept))
        if self.gives_all:
            return found
        return torch.zeros_like(x).index_copy_(self.axis, self.kept, found)


def _size(layer: nn.Module, narrowed: dict[str, int]) -> int:
    state = tensors_of(layer)
    return next(state[name].shape[axis] for name, axis in narrowed.items())


def _of_channels(layer: nn.Module, channels: Tensor, narrowed: dict[str, int]) -> nn.Module:
    """Return a copy of a layer that has some of its channels, in some order."""
    new, state = copied(layer), tensors_of(layer)
    fill(new, state | {n: state[n].index_select(axis, channels) for n, axis in narrowed.items()})
    return new


def masked(
    net: nn.Module, pictures: Tensor, groups: Sequence[ChannelGroup], gone: Gone
) -> nn.Module:
    """Return a copy that does without channels, of which every layer is as wide as it was.

    Args:
        net: In evaluation mode; left as it is.
        pictures: By which it is seen along which axis a layer looks.
        groups: Whose channels can go.
        gone: Those that do.

    Raises:
        InputError: If a norm or such a convolution does not treat its channels alike.
    """
    deaf, entries = forget(copied(net)), entries_of(list(groups), gone)
    state = tensors_of(deaf)
    narrowed: dict[str, dict[str, int]] = {}
    without: dict[str, Tensor] = {}
    for (name, axis), places in entries.items():
        layer, _, tensor = name.rpartition(".")
        part = deaf.get_submodule(layer)
        if axis == 1 and isinstance(part, nn.Conv2d) and _computes_weights(part):
            narrowed[layer], without[layer] = {"weight": 1}, places
        elif _is_axis_of_inputs(part, tensor, axis):
            state[name].index_fill_(axis, places, 0)
        elif tensor == "weight" and _looks_at_all(part):
            narrowed[layer], without[layer] = dict.fromkeys(("weight", "bias"), 0), places
            if getattr(part, "bias", None) is None:
                del narrowed[layer]["bias"]
    axes = _axes(net, pictures, narrowed)
    for name, gone_there in without.items():
        part = deaf.get_submodule(name)
        deaf.set_submodule(name, OfKept(part, gone_there, narrowed[name], axes[name]))
    return deaf


def _is_axis_of_inputs(part: nn.Module, tensor: str, axis: int) -> bool:
    if isinstance(part, nn.ConvTranspose2d):
        return tensor == "weight" and axis == 0
    return isinstance(part, Scored) and axis == 1


def _looks_at_all(part: nn.Module) -> bool:
    """Tell whether a norm looks at all channels together."""
    return isinstance(part, nn.LayerNorm) or (
        isinstance(part, nn.GroupNorm) and part.num_groups == 1
    )


def _computes_weights(layer: nn.Conv2d) -> bool:
    """Tell whether a convolution is of a kind that may do something with its weights first."""
    return type(layer).forward is not nn.Conv2d.forward


def _axes(net: nn.Module, pictures: Tensor, narrowed: dict[str, dict[str, int]]) -> dict[str, int]:
    """Return the axis of channels of some layers, which may be of kinds of their own.

    Raises:
        InputError: If one of them does not treat its channels alike: what it does with a channel
            would change with the number of those before it.
    """
    found: dict[str, int] = {}

    def look(name: str, layer: nn.Module) -> None:
        def hook(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            axes = (1,) if isinstance(layer, nn.Conv2d | nn.GroupNorm) else (-1, 1)
            if name not in found:
                alike = (axis for axis in axes if _alike(layer, given[0], axis, narrowed[name]))
                axis = next(alike, None)
                if axis is None:
                    raise InputError(
                        f"{name}, a {type(layer).__name__}, does not treat all its channels alike"
                    )
                found[name] = axis

        hooks.append(layer.register_forward_hook(hook))

    hooks: list[torch.utils.hooks.RemovableHandle] = []
    for name in narrowed:
        look(name, net.get_submodule(name))
    try:
        if narrowed:
            net(pictures)
    finally:
        for handle in hooks:
            handle.remove()
    return found


def _alike(layer: nn.Module, x: Tensor, axis: int, narrowed: dict[str, int]) -> bool:
    """Tell whether a layer does the same with its channels in another order."""
    size = _size(layer, narrowed)
    if x.ndim <= axis or x.shape[axis] != size:
        return False
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(size, generator=rng)
    drawn = _of_channels(layer, torch.arange(size), narrowed)
    for name in narrowed:  # equal weights would hide along which axis they lie
        tensor = drawn.get_parameter(name)
        tensor.data = torch.rand(tensor.shape, generator=rng).to(tensor)
    shuffled = _of_channels(drawn, order, narrowed)
    try:
        found, wanted = shuffled.forward(x.index_select(axis, order)), drawn.forward(x)
        if 1 not in narrowed.values():
            wanted = wanted.index_select(axis, order)
    except MISFITS:
        return False
    if found.shape != wanted.shape:
        return False
    share = EXACT if x.dtype == torch.float64 else ROUNDED
    return bool((found - wanted).abs().max() <= share * wanted.abs().max())
