"""The criterion that knows nothing: the yardstick of all others."""

import torch
from torch import Generator, nn

from faircompress.criteria import Batches, Loss, Scores, convolutions


def random(net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator) -> Scores:
    """Give each channel a uniform number in [0, 1)."""
    return {
        name: torch.rand(conv.out_channels, generator=rng)
        for name, conv in convolutions(net).items()
    }
