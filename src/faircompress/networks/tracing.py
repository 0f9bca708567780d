"""What is connected with what in a network, as Torch-Pruning sees it, in bounded time and memory.

Torch-Pruning follows channels through views and reshapes by lists of entries. In attention these
lists grow at each step, without end (swin_t: 13 GB). Here a walk stops when it holds more entries
than the widest tensor of the network, and what uses the weights of layers that it never calls is
walked past as one piece.
"""

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.networks.copies import evaluating
from faircompress.networks.layers import MISFITS, Scored, forget
from faircompress.support.absent import without
from faircompress.support.errors import InputError

COUNTED = (
    "concat",
    "split",
    "reshape",
    "unbind",
    "expand",
    "slice",
)  # operations, as it calls them
VISITS = 100  # times the operations of a network: so many steps of a walk are taken


class CannotFollow(InputError):
    """Channels go a way that cannot be followed; says why."""


@dataclass(frozen=True)
class Met:
    """Something that loses entries with the channels of a layer.

    Args:
        part: Layer, norm, parameter or operation.
        axis: Of its tensor that gets shorter; 0 for outputs, 1 for inputs.
        channels: Of the layer that was started from.
        entries: Along the axis, one for each of ``channels``.
        name: Of the part, where it has one.
    """

    part: Any
    axis: int
    channels: Tensor
    entries: Tensor
    name: str = ""


def trace(net: nn.Module, example: Tensor) -> Any:
    """Return Torch-Pruning's graph of a network, which is left as it is.

    Its ``in_one_piece`` are the modules whose insides it does not show.

    Args:
        net: Dense or pruned network.
        example: One normalised picture, ``(1, 3, height, width)``.

    Raises:
        CannotFollow: If Torch-Pruning cannot make a graph of it.
    """
    with without("timm"):  # for counting operations, which nobody asks it for
        importlib.import_module("torch_pruning")
    was = {module: module.training for module in net.modules()}
    frozen = [p for p in net.parameters() if not p.requires_grad]
    try:
        with warnings.catch_warnings(), torch.enable_grad(), ExitStack() as opened:
            warnings.simplefilter("ignore")
            for parameter in frozen:
                parameter.requires_grad_(True)
            closed = [opened.enter_context(_closed(m)) for m in _opaque(evaluating(net), example)]
            pruners = {type(module): _passing() for module in closed}
            opened.enter_context(_lenient())
            graph = _graph().build_dependency(
                net, example_inputs=example, customized_pruners=pruners, verbose=False
            )
            graph.in_one_piece = closed
            return graph
    except MISFITS as error:
        raise CannotFollow(
            f"the channels of {type(net).__name__} cannot be followed by Torch-Pruning "
            f"({type(error).__name__}: {error}), so none can be cut: somewhere they are shuffled, "
            "split or reshaped in a way that it does not know. Choose another architecture."
        ) from error
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
        for module, training in was.items():
            module.training = training
        forget(net)


def walk(graph: Any, layer: Scored, widest: int) -> list[Met]:
    """Follow the output channels of a layer to all that must get narrower with them.

    Args:
        graph: Of ``trace``.
        layer: Where the walk starts.
        widest: Entries that any tensor of the network has along an axis, at most.

    Raises:
        CannotFollow: If the way does not end, or needs more entries than there are.
    """
    from torch_pruning import _helpers as helpers
    from torch_pruning.dependency.dependency import Dependency

    if layer not in graph.module2node:
        return []
    node, prune = graph.module2node[layer], graph.get_pruner_of_module(layer).prune_out_channels
    start = [helpers._HybridIndex(idx=i, root_idx=i) for i in range(len(layer.weight))]
    stack = [(Dependency(prune, prune, source=node, target=node), start)]
    seen: dict[tuple[Any, Any], list[list[Any]]] = {(node, prune): [start]}
    steps = 0
    while stack:
        came, entries = stack.pop()
        for dependency in came.target.dependencies:
            steps += 1
            if not dependency.is_triggered_by(came.handler):
                continue
            after = _mapped(dependency, entries, most=4 * widest)
            if len(after) > widest or steps > VISITS * len(graph.module2node):
                raise CannotFollow(
                    "they pass views or reshapes that Torch-Pruning cannot follow, as in attention "
                    "and where channels are shuffled"
                )
            known = seen.setdefault((dependency.target, dependency.handler), [])
            if after and after not in known:
                known.append(after)
                stack.append((dependency, after))
    return [_met(graph, node, handler, lists) for (node, handler), lists in seen.items() if lists]


def _mapped(dependency: Any, entries: list[Any], *, most: int) -> list[Any]:
    """Return what entries become on the way from an operation to the next."""
    try:
        for mapping in filter(None, dependency.index_mapping):
            if not mapping.reverse and len(entries) * getattr(mapping, "_stride", 1) > most:
                raise CannotFollow("they pass a reshape that mixes channels with other numbers")
            entries = mapping(entries)
    except CannotFollow:
        raise
    except MISFITS as error:
        raise CannotFollow("they pass a split that Torch-Pruning cannot follow") from error
    if any(entry.root_idx is None for entry in entries):
        raise CannotFollow("they are repeated in a way that Torch-Pruning cannot follow")
    return entries


