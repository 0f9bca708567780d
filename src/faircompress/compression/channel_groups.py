"""Which channels must go together. Torch-Pruning follows them through the network, once.

What it finds is kept as entries of tensors: a cut is then a selection of entries, of whatever
kind a layer is, and can be repeated without looking at the network again.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from faircompress.compression.blocks import blocks_of, must_stay
from faircompress.networks.layers import Scored, gates, head, scored
from faircompress.networks.tensors import tensors_of
from faircompress.networks.tracing import CannotFollow, Met, trace, walk

Parts = dict[tuple[str, int], Tensor]
Narrowed = (
    nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm1d | nn.BatchNorm2d
    | nn.InstanceNorm2d | nn.LayerNorm | nn.GroupNorm | nn.PReLU | nn.Parameter
)  # fmt: skip


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that several layers share: all lose channel j, or none does.

    Where a grouped convolution or a group norm looks at several channels together, these count as
    one channel here: they go together.

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
        outputs must stay: they pass something that cannot lose channels, such as attention. There
        is none in plain, residual, dense, depth-wise, grouped, squeeze-and-excitation and ConvNeXt
        blocks.
    """
    graph, gated, last = trace(net, example), gates(net), head(net)
    names = {part: name for name, part in (*net.named_modules(), *net.named_parameters())}
    widest = max(max(tensor.shape, default=1) for tensor in tensors_of(net).values())
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
            replace(m, name=names[m.part])
            for m in met
            if m.part in names and not _is_one_for_all(m.part)
        ]
        outputs = [m.name for m in members if m.axis == 0 and isinstance(m.part, Scored)]
        group, reason = _grouped(name, members, len(layer.weight), last, gated)
        reason = _hidden(name, [names[part] for part in graph.in_one_piece]) or reason
        if group is None:
            fixed |= dict.fromkeys(outputs or [name], reason)
        else:
            groups.append(group)
        taken.update(outputs)
    cut = {name for group in groups for name in group.outputs}
    fixed |= {
        name: "outputs of transposed convolutions have no scores of their own"
        for name, module in net.named_modules()
        if isinstance(module, nn.ConvTranspose2d) and name not in cut
    }
    return groups, fixed


def _hidden(name: str, pieces: list[str]) -> str:
    """Return why a layer stays that lies inside a module which is followed as one piece."""
    piece = next((piece for piece in pieces if name.startswith(f"{piece}.")), "")
    return piece and f"{piece} computes with the weights of layers inside it, as attention does"


def _grouped(
    root: str, members: list[Met], size: int, last: nn.Module, gates: set[str]
) -> tuple[ChannelGroup | None, str]:
    """Return the group of some members, or why they must stay as they are."""
    if not members:
        return None, "no picture passes through it"
    if why := next(filter(None, (_refusal(member, last) for member in members)), ""):
        return None, why
    block, why = blocks_of(members, size)
    if why:
        return None, why
    size = int(block.max()) + 1
    members = [replace(member, channels=block[member.channels]) for member in members]
    for member in members:
        if (member.channels.bincount(minlength=size) * size != len(member.entries)).any():
            shared = f"the {len(member.entries)} of {member.name} evenly"
            return None, f"its {size} channels do not share {shared}"
    return _group(root, members, size, gates), ""


def _refusal(member: Met, last: nn.Module) -> str:
    """Return why a member cannot lose channels at all; nothing if it can."""
    part, name = member.part, member.name
    if part is last and member.axis == 0:
        return "its outputs are the classes"
    if not isinstance(part, Narrowed):
        return f"it is not known how {name}, a {type(part).__name__}, gets narrower"
    if isinstance(part, nn.LayerNorm) and len(part.normalized_shape) > 1:
        return f"{name} normalises over more than channels"
    if why := must_stay(member):
        return why
    shapes = dict(_tensors_of(part))
    if any(shapes[tensor][axis] <= member.entries.max() for tensor, axis in _cut(member).items()):
        return f"{name} has fewer channels than it was seen to take"
    return ""


def _group(root: str, members: list[Met], size: int, gates: set[str]) -> ChannelGroup:
    widths: tuple[dict[str, int], dict[str, int]] = ({}, {})
    parts: Parts = {}
    for member in members:
        if isinstance(member.part, Scored | nn.ConvTranspose2d):
            widths[member.axis][member.name] = len(member.entries) // size
        entries = member.entries[member.channels.argsort(stable=True)]
        for tensor, axis in _cut(member).items():
            parts[f"{member.name}.{tensor}".rstrip("."), axis] = entries.view(size, -1)
    writers = tuple(
        member.name
        for member in members
        if member.axis == 0 and isinstance(member.part, Scored) and member.name not in gates
    )
    return ChannelGroup(root, size, writers, *widths, parts)


def _cut(member: Met) -> dict[str, int]:
    """Return which tensors of a member are cut, by their names in it, and along which axis."""
    part, axis = member.part, member.axis
    if isinstance(part, nn.ConvTranspose2d):
        return {"weight": 0} if axis == 1 else {name: int(name == "weight")
                                                for name, _ in part.named_parameters()}  # fmt: skip
    if isinstance(part, Scored) and axis == 1:
        return {"weight": 1}  # biases and what else it holds go with the outputs
    return {name: axis for name, shape in _tensors_of(part) if len(shape) > axis}


def _tensors_of(part: nn.Module | nn.Parameter) -> list[tuple[str, tuple[int, ...]]]:
    """Return names and shapes of what a layer holds."""
    if isinstance(part, nn.Parameter):
        return [("", tuple(part.shape))]
    tensors = (*part.named_parameters(), *part.named_buffers())
    return [(name, tuple(tensor.shape)) for name, tensor in tensors]


def _is_one_for_all(part: object) -> bool:
    """Tell whether a layer has one number for all channels, and stays as it is."""
    return isinstance(part, nn.PReLU) and part.num_parameters == 1
