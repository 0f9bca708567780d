"""Channels that something looks at together, and that can only go together.

A grouped convolution and a group norm treat a run of channels as one. Whole runs can go: what is
left is computed as before, by fewer groups.
"""

import torch
from torch import Tensor, nn

from faircompress.networks.tracing import Met


def blocks_of(members: list[Met], size: int) -> tuple[Tensor, str]:
    """Return the block that each channel is in, from 0, or why there are no blocks to go.

    Args:
        members: What loses channels with them.
        size: How many channels there are.
    """
    bound = [(member, run_of(member)) for member in members]
    bound = [(member, run) for member, run in bound if run > 1]
    block = torch.arange(size)
    if not bound:
        return block, ""
    for member, run in bound:
        held = (member.entries // run).bincount()
        if ((held != 0) & (held != run)).any():
            return block, f"groups of {member.name} hold these channels and others"
    before = torch.empty(0)
    while not torch.equal(before, block):
        before = block
        for member, run in bound:
            block = _joined(block, member.channels, member.entries // run)
    block = torch.unique(block, return_inverse=True)[1]
    names = ", ".join(member.name for member, _ in bound[:3])
    if block.max() == 0:
        return block, f"all its channels go through one group of {names}"
    if len(torch.unique(block.bincount())) > 1:
        return block, f"groups of {names} tie unequal numbers of its channels together"
    return block, ""


def run_of(member: Met) -> int:
    """Return how many entries of a member, in a row, can only go together."""
    part = member.part
    if isinstance(part, nn.Conv2d) and member.axis == 0:
        return part.out_channels // part.groups if part.groups > 1 else 1
    if isinstance(part, nn.GroupNorm) and part.num_groups > 1:
        return part.num_channels // part.num_groups
    return 1


def must_stay(member: Met) -> str:
    """Return why not even whole groups of a layer can go; nothing if they can."""
    part, name = member.part, member.name
    if isinstance(part, nn.ConvTranspose2d) and part.groups > 1:
        return f"{name}, a transposed convolution, has {part.groups} groups"
    if isinstance(part, nn.Conv2d) and part.groups > 1 and part.in_channels != part.out_channels:
        return f"{name} has {part.groups} groups, and gives not as many channels as it takes"
    if isinstance(part, nn.GroupNorm) and part.num_groups > 1 and part.weight is None:
        return f"{name} has no weights that tell how many of its {part.num_groups} groups are left"
    return ""


def _joined(block: Tensor, channels: Tensor, runs: Tensor) -> Tensor:
    """Give all channels of a run the lowest block among them."""
    lowest = torch.full((int(runs.max()) + 1,), len(block))
    lowest = lowest.scatter_reduce(0, runs, block[channels], "amin")
    return block.scatter_reduce(0, channels, lowest[runs], "amin")
