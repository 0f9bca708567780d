"""Whether channels can really go: they are taken out on trial, and the network must not notice.

Torch-Pruning may follow channels wrongly, through chunks, slices, buffers or views with numbers
written into them. Then a cut network no longer runs, or runs and mixes channels up.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import ChannelWidths, entries_of, take_out
from faircompress.networks.layers import Scored

EXACT = 1e9  # multiply-adds up to which it is computed in float64
# what a network that does not fit may raise from its own code
MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
           ValueError)  # fmt: skip


@torch.no_grad()
def sound(net: nn.Module, example: Tensor, widths: ChannelWidths) -> ChannelWidths:
    """Return the widths without groups whose channels cannot go after all, which become fixed.

    Args:
        net: Left as it is.
        example: One normalised picture, ``(1, 3, height, width)``.
        widths: As they were read.
    """
    noise = torch.rand(2, *example.shape[1:], generator=torch.Generator().manual_seed(0)) - 0.5
    net = copy.deepcopy(net).eval()
    if widths.macs() <= EXACT:
        net, noise = net.double(), noise.double()
    bad = _bad(net, noise, [group for group in widths.groups if group.size > 1])
    if not bad:
        return widths
    reasons = {name: why for group, why in bad for name in group.outputs}
    roots = {group.root for group, _ in bad}
    groups = [group for group in widths.groups if group.root not in roots]
    return replace(widths, groups=groups, fixed={**widths.fixed, **reasons})


def _bad(
    net: nn.Module, pictures: Tensor, groups: list[ChannelGroup]
) -> list[tuple[ChannelGroup, str]]:
    """Return the groups that cannot lose channels, and why; halving finds them among many."""
    why = _objection(net, pictures, groups) if groups else ""
    if not why:
        return []
    if len(groups) == 1:
        return [(groups[0], why)]
    half = len(groups) // 2
    bad = [*_bad(net, pictures, groups[:half]), *_bad(net, pictures, groups[half:])]
    return bad or [(group, why) for group in groups]  # only together do they do harm


def _objection(net: nn.Module, pictures: Tensor, groups: Sequence[ChannelGroup]) -> str:
    """Return what goes wrong if some channels of each group go; nothing if all is well.

    What reads the channels is made deaf to them, in a network as wide as it was: it must then say
    what the cut network says. Where a norm looks at all channels together it need not.
    """
    rng = torch.Generator().manual_seed(0)
    gone = {g.root: torch.randperm(g.size, generator=rng)[: -(-g.size // 4)].tolist()
            for g in groups}  # fmt: skip
    cut, deaf = copy.deepcopy(net), copy.deepcopy(net)
    try:
        take_out(cut, list(groups), gone)
        found = cut(pictures)
    except MISFITS as error:
        return f"without some of its channels the network stops ({_first_line(error)})"
    state = deaf.state_dict()
    for (name, axis), entries in entries_of(list(groups), gone).items():
        if axis == 1 and isinstance(net.get_submodule(name.rpartition(".")[0]), Scored):
            state[name].index_fill_(1, entries, 0)
    whole, wanted = net(pictures), deaf(pictures)
    if found.shape != wanted.shape:
        return f"without some of its channels the network gives {list(found.shape[1:])} numbers"
    if any(_joint(net, group) for group in groups):
        return "" if len(groups) == 1 else _of_others(net, pictures, groups)
    effect, scale = (whole - wanted).abs().max(), wanted.abs().max()
    rounding = 1e-11 if found.dtype == torch.float64 else 1e-4
    if (found - wanted).abs().max() > 0.01 * effect + rounding * scale:
        return "without some of its channels others are mixed up"
    return ""


def _of_others(net: nn.Module, pictures: Tensor, groups: Sequence[ChannelGroup]) -> str:
    exact = [group for group in groups if not _joint(net, group)]
    return _objection(net, pictures, exact) if exact else ""


def _joint(net: nn.Module, group: ChannelGroup) -> bool:
    """Tell whether a norm looks at channels of a group together."""
    parts = {name.rpartition(".")[0] for name, _ in group.parts}
    return any(isinstance(net.get_submodule(part), nn.LayerNorm) for part in parts)


def _first_line(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0][:150]}" if words else type(error).__name__
