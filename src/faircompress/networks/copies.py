"""Copies of networks, and their mode, whatever networks keep and whatever their methods return."""

import copy
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

Kind = TypeVar("Kind", bound=nn.Module)


def copied(net: Kind) -> Kind:
    """Return a copy of a network, which is left as it is.

    Torch copies no tensor that was computed with a gradient. Networks keep such ones: feature maps,
    to be looked at, and the weights that weight_norm computes. The copy has their values alone.

    Raises:
        InputError: If something in it cannot be copied.
    """
    memo = {id(tensor): tensor.detach().clone() for tensor in _computed(net)}
    try:
        return copy.deepcopy(net, memo)
    except (RuntimeError, TypeError) as error:
        raise InputError(
            f"{type(net).__name__} cannot be copied ({one_line(str(error), 150)}). Needed is a "
            "network that copy.deepcopy takes: take out what it keeps, such as open files, locks, "
            "generators, or tensors that it computed, which detach() frees"
        ) from error


def evaluating(net: Kind) -> Kind:
    """Put a network in evaluation mode, in place; return it, even if its own ``train`` does not."""
    net.eval()
    return net


@contextmanager
def as_it_was(net: nn.Module) -> Iterator[None]:
    """Give a network back, at the end, its mode, attributes and buffers.

    Of lists and mappings that it keeps the entries, too, but not what lies deeper in them.
    """
    own = [(vars(module), dict(vars(module))) for module in net.modules()]
    within = [
        (kept, copy.copy(kept))
        for _, was in own
        for kept in was.values()
        if isinstance(kept, dict | list | set | deque)
    ]
    buffers = [(buffer, buffer.clone()) for buffer in net.buffers() if not is_lazy(buffer)]
    try:
        yield
    finally:
        for kept, was in (*own, *within):
            kept.clear()
            (kept.extend if isinstance(kept, list | deque) else kept.update)(was)
        with torch.no_grad():
            for buffer, values in buffers:
                if not torch.equal(buffer, values):
                    buffer.copy_(values)


def _computed(net: nn.Module) -> Iterator[Tensor]:
    """Give the tensors that a network keeps and that have a history."""
    for module in net.modules():
        yield from _with_history([*vars(module).values()], depth=4)


def _with_history(kept: Any, depth: int) -> Iterator[Tensor]:
    if isinstance(kept, Tensor):
        if kept.requires_grad and not kept.is_leaf:
            yield kept
    elif depth and isinstance(kept, Mapping | list | tuple | set):
        for part in kept.values() if isinstance(kept, Mapping) else kept:
            yield from _with_history(part, depth - 1)
