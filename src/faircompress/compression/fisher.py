"""The diagonal of the empirical Fisher matrix, which stands in for the Hessian's."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn.grad import conv2d_weight

from faircompress.networks.layers import Hook, Scored, scored
from faircompress.support.errors import InputError
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

    A layer that is called several times has the sum of its calls' gradients.

    Returns:
        For each scored layer, numbers >= 0, ``(out_channels,)``, on the CPU; the loss, in nats.

    Raises:
        InputError: If a layer takes the pictures of a batch in one axis with something else.
    """
    given: dict[str, list[tuple[Tensor, GradientEdge]]] = defaultdict(list)
    layers, count = scored(net), len(batch.labels)
    hooks = [layer.register_forward_hook(_keep(given, name)) for name, layer in layers.items()]
    try:
        value = loss(net, batch)
    finally:
        for hook in hooks:
            hook.remove()
    edges = [edge for calls in given.values() for _, edge in calls]
    found = iter(torch.autograd.grad(value, edges))
    effects = {name: torch.zeros(len(layer.weight)) for name, layer in layers.items()}
    for name, calls in given.items():
        of_calls = [(inputs, next(found) * count) for inputs, _ in calls]
        odd = next((inputs for inputs, _ in of_calls if len(inputs) != count), None)
        if odd is not None:
            raise InputError(
                f"layer {name} is given {len(odd):,} rows for {count} pictures: what one picture "
                "adds cannot be told. Keep pictures in an axis of their own, such as "
                "x.flatten(1, 2), or choose the criterion taylor or magnitude"
            )
        effects[name] = _squared(layers[name], of_calls).cpu() / count
    return effects, value.item()


def _keep(given: dict[str, list[tuple[Tensor, GradientEdge]]], name: str) -> Hook:
    def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        given[name].append((inputs[0].detach(), get_gradient_edge(output)))  # before in-place ReLU

    return hook


def _squared(layer: Scored, calls: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the sum over pictures and over each filter of (weight * gradient)^2."""
    weight = layer.weight.detach()
    total = weight.new_zeros(len(weight))
    gradient_of = _weight_gradient if _plain(layer) else _by_autograd
    for i in range(len(calls[0][0])):
        one = [gradient_of(layer, inputs[i : i + 1], out[i : i + 1]) for inputs, out in calls]
        total += (weight * torch.stack(one).sum(0)).square().flatten(1).sum(1)
    return total


def _plain(layer: Scored) -> bool:
    """Tell whether a layer computes no more than torch's own class, with zeros around."""
    own = nn.Linear.forward if isinstance(layer, nn.Linear) else nn.Conv2d.forward
    if type(layer).forward is not own or "forward" in vars(layer):
        return False
    if isinstance(layer, nn.Linear):
        return True
    return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def _by_autograd(layer: Scored, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient through all that a layer does with its weight."""
    with torch.enable_grad():
        (found,) = torch.autograd.grad(layer.forward(inputs), layer.weight, gradient)
    return found


def _weight_gradient(layer: Scored, inputs: Tensor, gradient: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return gradient.flatten(0, -2).T @ inputs.flatten(0, -2)
    how = (layer.stride, layer.padding, layer.dilation, layer.groups)
    shape = layer.weight.shape
    found: Tensor = conv2d_weight(inputs, shape, gradient, *how)  # type: ignore[no-untyped-call]  # torch's
    return found
