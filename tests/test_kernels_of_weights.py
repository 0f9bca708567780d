"""Kernels that a network's own code makes of its weights: turned, chosen, summed, standardised."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import faircompress
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.networks.network import Network
from faircompress.support.errors import InputError

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
LABELS = torch.arange(8) % 2
LOADER = [(torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(0)), LABELS)]


class Between(nn.Module):
    """Two convolutions, what a child of this class does with their maps, two more, and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.three, self.four = nn.Conv2d(8, 16, 3, 1, 1), nn.Conv2d(16, 8, 3, 1, 1)
        self.bank, self.shares = (
            nn.Parameter(one) for one in (torch.randn(2, 8, 8, 1, 1) / 4, torch.tensor([0.2, 0.8]))
        )
        self.flat = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.middle(self.two(self.one(x).relu()).relu())
        maps = maps + self.flat(maps.mean((2, 3)))[..., None, None]
        return self.head(self.four(self.three(maps).relu()).mean((2, 3)))

    def middle(self, maps: Tensor) -> Tensor:
        raise NotImplementedError


class Turned(Between):
    """The kernel of a layer, used transposed and mirrored."""

    def middle(self, maps: Tensor) -> Tensor:
        weight = self.two.weight
        return F.conv2d(maps, weight.transpose(0, 1), padding=1) + F.conv2d(
            maps, weight.flip(3), padding=1
        )


class Back(Between):
    """A convolution, and its adjoint of the same weight, as autoencoders have them."""

    def middle(self, maps: Tensor) -> Tensor:
        return F.conv_transpose2d(maps, self.two.weight, padding=1)


class Bank(Between):
    """Several kernels in one parameter: each alone, weighed by a picture, and a fixed sum."""

    def middle(self, maps: Tensor) -> Tensor:
        shares = maps.mean((2, 3))[:, :2].softmax(1)[..., None, None, None]
        maps = sum((shares[:, k] * F.conv2d(maps, self.bank[k]) for k in (0, 1)), maps)
        return F.conv2d(maps, torch.einsum("k,koihw->oihw", self.shares, self.bank))


class Difference(Between):
    """Central differences, as detectors of spoofed faces have them, and a standardised kernel."""

    def middle(self, maps: Tensor) -> Tensor:
        weight = self.two.weight
        centre = weight.sum((2, 3), keepdim=True)
        maps = self.two(maps) - 0.7 * F.conv2d(maps, centre)
        return F.conv2d(maps, (weight - weight.mean()) / weight.std(), padding=1)


class Alike(Between):
    """Layers that begin alike, and a table of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.alike = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        for layer in self.alike:
            nn.init.eye_(layer.weight)

    def middle(self, maps: Tensor) -> Tensor:
        maps = maps + torch.arange(8 * 6 * 6).sin().view(8, 6, 6)
        for layer in self.alike:
            maps = layer(maps.movedim(1, -1)).movedim(-1, 1).relu()
        return maps


class Looked(Between):
    """Positions that are looked up in a small table, by whole numbers that are many more."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("order", torch.arange(36 * 1000) % 64, persistent=False)

    def middle(self, maps: Tensor) -> Tensor:
        seen = maps.mean((2, 3))[:, self.order % 8].unflatten(1, (1000, 36)).mean(1)
        return maps + seen.view(-1, 1, 6, 6)


class Flat(Between):
    """A linear layer that is used as a convolution, and never called."""

    def middle(self, maps: Tensor) -> Tensor:
        return F.conv2d(maps, self.flat.weight[..., None, None])

    def forward(self, x: Tensor) -> Tensor:
        maps = self.middle(self.two(self.one(x).relu()).relu())
        return self.head(self.four(self.three(maps).relu()).mean((2, 3)))


