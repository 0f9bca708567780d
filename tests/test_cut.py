"""Channels go, and the network that is left is really smaller."""

from itertools import cycle

import pytest
import torch
from torch import Generator, Tensor, nn

from faircompress.compression import cut as pruning
from faircompress.compression.channels import Budget, read_widths, remove, take_out
from faircompress.config import plugins
from faircompress.networks import network
from faircompress.networks.layers import scored
from faircompress.networks.network import Network
from faircompress.training.batch_loader import Batch
from faircompress.training.loss_function import needs

PICTURE = torch.zeros(1, 3, 32, 32)
GROUPS = torch.tensor([0, 1, 0, 1])


def batch_of(labels: list[int]) -> Batch:
    return Batch(torch.randn(4, 3, 32, 32), torch.tensor(labels), GROUPS, 2)


BATCHES = [batch_of([0, 1, 2, 3]) for _ in range(2)]


def plain_net() -> nn.Module:
    """Two convolutions of 8 and 4 channels; 32 x 32 x 9 x (3 x 8 + 8 x 4) + 4 x 2 MACs."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
    )  # fmt: skip


def first_first(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    """Score channels by their number, so that it is known which go."""
    return {n: torch.arange(len(m.weight), dtype=torch.float) for n, m in scored(net).items()}


def cross_entropy_of(net: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(net(batch.images), batch.labels)


def test_multiply_adds_are_counted_as_by_hand() -> None:
    assert read_widths(plain_net(), PICTURE).macs() == 32 * 32 * 9 * (3 * 8 + 8 * 4) + 4 * 2


def test_the_lowest_channels_go_and_the_rest_keep_their_dense_weights() -> None:
    torch.manual_seed(0)
    dense = plain_net()
    pruned, _ = pruning.cut(dense, first_first, PICTURE, speedup=3)
    kept = pruned[0].weight.shape[0]
    assert kept < 8
    assert torch.equal(pruned[0].weight, dense[0].weight[8 - kept :])
    assert dense[0].weight.shape[0] == 8


def flattening_net() -> nn.Module:
    """Three channels of 2 x 2, which the hidden linear layer reads as 12 numbers."""
    return nn.Sequential(
        nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2),
    )  # fmt: skip


def test_a_flattened_channel_takes_all_its_positions_with_it() -> None:
    net = flattening_net()
    before = net[4].weight.clone()
    remove(net, PICTURE, {"0": [1]})
    assert torch.equal(net[4].weight, before[:, [0, 1, 2, 3, 8, 9, 10, 11]])


def test_a_hidden_linear_layer_loses_channels_but_never_the_head() -> None:
    net = flattening_net()
    assert [group.root for group in read_widths(net, PICTURE).groups] == ["0", "4"]
    remove(net, PICTURE, {"4": [0, 2, 3]})
    assert [net[4].weight.shape, net[6].weight.shape] == [(2, 12), (2, 2)]


def test_grouped_channels_stay_where_groups_do_not_match_and_it_is_said_why() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 3, groups=2), nn.Conv2d(4, 4, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
    )  # fmt: skip
    widths = read_widths(net, PICTURE)
    assert [group.root for group in widths.groups] == ["2"]
    assert set(widths.fixed) == {"0", "1"}
    with pytest.raises(ValueError, match="0 keeps its channels: 1 has 2 groups, and gives not"):
        pruning.cut(net, first_first, PICTURE, speedup=20)


def test_gates_scale_channels_and_have_no_say_in_them() -> None:
    widths = read_widths(network.build("mobilenet_v3_small", 2).eval(), PICTURE)
    (group,) = (g for g in widths.groups if "features.1.block.1.fc2" in g.outputs)
    assert group.writers == ("features.0.0", "features.1.block.0.0")


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v3_small"])
def test_widths_after_a_cut_are_those_that_would_be_measured(name: str) -> None:
    net = network.build(name, 10).eval()
    known = read_widths(net, PICTURE)
    for _ in range(2):  # channels are numbered anew after the first
        gone = {group.root: [*range(1, group.size, 3)] for group in known.groups}
        take_out(net, known.groups, gone)
        known = known.without(gone)
    measured = read_widths(net, PICTURE)
    assert known.layers == measured.layers
    for left, right in zip(known.groups, measured.groups, strict=True):
        assert (left.root, left.writers) == (right.root, right.writers)
        assert all(torch.equal(left.parts[place], right.parts[place]) for place in right.parts)


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v3_small"])
@pytest.mark.parametrize("speedup", [2, 4, 16])
def test_the_target_is_met_within_one_percent(name: str, speedup: int) -> None:
    net = network.build(name, 10)
    pruned, cut = pruning.cut(net, first_first, PICTURE, speedup=speedup, rounds=3)
    counted = read_widths(net, PICTURE).macs() / read_widths(pruned, PICTURE).macs()
    assert cut.speedup == pytest.approx(counted)
    assert speedup <= counted <= speedup * 1.0102


def test_where_the_target_cannot_be_met_the_nearest_below_is_taken_and_said() -> None:
    _, cut = pruning.cut(plain_net(), first_first, PICTURE, speedup=7)
    assert cut.speedup >= 7
    assert not cut.within
    assert cut.granularity > 0.01


def test_an_unreachable_speedup_is_refused_with_the_reachable_one() -> None:
    smallest = 32 * 32 * 9 * (3 + 1) + 2  # one channel a layer
    reachable = (32 * 32 * 9 * (3 * 8 + 8 * 4) + 8) / smallest
    with pytest.raises(ValueError, match=f"it is {reachable:.4g}"):
        pruning.cut(plain_net(), first_first, PICTURE, speedup=1000)


def test_one_channel_of_each_layer_stays() -> None:
    pruned, _ = pruning.cut(plain_net(), first_first, PICTURE, speedup=13)
    assert all(len(layer.weight) >= 1 for layer in scored(pruned).values())


def test_a_floor_keeps_its_share_of_every_layer() -> None:
    net = network.build("resnet20", 10)
    pruned, _ = pruning.cut(net, first_first, PICTURE, speedup=3, floor=0.5)
    before, after = scored(net), scored(pruned)
    assert all(len(after[name].weight) >= len(before[name].weight) / 2 for name in before)


def test_channels_stay_in_multiples_of_round_to() -> None:
    pruned, _ = pruning.cut(
        network.build("resnet20", 10), first_first, PICTURE, speedup=4, round_to=4
    )
    assert all(len(layer.weight) % 4 == 0 for layer in scored(pruned).values())


def test_narrow_layers_keep_a_choice_of_widths() -> None:
    pruned, _ = pruning.cut(
        network.build("small", 2), first_first, PICTURE, speedup=4, round_to=16, choices=4
    )
    kept = [len(layer.weight) for layer in scored(pruned).values()]  # of 16, 32 and 64 channels
    assert all(width % 4 == 0 for width in kept)
    assert all(width % 8 == 0 for width in kept[3:])
    assert all(width % 16 == 0 for width in kept[6:])


def test_a_speed_up_out_of_reach_of_wide_steps_is_reached_by_smaller_ones() -> None:
    _, found = pruning.cut(
        network.build("small", 2), first_first, PICTURE, speedup=40, round_to=16, choices=4
    )
    assert 40 <= found.speedup < 50


def test_scores_that_are_not_numbers_are_refused() -> None:
    def broken(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        return {n: torch.full((len(m.weight),), torch.nan) for n, m in scored(net).items()}

    with pytest.raises(ValueError, match="not all finite"):
        pruning.cut(plain_net(), broken, PICTURE, speedup=2)


def test_taylor_is_the_mean_of_the_absolute_sum_of_activation_times_gradient() -> None:
    torch.manual_seed(1)
    net = plain_net()
    batch = batch_of([0, 1, 1, 0])
    first = net[0](batch.images).detach().requires_grad_(True)
    loss = nn.functional.cross_entropy(net[1:](first), batch.labels)
    (gradient,) = torch.autograd.grad(loss, first)
    by_hand = (first.detach() * gradient).sum((2, 3)).abs().mean(0)
    taylor = plugins.find("criteria", "taylor")
    scores = taylor(net, [batch], cross_entropy_of, rng=Generator(), lr=0.0)
    assert torch.allclose(scores["0"], by_hand, atol=1e-7)


def test_magnitude_ranks_filters_by_their_norm() -> None:
    net = plain_net()
    with torch.no_grad():
        net[0].weight.copy_(torch.arange(8).view(8, 1, 1, 1).expand(8, 3, 3, 3))
    scores = plugins.find("criteria", "magnitude")(net, [], cross_entropy_of, rng=Generator())
    assert scores["0"].argsort().tolist() == list(range(8))
    assert scores["0"].mean().item() == pytest.approx(1)


def scores_of(name: str, net: nn.Module, *, seed: int) -> dict[str, Tensor]:
    criterion, widths = plugins.find("criteria", name), read_widths(net, PICTURE)
    more = {"budget": Budget(widths, widths.macs() / 2)} if needs(criterion, "budget") else {}
    more |= {"iterations": 4} if needs(criterion, "iterations") else {}
    rng = Generator().manual_seed(seed)
    return criterion(net, cycle(BATCHES), cross_entropy_of, rng=rng, **more)


@pytest.mark.parametrize("name", plugins.names("criteria"))
def test_every_criterion_gives_each_channel_a_finite_score(name: str) -> None:
    net = network.build("resnet20", 10)
    scores = scores_of(name, net, seed=0)
    for layer, module in scored(net).items():
        assert scores[layer].shape == (len(module.weight),)
        assert torch.isfinite(scores[layer]).all()


@pytest.mark.parametrize("name", plugins.names("criteria"))
def test_every_criterion_says_the_same_to_the_same_seed(name: str) -> None:
    said = []
    for _ in range(2):
        torch.manual_seed(3)
        said.append(scores_of(name, network.build("resnet20", 10), seed=5))
    assert all(torch.equal(said[0][layer], said[1][layer]) for layer in said[0])


@pytest.mark.parametrize("name", plugins.names("models"))
def test_a_pruned_network_comes_back_from_disk_as_it_was(name: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = torch.rand(1, 3, 48, 48)
    magnitude = plugins.find("criteria", "magnitude")

    def score(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        return magnitude(net, [], cross_entropy_of, rng=Generator())

    pruned, _ = pruning.cut(network.build(name, 3), score, picture, speedup=4)
    network.save(Network(pruned, name, 3, (0.5,) * 3, (0.2,) * 3), tmp_path / "model.pt")
    again = network.load(tmp_path / "model.pt")
    assert torch.equal(again.net(picture), pruned.eval()(picture))


def test_a_wide_layer_keeps_two_multiples_where_the_speed_up_can_be_reached_so() -> None:
    def wide_first(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        layers = scored(net).items()
        return {n: torch.arange(1.0, len(m.weight) + 1) / len(m.weight) ** 3 for n, m in layers}

    widest = {}
    for speedup in (9, 16):
        net = network.build("small", 2)
        pruned, _ = pruning.cut(net, wide_first, PICTURE, speedup=speedup, round_to=16, choices=4)
        widest[speedup] = min(len(layer.weight) for layer in [*scored(pruned).values()][6:])
    assert widest == {9: 32, 16: 8}  # of 64: a block alone is slow, and beyond it steps are halved
