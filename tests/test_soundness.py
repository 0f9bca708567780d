"""What Torch-Pruning gets wrong is not cut; what can still be cut, is."""

import pytest
import torch
from torch import Tensor, nn

from faircompress.compression import cut as pruning
from faircompress.compression.channels import Budget, read_widths
from faircompress.compression.soundness import sound, spread, trials_of
from faircompress.networks import network
from faircompress.networks.layers import filters, head, scored
from faircompress.networks.outputs import adapt

PICTURE = torch.zeros(1, 3, 24, 24)


def by_size(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    return {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}


def fixed(net: nn.Module, pictures: Tensor | None = None) -> dict[str, str]:
    widths = read_widths(net, PICTURE)
    return sound(trials_of(net, PICTURE, widths.macs(), pictures), widths).fixed


class WithParts(nn.Module):
    """A stem, something that a child of this class does with its 12 maps, and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.Sigmoid())
        self.maps = nn.Conv2d(8, 12, 3, 2)
        self.give = nn.Linear(12, 3)
        self.register_buffer("weights", torch.linspace(0.5, 1.5, 12))

    def middle(self, maps: Tensor) -> Tensor:
        return maps

    def forward(self, x: Tensor) -> Tensor:
        return self.give(self.middle(self.maps(self.stem(x))).mean((2, 3)))


class Weighted(WithParts):
    def middle(self, maps: Tensor) -> Tensor:
        return maps * self.weights.view(1, -1, 1, 1)  # a buffer, of which no layer knows


class Rolled(WithParts):
    def middle(self, maps: Tensor) -> Tensor:
        return maps.roll(1, 1)  # runs when narrower, but each channel then has another's place


class Regrouped(WithParts):
    def middle(self, maps: Tensor) -> Tensor:
        return maps.view(len(maps), 12, -1, 1)  # a number that was true of the dense network


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Weighted, "the network stops"), (Rolled, "others are mixed up"),
     (Regrouped, "the network stops")],
)  # fmt: skip
def test_a_layer_whose_channels_cannot_go_is_named_and_the_others_are_cut(
    kind: type[WithParts], why: str
) -> None:
    net = kind()
    assert list(fixed(net)) == ["maps"]
    assert why in fixed(net)["maps"]
    pruned, cut = pruning.cut(net, by_size, PICTURE, speedup=2)
    assert cut.speedup >= 2
    assert (pruned.maps.out_channels, pruned(PICTURE).shape) == (12, (1, 3))


def test_nothing_is_held_back_where_all_can_go() -> None:
    assert fixed(WithParts()) == {}
    assert fixed(network.build("resnet20", 2)) == {}


def test_an_unreachable_speed_up_says_which_layer_stays_and_why() -> None:
    with pytest.raises(ValueError, match="maps keeps its channels: without some of its channels"):
        pruning.cut(Rolled(), by_size, PICTURE, speedup=50)


def test_a_norm_without_statistics_gets_narrower_too() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 10, 3), nn.BatchNorm2d(10, track_running_stats=False), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 2),
    )  # fmt: skip
    pruned, _ = pruning.cut(net, by_size, PICTURE, speedup=2)
    assert pruned[0].out_channels == pruned[1].num_features == 5


def test_where_no_layer_can_lose_channels_it_is_said_so() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8, affine=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 2),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"no layer .* 0 keeps its channels: 1 has no weights"):
        pruning.cut(net, by_size, PICTURE, speedup=2)


def test_a_convolution_gives_the_classes_where_no_linear_layer_does() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    assert head(net) is net[2]
    pruned, _ = pruning.cut(net, by_size, PICTURE, speedup=2)
    assert (pruned[0].out_channels, pruned(PICTURE).shape) == (4, (1, 3))


class Attention(nn.Module):
    """Attention that reads its layer's weights, and never calls it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.all = nn.Linear(width, 3 * width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = nn.functional.linear(x, self.all.weight, self.all.bias).chunk(3, -1)
        return (q @ k.transpose(1, 2)).softmax(-1) @ v


class Attentive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.attention = nn.Conv2d(3, 16, 8, 8), Attention(16)
        self.wide, self.back, self.give = nn.Linear(16, 64), nn.Linear(64, 16), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.attention(x)
        return self.give((x + self.back(self.wide(x).relu())).mean(1))


def test_attention_that_hides_its_layers_stays_and_is_named_and_the_rest_is_cut() -> None:
    torch.manual_seed(0)
    widths = read_widths(Attentive(), PICTURE)
    assert [group.root for group in widths.groups] == ["wide"]
    assert "attention, a Attention, gets narrower" in widths.fixed["patches"]
    pruned, _ = pruning.cut(Attentive(), by_size, PICTURE, speedup=1.1)
    assert pruned.wide.out_features < 64
    assert pruned(PICTURE).shape == (1, 2)


class Hidden(WithParts):
    """Two layers whose channels are multiplied one by one, where no gradient tells."""

    def __init__(self) -> None:
        super().__init__()
        self.others, self.give = nn.Conv2d(8, 12, 3, 2), nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        one, other = self.maps(x), self.others(x)
        return self.give(torch.cat([one * other.detach(), other], 1).mean((2, 3)))


def test_layers_that_are_tied_without_a_trace_stay_and_the_rest_is_cut() -> None:
    assert {*fixed(Hidden())} == {"maps", "others"}
    pruned, cut = pruning.cut(Hidden(), by_size, PICTURE, speedup=2)
    assert cut.speedup >= 2
    assert pruned.maps.out_channels == pruned.others.out_channels == 12


class Clipped(WithParts):
    def middle(self, maps: Tensor) -> Tensor:
        return maps * (5 / maps.norm(dim=1, keepdim=True).clamp(min=5))  # acts on what is large


class Routed(WithParts):
    def middle(self, maps: Tensor) -> Tensor:
        bright = maps.mean((1, 2, 3)) > 5
        return torch.where(bright[:, None, None, None], maps.roll(1, 1), maps)


@pytest.mark.parametrize("kind", [Clipped, Routed])
def test_what_only_the_networks_own_weights_and_pictures_show_is_seen(
    kind: type[WithParts],
) -> None:
    net = kind().eval()
    with torch.no_grad():
        net.maps.bias.add_(10)
    pictures = torch.rand(40, 3, 24, 24)
    assert fixed(net) == {}  # random weights are too small
    found = fixed(net, pictures)
    assert "on pictures of the data without some of its channels others are mixed" in found["maps"]
    pruned, _ = pruning.cut(net, by_size, PICTURE, speedup=2, pictures=pictures)
    assert (pruned.maps.out_channels, pruned.stem[0].out_channels < 8) == (12, True)


def test_pictures_are_taken_from_the_whole_of_what_may_be_in_order() -> None:
    assert spread(torch.arange(100), 32).tolist() == [*range(0, 100, 4)]
    assert spread(torch.arange(5), 32).tolist() == [0, 1, 2, 3, 4]


class Float32Norm(nn.LayerNorm):
    """Computes in float32 whatever it is given, as many norms do."""

    def forward(self, x: Tensor) -> Tensor:
        weights = self.weight.float(), self.bias.float()
        found = nn.functional.layer_norm(x.float(), self.normalized_shape, *weights, self.eps)
        return found.to(x.dtype)


class InFloat32(WithParts):
    def __init__(self) -> None:
        super().__init__()
        self.norm = Float32Norm(12)

    def middle(self, maps: Tensor) -> Tensor:
        return self.norm(maps.movedim(1, -1)).movedim(-1, 1)


def test_what_computes_in_float32_is_compared_no_more_closely_than_that() -> None:
    assert fixed(InFloat32()) == {}
    pruned, _ = pruning.cut(InFloat32(), by_size, PICTURE, speedup=4)
    assert pruned.maps.out_channels == pruned.norm.weight.numel() < 12


class HeadFirst(nn.Module):
    """A head that is named before convolutions, of which the last has as many outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.give = nn.Linear(16, 16)
        self.stem, self.maps = nn.Conv2d(3, 16, 3, 2), nn.Conv2d(16, 16, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.give(self.maps(self.stem(x).relu()).relu().mean((2, 3)))


def test_the_head_is_the_linear_layer_though_a_later_convolution_has_as_many_outputs() -> None:
    net = adapt(HeadFirst(), 16)
    assert head(net) is net.give
    pruned, _ = pruning.cut(net, by_size, PICTURE, speedup=3)
    assert pruned.maps.out_channels < 16 == pruned.give.out_features
