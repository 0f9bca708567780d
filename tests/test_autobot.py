"""Bottlenecks shut what the objective can do without, down to a budget."""

import math
from dataclasses import replace
from itertools import cycle

import pytest
import torch
from torch import Generator, Tensor, nn

from faircompress.compression.channels import Budget, ChannelWidths, read_widths
from faircompress.compression.criteria.autobot import autobot, counter, overspending
from faircompress.networks import network
from faircompress.training.batch_loader import Batch

PICTURE = torch.zeros(1, 3, 32, 32)


def plain_net() -> nn.Module:
    """Two convolutions of 8 and 4 channels; 32 x 32 x 9 x (3 x 8 + 8 x 4) + 4 x 2 MACs."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
        nn.Conv2d(8, 4, 3, padding=1), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
    )  # fmt: skip


def half_of(net: nn.Module) -> Budget:
    widths = read_widths(net, PICTURE)
    return Budget(widths, widths.macs() / 2)


def channels(widths: ChannelWidths) -> Tensor:
    return torch.tensor([float(group.size) for group in widths.groups])


def batch() -> Batch:
    labels = torch.tensor([0, 1, 0, 1])
    return Batch(torch.randn(4, 3, 32, 32), labels, labels, 2)


def indifferent(net: nn.Module, batch: Batch) -> Tensor:
    return 0 * net(batch.images).sum()


def cross_entropy_of(net: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(net(batch.images), batch.labels)


def test_half_the_channels_cost_what_a_hand_counts() -> None:
    widths = read_widths(plain_net(), PICTURE)
    assert counter(widths)(channels(widths) / 2).item() == 32 * 32 * 9 * (3 * 4 + 4 * 2) + 2 * 2


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v3_small"])
def test_with_every_bottleneck_open_the_expected_multiply_adds_are_the_dense_ones(
    name: str,
) -> None:
    widths = read_widths(network.build(name, 10), PICTURE)
    assert counter(widths)(channels(widths)).item() == pytest.approx(widths.macs())


def test_one_channel_less_of_each_group_saves_what_the_physical_count_says() -> None:
    widths = read_widths(network.build("mobilenet_v3_small", 10), PICTURE)
    removed = {group.root: 1 for group in widths.groups}
    assert counter(widths)(channels(widths) - 1).item() == pytest.approx(widths.macs(removed))


@pytest.mark.parametrize(("share", "spent"), [(1.0, 1.0), (0.75, 0.5), (0.5, 0.0), (0.25, 0.5)])
def test_overspending_falls_to_nothing_on_target_and_rises_again_below_it(
    share: float, spent: float
) -> None:
    budget = half_of(plain_net())
    found = overspending(torch.tensor(share * budget.widths.macs()), budget)
    assert found.item() == pytest.approx(spent)


def test_the_budget_pulls_channels_down_above_the_target_and_up_below_it() -> None:
    budget = half_of(plain_net())
    pulls = []
    for share in (1.0, 0.25):
        staying = (share * channels(budget.widths)).requires_grad_()
        overspending(counter(budget.widths)(staying), budget).backward()
        pulls.append(staying.grad)
    assert (pulls[0] > 0).all()  # gradient descent goes the other way
    assert (pulls[1] < 0).all()


@pytest.mark.parametrize(("weights", "logit"), [((1, 0), 2.1972 - 0.5), ((0, 1), 2.1972 + 0.5)])
def test_one_step_of_adam_moves_each_logit_by_lr(weights: tuple[int, int], logit: float) -> None:
    net, (beta, gamma_ab) = plain_net().eval(), weights  # the budget shuts; a sigma of .9 goes to 1
    scores = autobot(
        net, cycle([batch()]), indifferent, rng=Generator(), budget=half_of(net),
        iterations=2, lr=0.5, beta=beta, gamma_ab=gamma_ab,
    )  # fmt: skip
    expected = 1 / (1 + math.exp(-logit))
    assert torch.allclose(scores["0"], torch.full((8,), expected), atol=1e-5)
    assert torch.allclose(scores["3"], torch.full((4,), expected), atol=1e-5)


def test_channels_that_the_loss_does_not_need_end_below_those_it_needs() -> None:
    net, labels = plain_net().eval(), torch.tensor([0, 1, 0, 1])
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        net[0].weight[:, :, 1, 1] = 1  # all eight channels see the picture,
        net[1].weight[:] = 1
        net[3].weight[0, :4, 1, 1] = 1  # but only the first four are listened to:
        net[7].weight[1, 0] = 1  # the brighter they are, the likelier class 1
    bright = Batch(labels.view(4, 1, 1, 1).expand(4, 3, 32, 32).float(), labels, labels, 2)
    scores = autobot(
        net, cycle([bright]), cross_entropy_of, rng=Generator(), budget=half_of(net), iterations=40
    )
    assert scores["0"][4:].max() < scores["0"][:4].min() - 0.1


def test_a_bottleneck_acts_between_batch_normalisation_and_activation() -> None:
    torch.manual_seed(0)
    net, shown = plain_net().eval(), batch()
    said = []

    def listen(net: nn.Module, batch: Batch) -> Tensor:
        said.append(net(batch.images))
        return said[0].sum()

    autobot(net, [shown], listen, rng=Generator(), budget=half_of(net), iterations=1)
    maps = net[0](shown.images)
    normal = (maps - maps.mean((0, 2, 3), keepdim=True)) / (
        maps.var((0, 2, 3), correction=0, keepdim=True) + 1e-5
    ).sqrt()
    second = 0.9 * net[3]((0.9 * normal).relu())  # no normalisation follows: the layer's own maps
    assert torch.allclose(said[0], net[7](second.relu().mean((2, 3))), atol=1e-4)


def test_the_network_keeps_its_weights_gradients_and_mode() -> None:
    net = plain_net().eval()
    before = [parameter.clone() for parameter in net.parameters()]
    autobot(net, [batch()], cross_entropy_of, rng=Generator(), budget=half_of(net), iterations=1)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert not any(module.training for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())


def test_a_layer_that_no_cut_reaches_stays_open() -> None:
    net = plain_net().eval()
    budget = half_of(net)
    groups = [group for group in budget.widths.groups if group.root == "0"]
    first = replace(budget.widths, groups=groups)
    scores = autobot(
        net, [batch()], cross_entropy_of, rng=Generator(), budget=Budget(first, 1.0), iterations=1
    )
    assert torch.equal(scores["3"], torch.ones(4))
