"""The criterion of the thesis that asks the objective: what would go wrong without it?"""

from collections.abc import Callable
from itertools import islice

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.config.bounds import Count, NotNegative
from faircompress.networks.copies import evaluating
from faircompress.networks.layers import Scored, by_channel, scored


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
    Between batches the network takes one step of gradient descent.

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
        ICLR 2017. Departures from the thesis's form, for speed: one backward pass both scores and
        steps, with the running batch statistics, where the thesis steps in training mode and
        scores in another pass; a round takes the mean over its batches, and ``compression/cut.py``
        cuts many channels after it, where the thesis cuts one after every fifth batch.
    """
    layers = scored(net)
    totals = {n: layer.weight.new_zeros(len(layer.weight)) for n, layer in layers.items()}
    hooks = [
        layer.register_forward_hook(_add_effects(totals[name], layer))
        for name, layer in layers.items()
    ]
    descent = torch.optim.SGD(net.parameters(), lr=lr)
    count = 0
    _keep_maps(evaluating(net))
    try:
        for batch in islice(batches, steps):
            descent.zero_grad()
            torch.autograd.backward(loss(net, batch))
            count += len(batch.labels)
            if lr > 0:
                descent.step()
    finally:
        for hook in hooks:
            hook.remove()
    descent.zero_grad()
    return {name: total / max(count, 1) for name, total in totals.items()}


def _add_effects(total: Tensor, layer: Scored) -> Callable[[nn.Module, object, Tensor], None]:
    """Return a hook by which what a layer gives adds its effect when its gradient is known."""

    def forward(module: nn.Module, inputs: object, output: Tensor) -> None:
        maps = by_channel(layer, output.detach())

        def backward(gradient: Tensor) -> None:
            effects = torch.linalg.vecdot(maps, by_channel(layer, gradient))
            total.add_(effects.abs().sum(0))

        # torch gives no types for it
        output.register_hook(backward)  # type: ignore[no-untyped-call]  # torch's

    return forward


def _keep_maps(net: nn.Module) -> None:
    """Let no activation overwrite the maps that are scored."""
    for module in net.modules():
        if hasattr(module, "inplace"):
            # torch types every attribute of a module as a tensor or a module
            module.inplace = False  # type: ignore[assignment]  # torch types it as a module
