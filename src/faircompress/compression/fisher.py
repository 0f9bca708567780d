"""The diagonal of the empirical Fisher matrix, which stands in for the Hessian's."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn.grad import conv2d_weight

from faircompress.networks.layers import Hook, Scored, scored
from faircompress.training.batch_loader import Batch


def fisher_effects(
    net: nn.Module, batch: Batch, loss: Callable[[nn.Module, Batch], Tensor]
) -> tuple[dict[str, Tensor], float]:
    """Return ``sum(w^2 * F)`` over each filter, and the loss.

    ``F``, the empirical Fisher diagonal, is the mean over the pictures of the squared gradient of
    the loss of one picture. All come from one backward pass: in evaluation mode pictures do not
    meet before the loss, so the part of the gradient that a picture caused is its own, divided by
    the size of the batch.

    Args:
        net: Network in evaluation mode.
        batch: Pictures over which the mean is taken.
        loss: A mean over pictures, or a weighted one.

    Returns:
        For each scored layer, numbers >= 0, ``(out_channels,)``, on the CPU; the loss, in nats.
    """
    given: dict[str, tuple[Tensor, GradientEdge]] = {}
    layers, count = scored(net), len(batch.labels)
    hooks = [layer.register_forward_hook(_keep(given, name)) for name, layer in layers.items()]
    try:
        value = loss(net, batch)
    finally:
        for hook in hooks:
            hook.remove()
    gradients = torch.autograd.grad(value, [edge for _, edge in given.values()])
    effects = {name: torch.zeros(len(layer.weight)) for name, layer in layers.items()}
    for (name, (inputs, _)), gradient in zip(given.items(), gradients, strict=True):
        effects[name] = _squared(layers[name], inputs, gradient * count).cpu() / count
    return effects, value.item()


def _keep(given: dict[str, tuple[Tensor, GradientEdge]], name: str) -> Hook:
    def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        given[name] = inputs[0].detach(), get_gradient_edge(output)  # before a ReLU in place

    return hook


def _squared(layer: Scored, inputs: Tensor, gradients: Tensor) -> Tensor:
    """Return the sum over pictures and over each filter of (weight * gradient)^2."""
    weight = layer.weight.detach()
    total = weight.new_zeros(len(weight))
    for i in range(len(inputs)):
        effect = weight * _weight_gradient(layer, inputs[i : i + 1], gradients[i : i + 1])
        total += effect.square().flatten(1).sum(1)
    return total


def _weight_gradient(layer: Scored, inputs: Tensor, gradient: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return gradient.flatten(0, -2).T @ inputs.flatten(0, -2)
    how = (layer.stride, layer.padding, layer.dilation, layer.groups)
    shape = layer.weight.shape
    found: Tensor = conv2d_weight(inputs, shape, gradient, *how)  # type: ignore[no-untyped-call]  # torch's
    return found
