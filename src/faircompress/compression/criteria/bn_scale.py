"""The criterion that reads how far batch normalisation scales each channel."""

import torch
from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.networks.layers import filters, norms_behind, scored


def bn_scale(net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator) -> Scores:
    """Score each channel by the scale of the batch normalisation right behind its layer.

    A layer without one is scored by the Euclidean norm of its filters, scaled so that its mean is
    the mean of all scales found in the network (1 if there are none).

    Args:
        net: Network to score.
        batches: One picture is shown to the network, to see what follows what.
        loss: Not used.
        rng: Not used.

    Returns:
        For each layer, scores >= 0, ``(out_channels,)``.

    Source:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017.
        Departure: the dense model is trained without the paper's L1 penalty on the scales.
    """
    picture = next(iter(batches)).images[:1]
    scales = {n: norm.weight.detach().abs() for n, norm in norms_behind(net, picture).items()}
    mean = torch.cat([*scales.values()]).mean() if scales else 1.0
    norms = {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}
    return {
        name: scales.get(name, mean * norm / norm.mean().clamp_min(1e-12))
        for name, norm in norms.items()
    }
