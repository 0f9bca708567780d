"""Which channels go first, checked by hand."""

from itertools import cycle
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

from faircompress.compression.criteria.bn_scale import bn_scale
from faircompress.compression.criteria.fairgrape import fairgrape
from faircompress.compression.criteria.fairprune import fairprune
from faircompress.compression.criteria.fpgm import fpgm
from faircompress.compression.criteria.obd import obd
from faircompress.compression.fisher import fisher_effects
from faircompress.config import plugins
from faircompress.networks.layers import scored
from faircompress.training.batch_loader import Batch

RNG = Generator()


def batch(features: list[list[float]], groups: list[int], group_count: int = 2) -> Batch:
    labels = torch.zeros(len(groups), dtype=torch.long)
    return Batch(torch.tensor(features), labels, torch.tensor(groups), group_count)


def linear(*weights: list[float]) -> nn.Module:
    """A layer with these weights, one row a channel, and an output that sums its channels."""
    net = nn.Sequential(
        nn.Linear(len(weights[0]), len(weights), bias=False), nn.Linear(len(weights), 1, bias=False)
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor(weights))
        net[1].weight.fill_(1)
    return net


def output(net: nn.Module, given: Batch) -> Tensor:
    """A loss whose gradient in a weight is the feature that the weight multiplies."""
    return net(given.images).mean()


def test_fpgm_scores_the_distances_to_all_other_filters() -> None:
    net = linear([0.0], [1.0], [5.0])  # sums of distances 6, 5, 9; their mean 20 / 3
    scores = fpgm(net, [], output, rng=RNG)["0"]
    assert scores.tolist() == pytest.approx([6 * 0.15, 5 * 0.15, 9 * 0.15])


def test_obd_is_half_the_mean_squared_gradient_times_the_squared_weight() -> None:
    net = linear([2.0], [5.0])
    pictures = batch([[1.0], [3.0]], [0, 1])  # gradients 1 and 3: mean square 5, mean 2
    assert obd(net, [pictures], output, rng=RNG, steps=1)["0"].tolist() == [10.0, 62.5]


def test_gradients_of_single_pictures_are_those_of_one_backward_pass_each() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3, groups=2), nn.BatchNorm2d(4),
        nn.Flatten(2), nn.Linear(9, 5), nn.Flatten(), nn.Linear(20, 2),
    ).eval()  # fmt: skip
    pictures = Batch(torch.randn(3, 3, 10, 10), torch.tensor([0, 1, 1]), torch.zeros(3).long(), 1)

    def loss(net: nn.Module, given: Batch) -> Tensor:
        return nn.functional.cross_entropy(net(given.images), given.labels)

    found, value = fisher_effects(net, pictures, loss)
    by_hand = {name: torch.zeros(len(layer.weight)) for name, layer in scored(net).items()}
    for i in range(3):
        net.zero_grad()
        loss(net, pictures.part(torch.tensor([i]))).backward()
        for name, layer in scored(net).items():
            by_hand[name] += (layer.weight * layer.weight.grad).detach().square().flatten(1).sum(1)
    assert value == pytest.approx(loss(net, pictures).item())
    assert set(found) == {"0", "2", "5"}
    assert all(torch.allclose(found[name], by_hand[name] / 3, rtol=1e-4) for name in found)


