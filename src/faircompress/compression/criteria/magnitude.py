"""The criterion that reads weights alone."""

from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.config.bounds import Count
from faircompress.networks.layers import filters, scored


def magnitude(
    net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator, norm: Count = 2
) -> Scores:
    """Score each channel by the size of its filter, relative to its layer's mean.

    Args:
        net: Network to score.
        batches: Not read.
        loss: Not used.
        rng: Not used.
        norm: 1 for the sum of absolute weights, 2 for the Euclidean norm.

    Returns:
        For each layer, scores >= 0 with mean 1, ``(out_channels,)``.

    Source:
        Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017.
        Departure: divided by the layer's mean, so that layers can be ranked together.
    """
    sizes = {name: filters(layer).norm(norm, dim=1) for name, layer in scored(net).items()}
    return {name: size / size.mean().clamp_min(1e-12) for name, size in sizes.items()}