@pytest.mark.parametrize(
    "kind", [Turned, Back, Bank, Difference, Alike, Flat, Looked], ids=lambda kind: kind.__name__
)
def test_it_is_cut_and_its_file_says_what_it_says(kind: type[Between], tmp_path: Path) -> None:
    """The export compares both, to 1e-4 of a probability, before it writes the file."""
    pruned = faircompress.prune(
        kind().eval(), LOADER, 1.5, "magnitude", epochs=0, rounds=1, device="cpu"
    )
    path = faircompress.export(
        pruned, tmp_path / "a.onnx", size=(12, 12), classes=["no", "yes"], mean=MEAN, std=STD
    )
    assert onnx.load(path).graph.initializer
    assert pruned.three.out_channels < 16


@pytest.mark.parametrize("kind", [Bank, Difference], ids=lambda kind: kind.__name__)
def test_a_file_that_holds_a_kernel_more_than_its_network_makes_is_refused(
    kind: type[Between], tmp_path: Path
) -> None:
    net = kind().eval()
    path = faircompress.export(
        net, tmp_path / "a.onnx", size=(12, 12), classes=["no", "yes"], mean=MEAN, std=STD
    )
    model, network = onnx.load(path), Network(net, kind.__name__, 2, MEAN, STD)
    refuse_wrong_shape(model.SerializeToString(), network)
    drawn = np.random.default_rng(0).standard_normal((64, 8, 3, 3)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(drawn, "more"))
    maps = next(node for node in model.graph.node if node.op_type == "Conv").output[0]
    model.graph.node.append(onnx.helper.make_node("Conv", [maps, "more"], ["unused"]))
    with pytest.raises(InputError, match="in their place .*1 convolution .64, 8, 3, 3."):
        refuse_wrong_shape(model.SerializeToString(), network)


def test_a_dense_file_is_refused_also_where_a_network_makes_kernels(tmp_path: Path) -> None:
    dense = Difference().eval()
    pruned = faircompress.prune(dense, LOADER, 1.5, "magnitude", epochs=0, rounds=1, device="cpu")
    path = faircompress.export(
        dense, tmp_path / "a.onnx", size=(12, 12), classes=["no", "yes"], mean=MEAN, std=STD
    )
    with pytest.raises(InputError, match="is not its network: missing"):
        refuse_wrong_shape(path.read_bytes(), Network(pruned, "pruned", 2, MEAN, STD))


class OfEach(Between):
    """A kernel for each picture, of a bank (CondConv): as many groups as there are pictures."""

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bank = nn.Parameter(torch.randn(4, 8, 8, 3, 3) / 8)
            self.route = nn.Linear(8, 4)

        def forward(self, maps: Tensor) -> Tensor:
            shares = self.route(maps.mean((2, 3))).sigmoid()
            kernels = torch.einsum("nk,koihw->noihw", shares, self.bank).flatten(0, 1)
            count, channels, *size = maps.shape
            together = maps.reshape(1, count * channels, *size)
            return F.conv2d(together, kernels, padding=1, groups=count).view(maps.shape)

    def __init__(self) -> None:
        super().__init__()
        self.mixed = self.Mixed()

    def middle(self, maps: Tensor) -> Tensor:
        return self.mixed(maps).relu() + F.conv2d(maps, self.bank[0])


def test_a_kernel_for_each_picture_is_refused_by_the_name_of_its_layer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in layer mixed it convolves each picture by a kernel of"):
        faircompress.export(
            OfEach(), tmp_path / "a.onnx", size=(12, 12), classes=["no", "yes"], mean=MEAN, std=STD
        )
    assert not (tmp_path / "a.onnx").exists()


def test_the_layer_in_which_torch_stops_while_it_writes_is_named(tmp_path: Path) -> None:
    class Twos(nn.Module):
        """Looks at the value of a number that it computes."""

        def forward(self, maps: Tensor) -> Tensor:
            return maps * 2 if maps.mean().item() > 0 else maps

    class Stops(Between):
        def __init__(self) -> None:
            super().__init__()
            self.twos = Twos()

        def middle(self, maps: Tensor) -> Tensor:
            return self.twos(maps) + F.conv2d(maps, self.bank[0])

    with pytest.raises(InputError, match=r"cannot write Stops to ONNX .* in layer twos"):
        faircompress.export(
            Stops(), tmp_path / "a.onnx", size=(12, 12), classes=["no", "yes"], mean=MEAN, std=STD
        )
