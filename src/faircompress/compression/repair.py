"""What is left makes up for the channels that went, in closed form, before any tuning."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import entries_of
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import Scored, forget

RIDGE = 1e-3  # of the mean square of what a layer reads
WIDEST = 4096  # channels that a layer reads; wider ones need more memory than they are worth


@dataclass
class _Read:
    """What a layer read: sums over pictures and places of ``x`` and ``x x^T``, with a 1 in ``x``.

    Args:
        layer: Of the dense network.
        gone: Channels that it will read no more.
        moments: ``(channels + 1, channels + 1)``, float64, on the CPU; the last is the constant 1.
    """

    layer: Scored
    gone: Tensor
    moments: Tensor

    def see(self, values: Tensor) -> None:
        """Add what the layer reads in a batch."""
        axis = 1 if isinstance(self.layer, nn.Conv2d) else -1
        rows = values.detach().movedim(axis, -1).flatten(0, -2).float()  # halves overflow
        rows = functional.pad(rows, (0, 1), value=1.0)
        self.moments += (rows.T @ rows).cpu().double()  # some devices have no float64


def repaired(
    dense: nn.Module,
    groups: list[ChannelGroup],
    channels: dict[str, list[int]],
    batches: Iterable[Tensor],
) -> nn.Module:
    """Return a copy whose layers use what stays in place of what goes, as well as a line can.

    In each layer that reads channels of which some go, each of these is fitted by the ones that
    stay, with a constant where the layer has a bias: ridge regression on what the dense network
    computes, over all pictures and places. The fit is folded into weights and bias, so that taking
    the channels out changes nothing in the shape of what is left. Left as they are: grouped and
    transposed convolutions, layers of other kinds, shared weights, more than ``WIDEST`` inputs, and
    what overflows.

    Args:
        dense: Network before the cut; left as it is.
        groups: Its channels that can go.
        channels: Those that will go, by group root.
        batches: Normalised pictures, ``(batch, 3, height, width)``, where the network is.

    Source:
        CORP, arXiv:2602.05243, its compensation of layers between which nothing but channels is.
        Departure: convolutions, place by place (the constant is counted at padding, too); no
        compensation of attention.
    """
    found = forget(evaluating(copied(dense)))
    reads = _readers(found, groups, channels)
    hooks = [read.layer.register_forward_pre_hook(_watch(read)) for read in reads]
    with torch.no_grad():
        for pictures in batches:
            found(pictures)
        for hook in hooks:
            hook.remove()
        for read in reads:
            _fold(read)
    return forget(found)


def _readers(
    net: nn.Module, groups: list[ChannelGroup], channels: dict[str, list[int]]
) -> list[_Read]:
    """Return the layers that read channels that go, and whose weights are their own."""
    owners = Counter(id(module.weight) for module in net.modules() if isinstance(module, Scored))
    reads, modules = [], dict(net.named_modules())
    for (name, axis), gone in entries_of(groups, channels).items():
        layer = modules.get(name.removesuffix(".weight"))
        if axis != 1 or not isinstance(layer, Scored) or not len(gone):
            continue
        if type(layer) not in (nn.Conv2d, nn.Linear):  # of another kind, which may do more
            continue
        width = layer.weight.shape[1]
        if getattr(layer, "groups", 1) == 1 and width <= WIDEST and owners[id(layer.weight)] == 1:
            moments = torch.zeros(width + 1, width + 1, dtype=torch.float64)
            reads.append(_Read(layer, gone.sort().values, moments))
    return reads


def _watch(read: _Read) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def look(_: nn.Module, values: tuple[Tensor, ...]) -> None:
        read.see(values[0])

    return look


def _fold(read: _Read) -> None:
    """Change the layer's weights, in place, so that it can do without what goes."""
    if not torch.isfinite(read.moments).all():
        return  # what it reads is too large to be squared: it stays as it was cut
    width = len(read.moments) - 1
    stays = torch.ones(width + 1, dtype=torch.bool)
    stays[read.gone] = False
    stays[width] = read.layer.bias is not None  # the constant
    kept = stays.nonzero().flatten()
    rows = read.moments[width, width].clamp_min(1)
    ridge = RIDGE * read.moments.diagonal()[:width].mean().clamp_min(1e-12 * rows)
    own = read.moments[kept][:, kept] + ridge * torch.diag((kept < width).double())
    fit = torch.linalg.solve(own, read.moments[kept][:, read.gone])  # (kept, gone)
    weight = read.layer.weight.data
    lost = weight.cpu()[:, read.gone].double()
    moved = torch.einsum("og...,kg->ok...", lost, fit)
    real = kept < width
    weight[:, kept[real]] += moved[:, real].to(weight)
    if read.layer.bias is not None:
        constant = moved[:, -1].reshape(len(moved), -1).sum(1)
        read.layer.bias.data += constant.to(weight)
