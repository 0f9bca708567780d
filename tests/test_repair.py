"""What is left makes up for the channels that went, as well as a line can."""

import copy
from typing import Any

import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from faircompress.compression.channels import channel_groups, take_out
from faircompress.compression.repair import RIDGE, repaired

PICTURES = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(3))


def net(seed: int = 0, *, bias: bool = True) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, bias=bias), nn.ReLU(), nn.Conv2d(6, 5, 3, bias=bias), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2, bias=bias),
    ).eval()  # fmt: skip


def without(net: nn.Module, gone: dict[str, list[int]], *, repair: bool) -> nn.Module:
    groups, _ = channel_groups(net, PICTURES[:1])
    left = repaired(net, groups, gone, PICTURES.split(20)) if repair else copy.deepcopy(net)
    take_out(left, groups, gone)
    return left


@torch.no_grad()
def off(one: nn.Module, other: nn.Module, pictures: Tensor = PICTURES) -> float:
    return float((one(pictures) - other(pictures)).abs().max())


def doubled(layer: nn.Conv2d, channel: int, of: int, times: float) -> None:
    """Let a channel give so many times what another gives."""
    with torch.no_grad():
        layer.weight[channel] = times * layer.weight[of]
        if layer.bias is not None:
            layer.bias[channel] = times * layer.bias[of]


@pytest.mark.parametrize("bias", [False, True])
def test_channels_that_others_know_are_missed_by_nothing(bias: bool) -> None:
    dense = net(4, bias=bias)
    first, second = dense[0], dense[2]
    doubled(first, 1, of=4, times=2.0)
    doubled(second, 0, of=3, times=0.5)
    gone = {"0": [1], "2": [0]}
    assert off(dense, without(dense, gone, repair=False)) > 0.01
    strangers = torch.rand(8, 3, 8, 8)
    for pictures in (PICTURES, strangers):
        assert off(dense, without(dense, gone, repair=True), pictures) < 1e-3


def test_a_channel_that_says_the_same_of_every_picture_goes_into_the_bias() -> None:
    dense = net()
    with torch.no_grad():
        dense[0].weight[2], dense[0].bias[2] = 0.0, 1.5
    left = without(dense, {"0": [2]}, repair=True)
    assert off(dense, without(dense, {"0": [2]}, repair=False)) > 0.01
    assert off(dense, left) < 1e-3


def test_the_fit_is_scikit_learns_ridge_regression() -> None:
    dense = net()
    kept, gone = [0, 2, 4, 5], [1, 3]
    with torch.no_grad():
        read = dense[:2](PICTURES).movedim(1, -1).flatten(0, -2).double()
    ridge = RIDGE * float((read**2).sum(0).mean())
    fit = Ridge(alpha=ridge).fit(read[:, kept], read[:, gone])
    weight = dense[2].weight.detach().double()
    expected = weight[:, kept] + torch.einsum(
        "oghw,gk->okhw", weight[:, gone], torch.from_numpy(fit.coef_)
    )
    constant = torch.einsum("oghw,g->o", weight[:, gone], torch.from_numpy(fit.intercept_))
    left: Any = without(dense, {"0": gone}, repair=True)
    assert torch.allclose(left[2].weight.double(), expected, atol=1e-4)
    assert torch.allclose(left[2].bias.double(), dense[2].bias.double() + constant, atol=1e-4)


def test_the_given_network_and_layers_that_lose_nothing_stay_as_they_were() -> None:
    dense = net()
    before = {name: tensor.clone() for name, tensor in dense.state_dict().items()}
    left = without(dense, {"2": [0, 1]}, repair=True)
    assert all(torch.equal(dense.state_dict()[name], tensor) for name, tensor in before.items())
    for name in ("0.weight", "0.bias"):
        assert torch.equal(left.state_dict()[name], before[name])


def test_a_layer_whose_weights_another_shares_is_left_alone() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
            self.c.weight = self.b.weight
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.c(self.b(self.a(x).relu()).relu())
            return self.head(x.mean((2, 3)))

    torch.manual_seed(1)
    dense = Twice().eval()
    groups, _ = channel_groups(dense, PICTURES[:1])
    left: Any = repaired(dense, groups, {groups[0].root: [0]}, [PICTURES])
    assert torch.equal(left.b.weight, dense.b.weight)


def test_repaired_networks_are_nearer_to_the_dense_one_than_cut_ones() -> None:
    gone = {"0": [0, 3], "2": [1]}
    far, near = 0.0, 0.0
    for seed in range(10):
        dense = net(seed)
        far += off(dense, without(dense, gone, repair=False))
        near += off(dense, without(dense, gone, repair=True))
    assert near < far / 2


@pytest.mark.parametrize("times", [1e3, 1e25])
def test_what_is_too_large_to_be_squared_is_left_as_it_was_cut(times: float) -> None:
    dense = net(bias=False)
    with torch.no_grad():
        dense[0].weight.mul_(times)
    left: Any = without(dense, {"0": [0, 1]}, repair=True)
    same = torch.equal(left[2].weight, without(dense, {"0": [0, 1]}, repair=False)[2].weight)
    assert torch.isfinite(left[2].weight).all() and same == (times > 1e20)


def test_a_network_of_half_precision_is_repaired_in_single_precision() -> None:
    dense = net(bias=False)
    with torch.no_grad():
        dense[0].weight.mul_(200)  # squares beyond what 16 bits hold
    dense, pictures = dense.half(), PICTURES.half()
    groups, _ = channel_groups(dense, pictures[:1])
    left: Any = repaired(dense, groups, {groups[0].root: [0]}, [pictures])
    assert torch.isfinite(left[2].weight).all()
    assert not torch.equal(left[2].weight, dense[2].weight)
