"""Sharpness-aware steps: the gradient where the loss is worst near the weights, not at them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

TINY = 1e-12  # that a gradient of zeros is not divided by zero


@contextmanager
def worst_nearby(net: nn.Module, radius: float) -> Iterator[None]:
    """Within it the weights are ``w + radius * g / |g|``, with ``g`` the gradients that they hold.

    Gradients are cleared on the way in, so that the ones found there can take their place. On the
    way out weights and buffers (running means of normalisation) are what they were, to the bit.

    Args:
        net: With the gradients of the loss at its weights; those without one stay where they are.
        radius: Length of the step up, over all weights together.

    Source:
        Foret et al., Sharpness-Aware Minimization, ICLR 2021, arXiv:2010.01412.
        Departure: none. Buffers stay, as in code of others that keeps normalisation out of it.
    """
    moved = [weight for weight in net.parameters() if weight.grad is not None]
    kept = _kept([*moved, *net.buffers()])
    with torch.no_grad():
        steps = [weight.grad for weight in moved if weight.grad is not None]
        length = torch.stack([step.norm() for step in steps]).norm()
        for weight, step in zip(moved, steps, strict=True):
            weight.add_(step * (radius / (length + TINY)))
            weight.grad = None
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in kept:
                tensor.copy_(value)


def _kept(tensors: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return [(tensor, tensor.detach().clone()) for tensor in tensors]
