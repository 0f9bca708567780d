"""A network with weights drawn at random, by which its connections show and not its values.

Zeros that training starts from (the last norm of a residual block, layer scales of 1e-6) hide
what a channel is connected with. Where two networks of random weights say the same of random
pictures, it is no coincidence of the weights.
"""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode

from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import MISFITS, forget

EXACT = 1e9  # multiply-adds up to which it is computed in float64


@torch.no_grad()
def shaken(net: nn.Module, pictures: Tensor, *, macs: float) -> tuple[nn.Module, Tensor]:
    """Return a copy with random weights, in evaluation mode, and the pictures in its precision.

    Batch statistics become those of the pictures, lest layers fade or blow up. A network that gives
    no finite numbers so, or stops, keeps the weights that it has; one that cannot compute in
    float64 stays in float32.

    Args:
        net: Left as it is.
        pictures: Random, normalised, ``(2 or more, channels, height, width)``.
        macs: Multiply-adds of a picture.
    """
    precisions = [torch.float64, torch.float32] if macs <= EXACT else [torch.float32]
    for precision in precisions:
        drawn = _drawn(evaluating(forget(copied(net))).to(precision))
        given = pictures.to(precision)
        try:
            _calibrated(drawn, given)
            if torch.isfinite(drawn(given)).all():
                return drawn, given
        except MISFITS:
            continue
    return evaluating(copied(net)), pictures


class Precisions(TorchDispatchMode):  # type: ignore[no-untyped-call]  # of torch
    """Sees whether anything is computed in fewer bits than float64."""

    lower = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look at what an operation gives."""
        found = func(*args, **(kwargs or {}))
        for part in found if isinstance(found, tuple | list) else (found,):
            if isinstance(part, Tensor) and part.is_floating_point():
                self.lower |= part.dtype != torch.float64
        return found


def _drawn(net: nn.Module) -> nn.Module:
    rng = Generator().manual_seed(0)
    norms = {id(p) for m in net.modules() if _is_norm(m) for p in m.parameters(recurse=False)}
    for parameter in net.parameters():
        shape = parameter.shape
        if parameter.ndim > 1 and parameter[0].numel() > 1 and id(parameter) not in norms:
            spread = math.sqrt(2 / parameter[0].numel())
            parameter.copy_(torch.randn(shape, generator=rng).mul_(spread))
        elif parameter.ndim and (parameter == 0).all():  # a bias, as a rule
            parameter.copy_(0.2 * torch.randn(shape, generator=rng))
        else:
            parameter.copy_(0.5 + torch.rand(shape, generator=rng))
    return net


def _is_norm(module: nn.Module) -> bool:
    return "Norm" in type(module).__name__


def _calibrated(net: nn.Module, pictures: Tensor) -> None:
    """Set batch statistics to those of some pictures."""
    norms = [m for m in net.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    was = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    try:
        net(pictures)
    finally:
        for norm, momentum in zip(norms, was, strict=True):
            norm.eval()
            norm.momentum = momentum
    for norm in norms:  # maps of one position have no spread of their own
        if norm.running_var is not None:
            norm.running_var.clamp_(min=1e-2)