def _graph() -> Any:
    """Return a graph in which grouped convolutions pass channels on, as depth-wise ones do."""
    from torch_pruning import DependencyGraph, ops

    class Graph(DependencyGraph):  # type: ignore[misc]  # untyped
        def get_pruner_of_module(self, module: Any) -> Any:
            if (
                isinstance(module, nn.Conv2d)
                and 1 < module.groups < module.out_channels == module.in_channels
            ):
                return self.REGISTERED_PRUNERS[ops.OPTYPE.DEPTHWISE_CONV]
            return super().get_pruner_of_module(module)

    return Graph()


@contextmanager
def _lenient() -> Iterator[None]:
    """Let channels that Torch-Pruning cannot count through an operation pass it as they are.

    It divides by zero where channels are shuffled, and adds numbers that it does not know where
    pictures are cut up and put together. Whether channels come through is seen on trial.
    """
    from torch_pruning.dependency import index_mapping

    names = [f"update_{kind}_index_mapping" for kind in COUNTED]
    strict = {name: getattr(index_mapping, name) for name in names}

    def lenient(name: str) -> Callable[[Any, Any], None]:
        def update(graph: Any, node: Any) -> None:
            with suppress(*MISFITS):
                strict[name](graph, node)

        return update

    for name in names:
        setattr(index_mapping, name, lenient(name))
    try:
        yield
    finally:
        for name in names:
            setattr(index_mapping, name, strict[name])


def _met(graph: Any, node: Any, handler: Any, lists: list[list[Any]]) -> Met:
    """Put together what was met on several ways; the first way to an entry counts."""
    merged: dict[int, int] = {}
    for entry in (entry for entries in lists for entry in entries):
        merged.setdefault(entry.idx, entry.root_idx)
    writes = graph.is_out_channel_pruning_fn(handler)
    axis = node.pruning_dim if isinstance(node.module, nn.Parameter) else int(not writes)
    return Met(node.module, axis, torch.tensor([*merged.values()]), torch.tensor([*merged]))


def _opaque(net: nn.Module, example: Tensor) -> list[nn.Module]:
    """Return the modules that compute with weights of layers inside them which they never call."""
    called: set[nn.Module] = set()
    names = dict(net.named_modules())
    hooks = [m.register_forward_pre_hook(lambda m, _: called.add(m)) for m in names.values()]
    output = net(example)
    for hook in hooks:
        hook.remove()
    silent = {n: m for n, m in names.items() if isinstance(m, Scored) and m not in called}
    parents = {name: names[name.rpartition(".")[0]] for name in silent}
    silent = {n: m for n, m in silent.items() if parents[n] in called - {net}}
    if not silent or not isinstance(output, Tensor):
        return []
    weights = [layer.weight for layer in silent.values()]
    gradients = torch.autograd.grad(output.sum(), weights, allow_unused=True)
    used = [n for n, g in zip(silent, gradients, strict=True) if g is not None]
    return list(dict.fromkeys(parents[name] for name in used))


class _Piece(torch.autograd.Function):
    """One step of the graph from what a module is given to what it gives."""

    @staticmethod
    def forward(ctx: Any, result: Tensor, *given: Tensor) -> Tensor:  # noqa: ARG004 - torch's form
        return result.clone()


@contextmanager
def _closed(module: nn.Module) -> Iterator[nn.Module]:
    """Let a module be one step in the graph."""
    inside, own = module.forward, vars(module).get("forward")

    def forward(*given: Any, **more: Any) -> Any:
        with torch.no_grad():
            result = inside(*given, **more)
        first, rest = (result[0], result[1:]) if isinstance(result, tuple) else (result, None)
        tensors = [each for each in given if isinstance(each, Tensor)]
        # torch gives no types for it
        piece = _Piece.apply(first, *tensors)  # type: ignore[no-untyped-call]  # torch's
        return piece if rest is None else (piece, *rest)

    module.forward = forward
    try:
        yield module
    finally:
        if own is None:
            del module.forward  # of this instance; that of its class is as it was
        else:
            module.forward = own  # which the instance had been given


def _passing() -> Any:
    """Return what tells Torch-Pruning that channels pass a module, and that it stays as it is."""
    from torch_pruning.pruner.function import BasePruningFunc

    class Passing(BasePruningFunc):  # type: ignore[misc]  # untyped
        def prune_out_channels(self, layer: nn.Module, idxs: Any) -> nn.Module:  # noqa: ARG002
            return layer

        def get_out_channels(self, layer: nn.Module) -> None:  # noqa: ARG002
            return None

        prune_in_channels = prune_out_channels
        get_in_channels = get_out_channels

    return Passing()
