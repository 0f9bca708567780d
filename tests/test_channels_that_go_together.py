"""Channels that a layer looks at together go together, and what is left says what it said."""

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faircompress.compression import cut as pruning
from faircompress.compression.channels import Budget, ChannelWidths, read_widths, take_out
from faircompress.compression.masked import masked
from faircompress.compression.soundness import sound, trials_of
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.export.to_onnx import to_onnx
from faircompress.networks import network
from faircompress.networks.layers import filters, scored

PICTURE = torch.zeros(1, 3, 16, 16)
PICTURES = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Made(nn.Module):
    """Twelve maps, something done with them, eight maps more, and a head."""

    def __init__(self, *middle: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.middle = nn.Conv2d(3, 12, 3, padding=1), nn.Sequential(*middle)
        self.two, self.head = nn.Conv2d(12, 8, 3, padding=1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.two(self.middle(self.one(x))).relu().mean((2, 3)))


class Residual(nn.Module):
    """A block of ResNeXt, with its norms over groups of another size."""

    def __init__(self, norms: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(12, 12, 3, padding=1, groups=6), nn.GroupNorm(norms, 12)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.conv(x)).relu()


class Standardised(nn.Conv2d):
    """A convolution that standardises each of its filters first."""

    def forward(self, x: Tensor) -> Tensor:
        mean, std = self.weight.mean((1, 2, 3), True), self.weight.std((1, 2, 3), keepdim=True)
        return F.conv2d(x, (self.weight - mean) / std, self.bias, padding=self.padding)


def by_size(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    return {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}


def widths_of(net: nn.Module) -> ChannelWidths:
    widths = read_widths(net, PICTURE)
    return sound(trials_of(net, PICTURE, widths.macs()), widths)


@pytest.mark.parametrize(
    ("middle", "channels"),  # of ``one``, that go at a time
    [((nn.GroupNorm(4, 12),), 3), ((nn.GroupNorm(1, 12),), 1), ((nn.GroupNorm(12, 12),), 1),
     ((nn.Conv2d(12, 12, 3, padding=1, groups=3), nn.BatchNorm2d(12)), 4),
     ((nn.Conv2d(12, 12, 1, groups=6), nn.ReLU(), nn.GroupNorm(4, 12)), 6),
     ((Residual(3), Residual(2)), 12), ((Residual(6), nn.ReLU(), Residual(6)), 2),
     ((Standardised(12, 12, 3, padding=1), nn.ReLU()), 1),
     ((nn.ConvTranspose2d(12, 12, 2, 2), nn.PReLU(12)), 1),
     ((nn.PReLU(12), nn.InstanceNorm2d(12, affine=True)), 1)],
)  # fmt: skip
@torch.no_grad()
def test_whole_groups_go_and_the_rest_says_what_it_said_without_them(
    middle: tuple[nn.Module, ...], channels: int
) -> None:
    net = Made(*copy.deepcopy(middle)).eval().double()
    widths = widths_of(net.float())
    if channels == 12:  # nothing less than all
        assert "one group of" in widths.fixed["one"] or "tie" in widths.fixed["one"]
        return
    group = next(group for group in widths.groups if group.root == "one")
    assert (group.outputs["one"], group.size) == (channels, 12 // channels)
    for gone in ({"one": [0]}, {"one": [*range(1, group.size)]}, {"one": [0], "two": [1, 4]}):
        cut, dense = copy.deepcopy(net).double(), copy.deepcopy(net).double()
        take_out(cut, widths.groups, gone)
        wanted = masked(dense, PICTURES.double(), widths.groups, gone)(PICTURES.double())
        assert cut.one.out_channels == 12 - channels * len(gone["one"])
        torch.testing.assert_close(cut(PICTURES.double()), wanted, rtol=1e-9, atol=1e-12)


@torch.no_grad()
def test_what_a_group_norm_is_left_with_equals_zeros_in_those_that_read_it() -> None:
    net = Made(nn.GroupNorm(4, 12), nn.ReLU()).eval()
    cut, zeros = copy.deepcopy(net), copy.deepcopy(net)
    take_out(cut, widths_of(net).groups, {"one": [1, 3]})  # channels 3 to 5 and 9 to 11
    zeros.two.weight[:, [3, 4, 5, 9, 10, 11]] = 0
    norm = cut.middle[0]
    assert (norm.num_groups, norm.num_channels, len(norm.weight)) == (2, 6, 6)
    torch.testing.assert_close(cut(PICTURES), zeros(PICTURES))


def test_multiply_adds_of_what_goes_together_are_those_of_the_network_that_is_left() -> None:
    net = Made(nn.Conv2d(12, 12, 3, padding=1, groups=3), nn.ConvTranspose2d(12, 12, 2, 2))
    widths = widths_of(net)
    maps, layers = 16 * 16, widths.macs_by_layer()
    assert layers["one"] == 12 * 3 * 9 * maps
    assert layers["middle.0"] == 12 * 4 * 9 * maps
    assert layers["middle.1"] == 12 * 12 * 4 * maps  # a kernel's worth for each that it reads
    assert layers["two"] == 12 * 8 * 9 * 4 * maps
    assert "no scores of their own" in widths.fixed["middle.1"]
    cut = copy.deepcopy(net)
    take_out(cut, widths.groups, {"one": [0, 2]})
    assert widths.macs({"one": 2}) == read_widths(cut, PICTURE).macs()


@pytest.mark.parametrize(
    ("middle", "why"),
    [(nn.GroupNorm(4, 12, affine=False), "no weights that tell how many of its 4 groups"),
     (nn.Sequential(nn.Conv2d(12, 24, 3, padding=1, groups=6), nn.Conv2d(24, 12, 1)),
      "has 6 groups, and gives not as many channels as it takes")],
)  # fmt: skip
def test_what_cannot_be_told_or_followed_stays_and_is_named(middle: nn.Module, why: str) -> None:
    fixed = widths_of(Made(middle)).fixed["one"]
    assert fixed.startswith("middle.0")
    assert why in fixed


def test_a_multiple_of_channels_counts_channels_and_not_their_groups() -> None:
    net = Made(nn.GroupNorm(6, 12), nn.ReLU())  # two go at a time
    pruned, _ = pruning.cut(net, by_size, PICTURE, speedup=1.5, round_to=4)
    assert pruned.one.out_channels % 4 == 0


def test_networks_with_group_norms_and_grouped_convolutions_are_loaded_as_they_were_cut(
    tmp_path: Path,
) -> None:
    for name in ("timm:test_efficientnet_gn", "regnet_y_400mf"):
        net = network.build(name, 2).eval()
        picture = torch.zeros(1, 3, 32, 32)
        pruned, _ = pruning.cut(net, by_size, picture, speedup=3, floor=0.1)
        kept = network.Network(pruned, name, 2, (0.5,) * 3, (0.5,) * 3)
        network.save(kept, tmp_path / "model.pt")
        again = network.load(tmp_path / "model.pt").net
        torch.testing.assert_close(again(picture), pruned(picture))


def test_weights_that_a_network_standardises_are_written_as_it_uses_them() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, 2), nn.ReLU(), Standardised(32, 64, 3), nn.ReLU(),
        nn.ConvTranspose2d(64, 8, 2, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
    ).eval()  # fmt: skip
    mine = network.Network(net, "mine", 3, (0.5,) * 3, (0.25,) * 3)
    content = to_onnx(mine, (16, 16), opset=20, words={})
    refuse_wrong_shape(content, mine)
    graph = onnx.load_from_string(content).graph
    known = {tensor.name for tensor in graph.initializer}
    assert all(node.input[1] in known for node in graph.node if node.op_type == "Conv")
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    (found,) = ort.InferenceSession(content).run(None, {"images": pictures})
    np.testing.assert_allclose(found, network.probabilities(mine, pictures), atol=1e-6)


class Positioned(nn.Module):
    """A small network computes a table of positions from their coordinates, as in Swin v2."""

    def __init__(self) -> None:
        super().__init__()
        self.maps, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 3)
        self.table = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, 8))
        self.register_buffer("places", torch.linspace(-1, 1, 32).view(16, 2))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.maps(x) + self.table(self.places).t().reshape(1, 8, 4, 4)
        return self.head(maps.relu().mean((2, 3)))


def test_what_no_picture_reaches_is_in_the_file_as_what_it_gives() -> None:
    torch.manual_seed(0)
    mine = network.Network(Positioned().eval(), "mine", 3, (0.5,) * 3, (0.25,) * 3)
    content = to_onnx(mine, (16, 16), opset=20, words={})
    refuse_wrong_shape(content, mine)
    weights = onnx.load_from_string(content).graph.initializer
    assert max(max(tensor.dims, default=0) for tensor in weights) < 512
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    (found,) = ort.InferenceSession(content).run(None, {"images": pictures})
    np.testing.assert_allclose(found, network.probabilities(mine, pictures), atol=1e-6)
