"""The criterion of the thesis that asks the objective: what would go wrong without it?"""

from itertools import islice

import torch
from torch import Generator, Tensor, nn

from faircompress.bounds import Count, NotNegative
from faircompress.criteria import Batches, Loss, Scores
from faircompress.layers import by_channel, scored


def taylor(
    net: nn.Module,
    batches: Batches,
    loss: Loss,
    *,
    rng: Generator,
    steps: Count = 8,
    lr: NotNegative = 0.01,
) -> Scores:
    """Score each channel by how much the loss would change without it, to first order.

    For a channel with activation ``a`` (height x width, as the layer gives it) and gradient
    ``g = d loss / d a`` the score is ``|sum(a * g)|``, averaged over the pictures of ``batches``.
    Between batches the network takes one step of gradient descent, as in the thesis.

    Args:
        net: Working copy; its weights move if ``lr`` > 0. Batch statistics stay as they are.
        batches: Calibration pictures and labels.
        loss: Objective to be protected, for instance the performance-weighted one.
        rng: Not used.
        steps: Batches taken.
        lr: Learning rate of the steps between batches; 0: none.

    Returns:
        For each layer, scores >= 0 in nats, ``(out_channels,)``.

    Source:
        Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference,
        ICLR 2017. Departure: none here; reducing scores over channels that must go together
        happens in ``pruning.py``.
    """
    layers = scored(net)
    maps: dict[str, Tensor] = {}
    totals = {name: torch.zeros(len(layer.weight)) for name, layer in layers.items()}
    hooks = [layer.register_forward_hook(_keep(maps, name)) for name, layer in layers.items()]
    descent = torch.optim.SGD(net.parameters(), lr=lr)
    count = 0
    net.eval()
    try:
        for batch in islice(batches, steps):
            net.zero_grad()
            torch.autograd.backward(loss(net, batch))
            for name, a in maps.items():
                if a.grad is not None:
                    effect = by_channel(layers[name], a.detach() * a.grad)
                    totals[name] += effect.sum(2).abs().sum(0).cpu()
            count += len(batch.labels)
            if lr > 0:
                descent.step()
    finally:
        for hook in hooks:
            hook.remove()
    net.zero_grad()
    return {name: total / max(count, 1) for name, total in totals.items()}


def _keep(maps: dict[str, Tensor], name: str):  # type: ignore[no-untyped-def]
    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        output.retain_grad()
        maps[name] = output

    return hook
