"""Whether a copy of a network stands by itself.

A function that a network keeps, such as a hook, is the same in its copy. Where it holds layers, or
features of the network that it was made for, the copy reads those: it is not cut with the rest.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from faircompress.networks.copies import as_it_was, evaluating
from faircompress.networks.layers import MISFITS, forget
from faircompress.networks.outputs import tensors_in
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

CURE = (
    "A hook, or another function that it keeps, holds the network that it was made for. Write it "
    "as a method, register_forward_hook(self.method), and keep what it stores in self"
)


@torch.no_grad()
def refuse_foreign_parts(net: nn.Module, copy: nn.Module, pictures: Tensor) -> None:
    """Raise if a copy runs layers that are not its own, or says otherwise than its network.

    Args:
        net: Left as it is.
        copy: Of it, on the CPU, in evaluation mode.
        pictures: As they take them.

    Raises:
        InputError: Saying what is held elsewhere.
    """
    shown = 0.9 * pictures.flip(-1)  # not what it may have seen last
    own, foreign = {*copy.modules()}, list[nn.Module]()

    def look(module: nn.Module, given: object) -> None:  # noqa: ARG001 - torch's form
        if module not in own and [*module.parameters(), *module.buffers()]:
            foreign.append(module)

    hook, stops = register_module_forward_pre_hook(look), ""
    try:
        found, again = (tensors_in(copy(shown)) for _ in range(2))
    except MISFITS as error:
        found, again, stops = {}, {}, f"{type(error).__name__}: {one_line(str(error), 150)}"
    finally:
        hook.remove()
        forget(copy)
    if foreign:
        kinds = ", ".join(dict.fromkeys(type(module).__name__ for module in foreign))
        raise InputError(
            f"{type(net).__name__} runs layers that are no part of it ({kinds}), so they are "
            f"neither cut nor saved with it. In a plain list? Use nn.ModuleList. If not: {CURE}"
        )
    said = _said(net, shown)
    if said is None or not (stops or _near(found, again)):  # that is told elsewhere
        return
    if stops or not _near(found, said):
        raise InputError(
            f"a copy of {type(net).__name__} "
            + (
                f"stops where it itself runs ({stops})"
                if stops
                else "says otherwise than it itself"
            )
            + f". {CURE}"
        )


def _said(net: nn.Module, pictures: Tensor) -> dict[str, Tensor] | None:
    """Return what a network gives in evaluation mode, on the CPU; None if it stops."""
    device = next((p.device for p in net.parameters()), pictures.device)
    with as_it_was(net):
        try:
            output = evaluating(net)(pictures.to(device))
        except MISFITS:
            return None
    return {name: tensor.cpu() for name, tensor in tensors_in(output).items()}


def _near(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and torch.allclose(one[name].double(), other[name].double(), 1e-2, 1e-3, equal_nan=True)
        for name in one
        if not one[name].is_complex()
    )
