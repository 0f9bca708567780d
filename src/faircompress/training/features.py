"""What goes on inside a network: the features of its last layer and of its stages."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from faircompress.support.errors import InputError


@contextmanager
def last_features(net: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the last layer is given, call by call: ``(batch, any)``, with gradient.

    Raises:
        InputError: If the network has no layer with weights.
    """
    layers = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if not layers:
        raise InputError("the network has no linear layer and no convolution to take features from")
    found: list[Tensor] = []
    handle = layers[-1].register_forward_pre_hook(lambda _, given: found.append(given[0]))
    try:
        yield found
    finally:
        handle.remove()


def stage_names(net: nn.Module, example: Tensor) -> list[str]:
    """Return the last module of each size of feature map, the largest map first.

    Maps of one pixel are left out, and so is the last size: what stands there is nearly the answer.

    Args:
        net: In evaluation mode.
        example: One normalised picture, ``(1, 3, height, width)``.
    """
    sizes: dict[tuple[int, ...], str] = {}

    def note(name: str, given: object) -> None:
        if isinstance(given, Tensor) and given.ndim == 4 and min(given.shape[2:]) > 1:
            sizes[tuple(given.shape[2:])] = name

    handles = [
        module.register_forward_hook(lambda _, __, out, name=name: note(name, out))
        for name, module in net.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            net(example)
    finally:
        for handle in handles:
            handle.remove()
    return list(sizes.values())[:-1]


@contextmanager
def maps_of(net: nn.Module, name: str) -> Iterator[list[Tensor]]:
    """Collect the feature maps that a module gives, call by call."""
    found: list[Tensor] = []
    handle = net.get_submodule(name).register_forward_hook(lambda _, __, out: found.append(out))
    try:
        yield found
    finally:
        handle.remove()
