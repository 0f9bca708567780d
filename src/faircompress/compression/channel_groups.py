"""Which channels must go together. Torch-Pruning follows them through the network, once.

What it finds is kept as entries of tensors: a cut is then a selection of entries, of whatever
kind a layer is, and can be repeated without looking at the network again.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from faircompress.networks.layers import Scored, gates, head, scored
from faircompress.networks.network import is_depthwise
from faircompress.networks.tracing import CannotFollow, trace, walk

Parts = dict[tuple[str, int], Tensor]
Narrowed = (
    nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.InstanceNorm2d | nn.LayerNorm | nn.PReLU
    | nn.Parameter
)  # fmt: skip


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that several layers share: all lose channel j, or none does.

    Args:
        root: The first layer that writes these channels; the group's name.
        size: How many channels there are.
        writers: Layers whose scores count: all that write these channels, depth-wise convolutions
            too, but not the gates of squeeze-and-excitation, which only scale what others write.
        outputs: Layer -> output channels it loses with each of these channels.
        inputs: Layer -> input channels it loses with each of these channels.
        parts: (Name of a tensor in the network's state, axis) -> the entries that belong to each
            channel, ``(size, entries a channel)``.
    """

    root: str
    size: int
    writers: tuple[str, ...]
    outputs: dict[str, int]
    inputs: dict[str, int]
    parts: Parts


def channel_groups(net: nn.Module, example: Tensor) -> tuple[list[ChannelGroup], dict[str, str]]:
    """Find the channels that can go, and why others cannot.

    Args:
        net: Dense or pruned network.
        example: One normalised picture, ``(1, 3, height, width)``.

    Returns:
        The groups, in the order of their roots, and the reason for each layer below the head whose
        outputs must stay: they pass something that cannot lose single channels, such as a grouped
        convolution or attention. There is none in plain, residual, dense, depth-wise,
        squeeze-and-excitation and ConvNeXt blocks.
    """
    graph, gated, last = trace(net, example), gates(net), head(net)
    names = {part: name for name, part in (*net.named_modules(), *net.named_parameters())}
    widest = max(max(tensor.shape, default=1) for tensor in net.state_dict().values())
    groups: list[ChannelGroup] = []
    fixed: dict[str, str] = {}
    taken: set[str] = set()
    for name, layer in scored(net).items():
        if name in taken:
            continue
        try:
            met = walk(graph, layer, widest)
        except CannotFollow as error:
            fixed[name] = str(error)
            continue
        members = [
            _Member(names[m.part], m.part, m.axis, m.channels, m.entries)
            for m in met
            if m.part in names and not _is_one_for_all(m.part)
        ]
        outputs = [m.name for m in members if m.axis == 0 and isinstance(m.part, Scored)]
        refusals = [_refusal(member, len(layer.weight), last) for member in members]
        if any(refusals) or not members:
            reason = next(filter(None, refusals), "no picture passes through it")
            fixed |= dict.fromkeys(outputs or [name], reason)
        else:
            groups.append(_group(name, members, gated))
        taken.update(outputs)
    return groups, fixed


@dataclass(frozen=True)
class _Member:
    """What a layer, norm or parameter loses: entry ``entries[i]`` with channel ``channels[i]``."""

    name: str
    part: nn.Module | nn.Parameter
    axis: int
    channels: Tensor
    entries: Tensor


def _refusal(member: _Member, size: int, last: nn.Module) -> str:
    """Return why a member cannot lose its share of ``size`` channels; nothing if it can."""
    part, name = member.part, member.name
    if part is last and member.axis == 0:
        return "its outputs are the classes"
    if not isinstance(part, Narrowed):
        return f"it is not known how {name}, a {type(part).__name__}, gets narrower"
    if isinstance(part, nn.Conv2d) and part.groups > 1 and not is_depthwise(part):
        return f"{name} has {part.groups} groups of channels, which must stay alike"
    if isinstance(part, nn.LayerNorm) and len(part.normalized_shape) > 1:
        return f"{name} normalises over more than channels"
    if any(tensor.shape[member.axis] <= member.entries.max() for tensor in _cut(member).values()):
        return f"{name} has fewer channels than it was seen to take"
    if (member.channels.bincount(minlength=size) * size != len(member.entries)).any():
        return f"its {size} channels do not share the {len(member.entries)} of {name} evenly"
    return ""


def _group(root: str, members: list[_Member], gates: set[str]) -> ChannelGroup:
    size = len(members[0].entries)
    widths: tuple[dict[str, int], dict[str, int]] = ({}, {})
    parts: Parts = {}
    for member in members:
        if isinstance(member.part, Scored):
            widths[member.axis][member.name] = len(member.entries) // size
        entries = member.entries[member.channels.argsort(stable=True)]
        for tensor in _tensors(member):
            parts[tensor, member.axis] = entries.view(size, -1)
    writers = tuple(name for name in widths[0] if name not in gates)
    return ChannelGroup(root, size, writers, *widths, parts)


def _tensors(member: _Member) -> list[str]:
    """Return the names of a member's tensors that have the axis to be cut."""
    if isinstance(member.part, nn.Parameter):
        return [member.name]
    return [f"{member.name}.{name}" for name in _cut(member)]


def _cut(member: _Member) -> dict[str, Tensor]:
    """Return the tensors of a member that have the axis to be cut, by their names in it."""
    if isinstance(member.part, nn.Parameter):
        return {"": member.part}
    tensors = (*member.part.named_parameters(), *member.part.named_buffers())
    # biases and statistics go with the outputs; only weights have an axis of inputs
    return {name: tensor for name, tensor in tensors if tensor.ndim > member.axis}


def _is_one_for_all(part: object) -> bool:
    """Tell whether a layer has one number for all channels, and stays as it is."""
    return isinstance(part, nn.PReLU) and part.num_parameters == 1
