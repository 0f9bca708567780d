"""Gradients of 1x1 convolutions are right, and no memory is overrun on the way to them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

from faircompress.networks.convolutions import mend_convolutions

ROOT = Path(__file__).parent.parent
mend_convolutions()


def channels_last(*shape: int) -> Tensor:
    return torch.randn(shape).contiguous(memory_format=torch.channels_last).requires_grad_()


def test_a_strided_convolution_has_the_gradients_of_one_over_the_pixels_it_reads() -> None:
    torch.manual_seed(0)
    layer, maps = nn.Conv2d(3, 5, 1, stride=(2, 3)), channels_last(2, 3, 9, 8)
    output = layer(maps)
    of_output = torch.randn(output.shape)
    output.backward(of_output)
    read = maps.detach()[:, :, ::2, ::3]
    assert output.shape == (2, 5, 5, 3)
    assert torch.allclose(layer.bias.grad, of_output.sum((0, 2, 3)), atol=1e-5)
    by_hand = torch.einsum("bohw,bihw->oi", of_output, read)
    assert torch.allclose(layer.weight.grad[:, :, 0, 0], by_hand, atol=1e-5)
    spread = torch.zeros(2, 3, 9, 8)
    spread[:, :, ::2, ::3] = torch.einsum("bohw,oi->bihw", of_output, layer.weight[:, :, 0, 0])
    assert torch.allclose(maps.grad, spread, atol=1e-5)


def test_depth_wise_in_half_precision_a_dilation_changes_no_gradient() -> None:
    torch.manual_seed(0)
    maps = channels_last(2, 16, 48, 48).detach().bfloat16()
    gradients = []
    for dilation in (1, 2):
        layer = nn.Conv2d(16, 16, 1, groups=16, dilation=dilation, bias=False).bfloat16()
        layer.weight.data.fill_(0.5)
        layer.to(memory_format=torch.channels_last)(maps).square().sum().backward()
        gradients.append(layer.weight.grad)
    assert torch.allclose(*gradients, rtol=0.02)  # torch's own: 150 % of the largest amiss


@pytest.mark.parametrize(("kernel", "padding", "channels"), [(3, 1, 4), (1, 1, 4), (1, 0, 20)])
def test_other_convolutions_keep_their_gradients(kernel: int, padding: int, channels: int) -> None:
    torch.manual_seed(0)
    layer, maps = nn.Conv2d(channels, 6, kernel, 2, padding), channels_last(2, channels, 10, 10)
    layer, maps = layer.double(), maps.detach().double().requires_grad_()
    assert torch.autograd.gradcheck(layer, (maps,), fast_mode=True)


def test_gradients_of_weights_alone_and_of_second_order_are_right_too() -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 3, 1, 1, dtype=torch.double, requires_grad=True)
    maps = torch.randn(2, 3, 6, 6, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda w: nn.functional.conv2d(maps.detach(), w, stride=2), (weight,)
    )
    assert torch.autograd.gradgradcheck(
        lambda m, w: nn.functional.conv2d(m, w, stride=2), (maps, weight)
    )
    of_output = torch.randn(2, 4, 3, 3, dtype=torch.double)
    found = conv2d_weight(maps, (4, 3, 1, 1), of_output, stride=2)
    by_hand = torch.einsum("bohw,bihw->oi", of_output, maps[:, :, ::2, ::2])
    assert torch.allclose(found[:, :, 0, 0], by_hand)


def test_nothing_dies_where_torch_alone_overruns_its_memory() -> None:
    """Run the bench's worst cases with each buffer right before a page that kills."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "bench")!r})
from convolution_crash import KNOWN, guard_pages, tried
cases = [*KNOWN, {{"criterion": "taylor", "side": 96}}, {{"criterion": "obd", "side": 96}}]
print([answer for _, answer in tried(cases, guard_pages(), True, 300)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(["well"] * 6)
