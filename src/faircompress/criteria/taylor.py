"""The criterion of the thesis that asks the objective: what would go wrong without it?"""

import torch
from torch import Generator, Tensor, nn

from faircompress.bounds import NotNegative
from faircompress.criteria import Batches, Loss, Scores, convolutions


def taylor(
    net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator, lr: NotNegative = 0.01
) -> Scores:
    """Score each channel by how much the loss would change without it, to first order.

    For a channel with activation ``a`` (height x width, as the convolution gives it) and gradient
    ``g = d loss / d a`` the score is ``|sum(a * g)|``, averaged over the pictures of ``batches``.
    Between batches the network takes one step of gradient descent, as in the thesis.

    Args:
        net: Working copy; its weights move if ``lr`` > 0. Batch statistics stay as they are.
        batches: Calibration pictures and labels; all are used.
        loss: Objective to be protected, for instance the performance-weighted one.
        rng: Not used.
        lr: Learning rate of the steps between batches; 0: none.

    Returns:
        For each convolution, scores >= 0 in nats, ``(out_channels,)``.

    Source:
        Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference,
        ICLR 2017. Departure: none here; reducing scores over channels that must go together
        happens in ``pruning.py``.
    """
    convs = convolutions(net)
    maps: dict[str, Tensor] = {}
    totals = {name: torch.zeros(conv.out_channels) for name, conv in convs.items()}
    hooks = [conv.register_forward_hook(_keep(maps, name)) for name, conv in convs.items()]
    descent = torch.optim.SGD(net.parameters(), lr=lr)
    count = 0
    net.eval()
    try:
        for batch in batches:
            net.zero_grad()
            torch.autograd.backward(loss(net, batch))
            for name, a in maps.items():
                if a.grad is not None:
                    totals[name] += (a.detach() * a.grad).sum((2, 3)).abs().sum(0).cpu()
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
