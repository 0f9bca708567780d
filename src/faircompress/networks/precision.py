"""Parts of a network that compute in another precision than its pictures have."""

from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.networks.layers import MISFITS
from faircompress.networks.outputs import tensors_in
from faircompress.support.errors import InputError

SHOWN = 4  # parts that a message names
EXACT = (torch.float32, torch.float64)
CURE = (
    "Training, scores and the file are of one precision, float32. Call .float() on the network, "
    "and take autocast and casts such as .half() out of its forward; what comes out can be cast"
)


@torch.no_grad()
def refuse_other_precision(net: nn.Module, pictures: Tensor) -> None:
    """Raise if layers keep their weights in another precision than pictures, or compute in it.

    Args:
        net: In evaluation mode; left as it is.
        pictures: As it takes them.

    Raises:
        InputError: Naming the parts.
    """
    if pictures.dtype not in EXACT:
        raise InputError(f"its pictures are {_short(pictures.dtype)}. {CURE}")
    names = {m: n or type(m).__name__ for n, m in net.named_modules() if [*m.parameters(False)]}
    other: dict[str, str] = {}

    def look(module: nn.Module, given: Any, output: Any) -> None:  # noqa: ARG001 - torch's form
        for tensor in tensors_in(output).values():
            if tensor.is_floating_point() and tensor.dtype != pictures.dtype:
                other.setdefault(names[module], f"computes in {_short(tensor.dtype)}")

    with suppress(*MISFITS), ExitStack() as hooks:
        for module in names:
            hooks.enter_context(module.register_forward_hook(look))
        net(pictures)  # if it stops, that is told where it is looked for
    for module, name in names.items():
        for weight in module.parameters(recurse=False):
            if weight.is_floating_point() and weight.dtype != pictures.dtype:
                other[name] = f"has weights of {_short(weight.dtype)}"
    if other:
        named = [f"{name} {what}" for name, what in other.items()]
        more = " ..." if len(named) > SHOWN else ""
        raise InputError(
            f"{', '.join(named[:SHOWN])}{more}, and its pictures are {_short(pictures.dtype)}. "
            + CURE
        )


def _short(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")
