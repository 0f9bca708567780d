"""Compute the cases that come in by line, and answer each by ``well``, ``wrong`` or an error.

Started by ``convolution_crash.py``, which looks on and survives it.
"""

import json
import os
import sys
from itertools import repeat
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from faircompress.compression import cut
from faircompress.compression.channels import Budget, read_widths
from faircompress.config import plugins
from faircompress.networks import network
from faircompress.networks.convolutions import mend_convolutions
from faircompress.networks.layers import filters, scored
from faircompress.training.batch_loader import Batch
from faircompress.training.loss_function import needs

Case = dict[str, Any]
ORDERS = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
CLOSE = {"float32": 1e-3, "bfloat16": 6e-2}  # shares of the largest number


def main() -> None:
    """Answer until nobody asks."""
    if os.environ.get("BENCH_MENDED"):
        mend_convolutions()
    for line in sys.stdin:
        case = json.loads(line)
        try:
            well = scores(case) if "criterion" in case else convolution(case)
            print("well" if well else "wrong", flush=True)
        except RuntimeError as error:
            print(f"error: {str(error).splitlines()[0][:80]}", flush=True)


def convolution(case: Case) -> bool:
    """Tell whether a convolution gives what it should, forward and backward, twice."""
    torch.manual_seed(0)
    shape = (case["outputs"], case["inputs"] // case["groups"], case["kernel"], case["kernel"])
    maps = torch.randn(case["batch"], case["inputs"], case["height"], case["width"])
    weight = torch.randn(shape)
    how = tuple(case[key] for key in ("padding", "dilation", "groups"))
    wanted = plain(maps, weight, case["stride"], how)
    kind, order = getattr(torch, case["numbers"]), ORDERS[case["order"]]
    for _ in range(2):
        there, kernel = (part.to(kind, memory_format=order) for part in (maps, weight))
        found = forward_and_back(there, kernel, case["stride"], how)
        close = CLOSE[case["numbers"]]
        if not all(_near(a, b, close) for a, b in zip(found, wanted, strict=True)):
            return False
    return True


def plain(maps: Tensor, weight: Tensor, stride: list[int], how: Any) -> tuple[Tensor, ...]:
    """Compute without a stride where one can do without: in the 1x1 convolutions."""
    if weight.shape[2:].numel() > 1 or how[0]:
        return forward_and_back(maps, weight, stride, how)
    read = (..., slice(None, None, stride[0]), slice(None, None, stride[1]))
    out, of_read, of_weight = forward_and_back(maps[read].contiguous(), weight, [1, 1], how)
    of_maps = torch.zeros_like(maps)
    of_maps[read] = of_read
    return out, of_maps, of_weight


def forward_and_back(
    maps: Tensor, weight: Tensor, stride: list[int], how: tuple[int, ...]
) -> tuple[Tensor, ...]:
    """Return a convolution's output and the gradients of its inputs, of a made-up loss."""
    maps, weight = maps.detach().requires_grad_(), weight.detach().requires_grad_()
    out = F.conv2d(maps, weight, None, stride, *how)
    torch.manual_seed(1)
    gradient = torch.randn(out.shape).to(out.dtype)
    if not out.is_contiguous():
        gradient = gradient.contiguous(memory_format=torch.channels_last)
    out.backward(gradient)  # type: ignore[no-untyped-call]  # torch's
    assert maps.grad is not None and weight.grad is not None
    return out.detach(), maps.grad, weight.grad


def _near(found: Tensor, wanted: Tensor, share: float) -> bool:
    far = (found.float() - wanted.float()).abs().max()
    return bool(far <= share * wanted.float().abs().max().clamp_min(1))


def scores(case: Case) -> bool:
    """Tell whether a criterion, or a step of training, gives numbers on a network cut hard."""
    torch.manual_seed(0)
    side, picture = case["side"], torch.zeros(1, 3, case["side"], case["side"])
    dense = network.build("resnet20" if side < 64 else "small", 2)
    net, _ = cut.cut(dense, by_size, picture, speedup=8)
    net = net.to(memory_format=torch.channels_last)
    pictures = torch.rand(4, side, side, 3).permute(0, 3, 1, 2)
    batch = Batch(pictures, torch.tensor([0, 1, 0, 1]), torch.tensor([0, 0, 1, 1]), 2)
    if case["criterion"] == "training":
        for _ in range(3):
            loss(net.train(), batch).backward()  # type: ignore[no-untyped-call]  # torch's
        return all(bool(p.grad.isfinite().all()) for p in net.parameters() if p.grad is not None)
    criterion = plugins.find("criteria", case["criterion"])
    widths = read_widths(net, picture)
    more: dict[str, Any] = {}
    if needs(criterion, "budget"):
        more = {"budget": Budget(widths, widths.macs() / 2), "iterations": 2}
    elif needs(criterion, "steps"):
        more = {"steps": 2}
    found = criterion(net, repeat(batch), loss, rng=Generator().manual_seed(0), **more)
    return all(bool(values.isfinite().all()) for values in found.values())


def by_size(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    """Score channels by the norm of their filters."""
    return {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}


def loss(net: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy."""
    return F.cross_entropy(net(batch.images), batch.labels)


if __name__ == "__main__":
    main()
