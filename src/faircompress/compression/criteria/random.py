"""The criterion that knows nothing: the yardstick of all others."""

import torch
from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.networks.layers import scored


def random(net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator) -> Scores:
    """Give each channel a uniform number in [0, 1)."""
    return {
        name: torch.rand(len(layer.weight), generator=rng) for name, layer in scored(net).items()
    }
