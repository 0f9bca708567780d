"""A file is its network, also where a layer is called twice or a norm needs constants."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from exported import MEAN, STD, apart
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import faircompress
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.networks.network import Network
from faircompress.support.errors import InputError


class Grouped(nn.Module):
    """Convolutions with group norms of several widths."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 32, 3, 2, 1), nn.Conv2d(32, 64, 3, 2, 1)])
        self.norms = nn.ModuleList([nn.GroupNorm(4, 32), nn.GroupNorm(16, 64)])
        self.head = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(conv(x)).relu()
        return self.head(x.mean((2, 3)))


class Thrice(nn.Module):
    """One convolution that is called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for _ in range(3):
            x = self.again(x).relu()
        return self.head(x.mean((2, 3)))


class Tokens(nn.Module):
    """Linear layers that are called three times, on positions: their weights are turned once."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 32, 4, 4), nn.Linear(32, 2)
        self.again = nn.Sequential(nn.Linear(32, 512), nn.ReLU(), nn.Linear(512, 32))

    def forward(self, x: Tensor) -> Tensor:
        rows = self.first(x).flatten(2).transpose(1, 2)
        for _ in range(3):
            rows = rows + self.again(rows)
        return self.head(rows.mean(1))


class Between(nn.Module):
    """A convolution, something that a child of this class does with its 8 maps, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 2)
        self.register_buffer("blur", torch.ones(8, 1, 3, 3) * torch.rand(1, 1, 3, 3))
        self.loose = nn.Parameter(torch.randn(8, 8, 1, 1))
        self.one, self.other = nn.Linear(8, 8), nn.Linear(8, 8)
        self.other.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x).relu()
        maps = self.other(self.one(maps.movedim(1, -1)).relu()).movedim(-1, 1)
        return self.head(self.middle(maps).mean((2, 3)))

    def middle(self, maps: Tensor) -> Tensor:
        return maps


class Blurred(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(maps, self.blur, groups=8)  # of no layer


class Loose(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(maps, self.loose)


class Sines(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return maps + torch.arange(8 * 8 * 8).sin().view(8, 8, 8)  # a table that no layer holds


class Spread(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return maps * self.loose[:, 0].expand(8, 8, 8)  # a weight for each position


class Turned(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return nn.functional.linear(maps.movedim(1, -1), self.one.weight.t()).movedim(-1, 1)


WITH_CONSTANTS = [Between(), Blurred(), Loose(), Sines(), Spread(), Turned()]


@pytest.mark.parametrize(
    "net", [Grouped(), Thrice(), Tokens(), *WITH_CONSTANTS], ids=lambda n: type(n).__name__
)
def test_the_file_says_what_the_network_says(net: nn.Module, tmp_path: Path) -> None:
    assert apart(net, tmp_path) < 1e-5


def test_a_file_of_a_wider_network_is_refused_also_where_layers_are_called_again(
    tmp_path: Path,
) -> None:
    wide = Thrice()
    wide.again = nn.Conv2d(8, 8, 5, 1, 2)
    path = faircompress.export(
        wide, tmp_path / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
    )
    with pytest.raises(InputError, match="is not its network: missing 1 convolution"):
        refuse_wrong_shape(path.read_bytes(), Network(Thrice(), "thrice", 2, MEAN, STD))


class Sure(nn.Module):
    """Two classes whose probabilities are joined, which no trace of a softmax tells."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        p = self.head(self.conv(x).relu().mean((2, 3))).sigmoid()
        return torch.cat([p, 1 - p], 1)


