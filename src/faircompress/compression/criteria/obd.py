"""The criterion that asks how sharply the loss bends: optimal brain damage."""

from itertools import islice

import torch
from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.compression.fisher import fisher_effects
from faircompress.config.bounds import Count
from faircompress.networks.layers import scored


def obd(
    net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator, steps: Count = 8
) -> Scores:
    """Score each channel by how much the loss would rise without its filter, to second order.

    The score is ``sum(w^2 * H) / 2`` over the filter's weights ``w``, with ``H`` the diagonal of
    the Hessian, here of the empirical Fisher matrix.

    Args:
        net: Network to score.
        batches: Calibration pictures and labels.
        loss: Objective to be protected.
        rng: Not used.
        steps: Batches taken.

    Returns:
        For each layer, scores >= 0 in nats, so that layers can be ranked together,
        ``(out_channels,)``.

    Source:
        LeCun et al., Optimal Brain Damage, NIPS 1989.
        Departure: the empirical Fisher diagonal for the Hessian's, since it takes one backward
        pass and is never negative; whole filters in place of single weights.
    """
    totals = {name: torch.zeros(len(layer.weight)) for name, layer in scored(net).items()}
    net.eval()
    for batch in islice(batches, steps):
        effects, _ = fisher_effects(net, batch, loss)
        for name, effect in effects.items():
            totals[name] += effect
    return {name: total / (2 * steps) for name, total in totals.items()}
