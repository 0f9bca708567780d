"""Modules of two names and tensors of two modules are cut as one, and stay one."""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks import network

PICTURES = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
LOADER = [(PICTURES, torch.tensor([0, 1, 0, 1]))]


class Plain(nn.Module):
    """Two convolutions and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 16, 3, 1, 1), nn.Conv2d(16, 32, 3, 2, 1)
        self.fc = nn.Linear(32, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.conv2(self.conv1(x).relu()).relu().mean((2, 3)))


class TwoNames(Plain):
    """The same, whose convolutions stand in a Sequential, too."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(self.conv1, nn.ReLU(), self.conv2, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.features(x).mean((2, 3)))


class Tied(nn.Module):
    """Two convolutions with one weight, whose maps are added."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Conv2d(3, 16, 3, 1, 1), nn.Conv2d(3, 16, 3, 1, 1)
        self.other.weight = self.one.weight
        self.next, self.head = nn.Conv2d(16, 16, 3, 2, 1), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        both = self.one(x).relu() + self.other(x.flip(3)).relu()
        return self.head(self.next(both).relu().mean((2, 3)))


def pruned(net: nn.Module, epochs: int = 0) -> nn.Module:
    return faircompress.prune(net, LOADER, speedup=2, criterion="magnitude", epochs=epochs)


@pytest.mark.filterwarnings("ignore")
def test_a_module_of_two_names_is_cut_as_that_of_one() -> None:
    torch.manual_seed(0)
    one, two = Plain().eval(), TwoNames().eval()
    two.load_state_dict(
        one.state_dict()
        | {f"features.{2 * n}.{part}": tensor for n in (0, 1)
           for part, tensor in getattr(one, f"conv{n + 1}").state_dict().items()}
    )  # fmt: skip
    before = copy.deepcopy(two.state_dict())
    small, same = pruned(one), pruned(two)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in one.parameters())
    assert torch.equal(small(PICTURES), same(PICTURES))
    assert same.conv1 is same.features[0] and same.conv1.weight is same.features[0].weight
    assert all(torch.equal(two.state_dict()[name], kept) for name, kept in before.items())


@pytest.mark.filterwarnings("ignore")
def test_a_weight_that_two_modules_share_is_one_after_the_cut_and_after_tuning() -> None:
    torch.manual_seed(0)
    net = Tied().eval()
    small = pruned(net, epochs=1)
    assert len(small.one.weight) < 16 or len(small.next.weight) < 16
    assert small.one.weight is small.other.weight and net.one.weight is net.other.weight


def test_a_tensor_of_two_modules_stays_one_when_the_network_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "build", lambda architecture, classes: Tied())
    kept = network.Network(Tied(), "tied", 2, (0.0,) * 3, (1.0,) * 3)
    network.save(kept, tmp_path / "tied.pt")
    again = network.load(tmp_path / "tied.pt").net
    one, other = (again.get_parameter(name) for name in ("one.weight", "other.weight"))
    assert one is other
    assert torch.equal(one, kept.net.get_parameter("one.weight"))