class Crossed(nn.Module):
    """Two convolutions whose normalisations are defined in the wrong order; a third has none."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm_of_second = nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)
        self.second, self.norm_of_first = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
        self.third, self.head = nn.Conv2d(2, 2, 1), nn.Linear(2, 2)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.norm_of_first(self.first(images)).relu()
        maps = self.third(self.norm_of_second(self.second(maps)).relu())
        return self.head(maps.mean((2, 3)))


def test_bn_scale_finds_the_normalisation_that_takes_what_a_layer_gave() -> None:
    net = Crossed()
    with torch.no_grad():
        net.norm_of_first.weight.copy_(torch.tensor([-2.0, 1.0]))
        net.norm_of_second.weight.copy_(torch.tensor([0.0, 5.0]))
        net.third.weight.copy_(torch.tensor([[3.0, 4.0], [0.0, 15.0]]).view(2, 2, 1, 1))
    scores = bn_scale(net, [Batch(torch.rand(2, 3, 4, 4), *3 * [torch.zeros(2)])], output, rng=RNG)
    assert scores["first"].tolist() == [2.0, 1.0]
    assert scores["second"].tolist() == [0.0, 5.0]
    assert scores["third"].tolist() == [1.0, 3.0]  # norms 5 and 15, brought to the mean scale of 2


def test_without_any_normalisation_bn_scale_ranks_by_the_size_of_filters() -> None:
    scores = bn_scale(linear([1.0], [-3.0]), [batch([[1.0]], [0])], output, rng=RNG)["0"]
    assert scores.tolist() == [0.5, 1.5]


def test_fairgrape_lets_the_group_choose_whose_share_falls_shortest() -> None:
    net = linear(*torch.eye(4).tolist())  # importance of channel c: the squared feature c
    pictures = batch([[8.0, 6.0, 0.0, 0.0], [0.0, 0.0, 4.0, 2.0]], [0, 1])
    # Shares wanted: 100 and 20 of 120. The first group takes channel 0 (64) and has all; the
    # second takes channel 2 (16) and has .2 > 1/6; so the first takes channel 1. 3 is left.
    scores = fairgrape(net, [pictures], output, rng=RNG, steps=1)["0"]
    assert scores.tolist() == [1.0, 0.5, 0.75, 0.25]


def test_fairgrape_counts_a_group_over_the_batches_that_show_it() -> None:
    net = linear(*torch.eye(2).tolist())
    both, one = batch([[2.0, 0.0], [0.0, 3.0]], [0, 1]), batch([[2.0, 0.0]], [0])
    # 4 against 9: the second group begins; it would not, if the first's came to 3 x 4.
    scores = fairgrape(net, [both, one, one], output, rng=RNG, steps=3)["0"]
    assert scores.tolist() == [0.5, 1.0]


def test_fairprune_takes_from_the_worst_groups_need_a_share_of_the_others() -> None:
    net = linear([2.0, 0.0], [0.0, 3.0])
    pictures = batch([[1.0, 2.0], [3.0, 1.0]], [0, 1])  # losses 8 and 9: the second is worst off
    # (weight * gradient)^2 is 4 and 36 for the first group, 36 and 9 for the second.
    scores = fairprune(net, [pictures], output, rng=RNG, steps=1, beta=0.5)["0"]
    assert scores.tolist() == [(36 - 0.5 * 4) / 2, (9 - 0.5 * 36) / 2]


def test_fairprune_counts_all_groups_but_the_worst_alike() -> None:
    net = linear([2.0, 0.0], [0.0, 3.0])
    features = [[1.0, 2.0], [3.0, 1.0], *2 * [[1.0, 1.0]]]  # the third group: 4 and 9, twice
    pictures = batch(features, [0, 1, 2, 2], 3)
    scores = fairprune(net, [pictures], output, rng=RNG, steps=1, beta=0.5)["0"]
    assert scores.tolist() == [(36 - 0.5 * 4) / 2, (9 - 0.5 * (36 + 9) / 2) / 2]


def test_fairprune_weighs_a_groups_pictures_alike_in_whatever_batches_they_come() -> None:
    net = linear([2.0, 0.0], [0.0, 3.0])
    features, groups = [[1.0, 2.0], [3.0, 1.0], [4.0, 0.0], [0.0, 5.0]], [0, 1, 1, 1]
    whole = batch(features, groups)
    parts = [whole.part(torch.tensor([0, 1])), whole.part(torch.tensor([2, 3]))]
    together = fairprune(net, [whole], output, rng=RNG, steps=1)["0"]
    assert torch.allclose(fairprune(net, parts, output, rng=RNG, steps=2)["0"], together)


@pytest.mark.parametrize("name", ["fairgrape", "fairprune"])
@pytest.mark.parametrize("group_count", [1, 2])
def test_a_criterion_that_compares_groups_refuses_batches_of_a_single_one(
    name: str, group_count: int
) -> None:
    pictures = batch([[1.0], [2.0]], [0, 0], group_count)
    with pytest.raises(ValueError, match=f"{name} compares groups and found 1"):
        plugins.find("criteria", name)(linear([1.0]), cycle([pictures]), output, rng=RNG)


@pytest.mark.parametrize("folder", ["criteria", "heads", "objectives"])
def test_the_methods_page_has_a_row_for_every_plug_in(folder: str) -> None:
    page = (Path(__file__).parent.parent / "docs/methods.md").read_text()
    assert [name for name in plugins.names(folder) if f"\n| `{name}` |" not in page] == []
