"""Parts of a network that no picture reaches, as tables of positions that a small network computes.

What they give is the same for every picture, so a file holds it and not them. A gradient does not
reach them; as it does not reach layers under ``no_grad`` or checkpoints either, what they give is
seen for two pictures.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import forget


class Settled(nn.Module):
    """Gives the same whatever it is given.

    Args:
        value: What it gives.
        of: What it stands for; whoever asks that for a weight's device or type is still answered.
    """

    value: Tensor

    def __init__(self, value: Tensor, of: nn.Module) -> None:
        super().__init__()
        for name, parameter in of.named_parameters(recurse=False):
            setattr(self, name, parameter.detach())  # no parameter, nor part of the state
        self.register_buffer("value", value)

    def forward(self, *given: Any) -> Tensor:  # noqa: ARG002 - it is the same for all
        """Return it."""
        return self.value


def settled(net: nn.Module, size: tuple[int, int]) -> nn.Module:
    """Return a copy, on the CPU, in evaluation mode, with what such parts give in their place.

    Args:
        net: Takes normalised pictures; left as it is.
        size: Their height and width, pixels.
    """
    fixed = evaluating(copied(net).cpu())
    wanted = {parameter: parameter.requires_grad for parameter in fixed.parameters()}
    given_out: dict[str, list[Tensor]] = {}
    reached_once: set[str] = set()

    def look(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, given: tuple[Any, ...], output: Any) -> None:
            tensors = [part for part in given if isinstance(part, Tensor)]
            reached = not tensors or any(tensor.requires_grad for tensor in tensors)
            if not reached and isinstance(output, Tensor) and not output.requires_grad:
                given_out.setdefault(name, []).append(output.detach().clone())
            else:
                reached_once.add(name)

        return hook

    hooks = [module.register_forward_hook(look(name)) for name, module in fixed.named_modules()
             if name and any(True for _ in module.parameters())]  # fmt: skip
    fixed.requires_grad_(False)
    with torch.enable_grad():
        for picture in (torch.zeros(1, 3, *size), torch.linspace(-2, 2, 3 * math.prod(size))):
            fixed(picture.view(1, 3, *size).requires_grad_().clone())
    for handle in hooks:
        handle.remove()
    for parameter, learns in wanted.items():
        parameter.requires_grad_(learns)
    found = {
        name: values[0] for name, values in given_out.items()
        if name not in reached_once and all(torch.equal(values[0], value) for value in values)
    }  # fmt: skip
    for name, value in found.items():
        if not any(name.startswith(f"{outer}.") for outer in found):
            fixed.set_submodule(name, Settled(value, fixed.get_submodule(name)))
    return forget(fixed)
