"""The criterion that drops what the other filters of the layer can stand in for."""

import torch
from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.networks.layers import filters, scored


def fpgm(net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator) -> Scores:
    """Score each channel by its filter's distance to all others of the layer.

    The score is the sum of the Euclidean distances, least for the filters nearest to the layer's
    geometric median, relative to the layer's mean.

    Args:
        net: Network to score.
        batches: Not read.
        loss: Not used.
        rng: Not used.

    Returns:
        For each layer, scores >= 0 with mean 1, ``(out_channels,)``; 0 where all filters are equal.

    Source:
        He et al., Filter Pruning via Geometric Median for Deep Convolutional Neural Networks
        Acceleration, CVPR 2019.
        Departure: divided by the layer's mean, so that layers can be ranked together; the paper
        cuts every layer by the same share.
    """
    scores = {}
    for name, layer in scored(net).items():
        distances = torch.cdist(filters(layer), filters(layer)).sum(1)
        scores[name] = distances / distances.mean().clamp_min(1e-12)
    return scores
