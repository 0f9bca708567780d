"""The criterion that keeps each group's share of what matters. It needs group labels."""

from itertools import islice

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.config.bounds import Count
from faircompress.networks.layers import scored
from faircompress.training.groupwise import require_groups


def fairgrape(
    net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator, steps: Count = 8
) -> Scores:
    """Score each channel by how early it would be kept, if groups took turns by their need.

    A channel's importance to a group is ``sum((w * g)^2)`` over its filter, ``g`` the gradient of
    the group's loss, averaged over batches. In each layer channels are kept one by one: the group
    whose share of the kept importance falls furthest short of its share of the whole layer's
    chooses, and takes the channel that matters most to it.

    Args:
        net: Network to score.
        batches: Calibration pictures, labels and groups.
        loss: Objective to be protected.
        rng: Not used.
        steps: Batches taken.

    Returns:
        For each layer, from 1 for the first kept down to 1/channels, ``(out_channels,)``. Ranked
        together, layers lose equal shares, as in the paper.

    Raises:
        ValueError: If the batches show fewer than two groups.

    Source:
        Lin et al., FairGRAPE: Fairness-Aware GRAdient Pruning mEthod for Face Attribute
        Classification, ECCV 2022.
        Departure: whole filters in place of single weights; gradients in evaluation mode, and the
        network takes no step between batches; a group's mean is over the batches that show it.
    """
    sums: dict[int, Scores] = {}
    counts: dict[int, int] = {}
    net.eval()
    for batch in islice(batches, steps):
        for group in torch.unique(batch.groups).tolist():
            new = _importance(net, loss(net, batch.part(batch.groups == group)))
            sums[group] = {n: sums.get(group, {}).get(n, 0) + new[n] for n in new}
            counts[group] = counts.get(group, 0) + 1
    require_groups(len(sums), "fairgrape")
    return {
        name: _turns(torch.stack([sums[group][name] / counts[group] for group in sorted(sums)]))
        for name in scored(net)
    }


def _importance(net: nn.Module, loss: Tensor) -> Scores:
    layers = scored(net)
    weights = [layer.weight for layer in layers.values()]
    gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    return {
        name: (weight.detach() * gradient).square().flatten(1).sum(1).cpu()
        for name, weight, gradient in zip(layers, weights, gradients, strict=True)
    }


def _turns(importance: Tensor) -> Tensor:
    """Return the score of each channel, given its importance to each group, (groups, channels)."""
    importance = importance.double()
    groups, channels = importance.shape
    wanted = importance.sum(1) / importance.sum().clamp_min(1e-300)
    shares = torch.full_like(wanted, 1 / groups)
    left, kept = importance.clone(), torch.zeros_like(wanted)
    scores = torch.zeros(channels)
    for turn in range(channels):
        channel = int(left[(shares - wanted).argmin()].argmax())
        scores[channel] = 1 - turn / channels
        left[:, channel] = -1
        kept += importance[:, channel]
        if kept.sum() > 0:
            shares = kept / kept.sum()
    return scores