class Squeezed(nn.Module):
    """A head of one place, whose squeeze also takes the axis of one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().mean((2, 3), keepdim=True)).squeeze()


def test_a_table_that_depends_on_weights_counts_among_them(tmp_path: Path) -> None:
    class Table(Between):
        def middle(self, maps: Tensor) -> Tensor:
            whole = self.loose.flatten()[:, None] * torch.arange(8 * 8 * 8).sin()
            return maps + whole.sum(0).view(8, 8, 8)

    with pytest.raises(InputError, match="float numbers, its network"):
        faircompress.export(
            Table(), tmp_path / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
        )


class Written(Between):
    def middle(self, maps: Tensor) -> Tensor:
        return maps.view(len(maps), -1, 8, 8) * torch.ones(len(maps), 1, 1, 1)


class Frozen(Between):
    def middle(self, maps: Tensor) -> Tensor:
        with torch.no_grad():
            return self.more(maps)

    def __init__(self) -> None:
        super().__init__()
        self.more = nn.Conv2d(8, 8, 1)


class Checkpointed(Frozen):
    def forward(self, x: Tensor) -> Tensor:
        maps = checkpoint(self.conv, x, use_reentrant=True)
        return self.head(self.other(self.one(self.more(maps).movedim(1, -1)).relu()).mean((1, 2)))


class Grey(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 8, 3), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).mean((2, 3)))


@pytest.mark.parametrize(
    ("net", "mean", "words"),
    [(Written(), MEAN, r"number of pictures is written into Written.*Write x\.shape\[0\]"),
     (Frozen(), MEAN, "no gradient reaches conv, one, other, more, which"),
     (Checkpointed(), MEAN, "no gradient reaches conv, .* use_reentrant=False"),
     (Grey(), (0.5,), r"mean is \(0.5,\); needed are 3 finite"),
     (Between().bfloat16(), MEAN, r"conv has weights of bfloat16, .* Call \.float\(\)"),
     (torch.fx.symbolic_trace(Between()), MEAN, "it is a traced graph")],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_no_file_can_be_made_of_is_refused_with_the_way_out(
    net: nn.Module, mean: tuple[float, ...], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        faircompress.export(
            net, tmp_path / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=mean, std=STD
        )


@pytest.mark.parametrize(
    ("net", "words"),
    [(Sure(), "lies in 0 to 1 and sums to 1: probabilities"),
     (Squeezed(), r"Does a squeeze\(\) take the axis of pictures away")],
)  # fmt: skip
def test_probabilities_and_a_lost_axis_are_refused(
    net: nn.Module, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        faircompress.export(
            net, tmp_path / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
        )


def written(net: nn.Module, folder: Path) -> tuple[onnx.ModelProto, Network]:
    """Return a network's own file, to be spoilt, and the network."""
    path = faircompress.export(
        net, folder / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
    )
    return onnx.load(path), Network(net.eval(), type(net).__name__, 2, MEAN, STD)


def test_nothing_is_smuggled_in_under_the_name_of_a_constant(tmp_path: Path) -> None:
    model, network = written(Sines(), tmp_path)
    refuse_wrong_shape(model.SerializeToString(), network)
    large = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    for name in ("scale_quantized", "shift_quantized"):
        more = onnx.ModelProto.FromString(model.SerializeToString())
        more.graph.initializer.append(onnx.numpy_helper.from_array(large, name))
        with pytest.raises(InputError, match="float numbers, its network"):
            refuse_wrong_shape(more.SerializeToString(), network)


@pytest.mark.parametrize("net", [Between(), Turned()], ids=lambda net: type(net).__name__)
def test_matrices_that_the_export_does_not_write_again_are_refused(
    net: nn.Module, tmp_path: Path
) -> None:
    model, network = written(net, tmp_path)
    for tensor in [t for t in model.graph.initializer if len(t.dims) == 2]:
        turned = np.ascontiguousarray(onnx.numpy_helper.to_array(tensor).T)
        for copy in range(3):
            name = f"{tensor.name}_{copy}"
            model.graph.initializer.append(onnx.numpy_helper.from_array(turned, name))
    with pytest.raises(InputError, match="Are weights written twice"):
        refuse_wrong_shape(model.SerializeToString(), network)


def test_a_module_of_two_names_is_written_once(tmp_path: Path) -> None:
    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Grouped()
            self.average = self.net

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)

    model, network = written(Twin(), tmp_path)
    for tensor in [*model.graph.initializer]:
        model.graph.initializer.add().CopyFrom(tensor)
        model.graph.initializer[-1].name += "_again"
    with pytest.raises(InputError, match="Are weights written twice"):
        refuse_wrong_shape(model.SerializeToString(), network)


def test_numbers_that_are_no_weights_have_a_type_of_their_own(tmp_path: Path) -> None:
    class Ordered(Between):
        def __init__(self) -> None:
            super().__init__()
            self.order = nn.Parameter(torch.arange(8).flip(0), requires_grad=False)

        def middle(self, maps: Tensor) -> Tensor:
            return maps[:, self.order]

    written(Ordered(), tmp_path)
