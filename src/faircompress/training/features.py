"""What goes on inside a network: the features of its last layer and of its stages."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faircompress.networks.copies import copied
from faircompress.networks.memory_order import memory_order
from faircompress.networks.network import Network
from faircompress.support.errors import InputError
from faircompress.support.progress import track

GRID = 2  # places across and down that a feature map is averaged to
BATCH = 256


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


@torch.no_grad()
def pooled_features(
    network: Network, stages: Sequence[str], images: np.ndarray, device: "torch.device | str"
) -> dict[str, np.ndarray]:
    """Return features of several stages, averaged over a grid, in one pass over the pictures.

    Args:
        network: In evaluation mode, on any device; left as it is.
        stages: Names of its modules.
        images: uint8 ``(rows, height, width, 3)``.
        device: Where it is computed.

    Returns:
        For each stage float32 ``(rows, channels * 4)``.
    """
    order = memory_order(network.net, images.shape[1:3])
    net = copied(network.net).to(device).to(memory_format=order)
    found: dict[str, list[np.ndarray]] = {stage: [] for stage in stages}
    starts = range(0, len(images), BATCH)
    for start in track(starts, "middle features", len(starts)):
        pictures = torch.from_numpy(images[start : start + BATCH]).to(device)
        with ExitStack() as hooks:
            maps = {stage: hooks.enter_context(maps_of(net, stage)) for stage in stages}
            net(network.normalised(pictures))
        for stage in stages:
            pooled = functional.adaptive_avg_pool2d(maps[stage][0].float(), GRID)
            found[stage].append(pooled.flatten(1).cpu().numpy())
    return {stage: np.concatenate(parts) for stage, parts in found.items()}
