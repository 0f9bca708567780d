"""What networks of others do with their class, their state and their copies is left to them."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks import network as networks
from faircompress.networks.network import Network

PICTURES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LOADER = [(PICTURES, torch.arange(8) % 2)]


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16)
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.first(x)).relu().mean((2, 3)))


class OfItsClass(Plain):
    """Calls its parent by its own class, as many do: under a child's class that never ends."""

    def train(self, mode: bool = True) -> "OfItsClass":
        super(self.__class__, self).train(mode)
        return self


class Exact(Plain):
    def forward(self, x: Tensor) -> Tensor:
        if type(self) is not Exact:
            raise AssertionError
        return super().forward(x)


class WantsKind(Plain):
    def __init_subclass__(cls, *, kind: str) -> None:
        super().__init_subclass__()


class Prepared(Plain):
    """Normalises its pictures in a hook."""

    def __init__(self) -> None:
        super().__init__()
        self.register_forward_pre_hook(lambda _, given: ((given[0] - 0.3) / 0.4,))


def as_if_deaf(net: Plain, pruned: Plain) -> Tensor:
    """Return what a network says whose head does not hear the channels that another lost."""
    kept = [int((net.first.weight == row).all((1, 2, 3)).nonzero()) for row in pruned.first.weight]
    deaf = type(net)().eval()
    for mine, own in zip(deaf.parameters(), net.parameters(), strict=True):
        mine.data.copy_(own.data)
    deaf.head.weight.data[:, [k for k in range(16) if k not in kept]] = 0
    return deaf(PICTURES)


@pytest.mark.parametrize("kind", [OfItsClass, Exact, WantsKind, Prepared])
def test_a_network_is_cut_whatever_its_class_asks_of_itself(kind: type[Plain]) -> None:
    net = kind().eval()
    pruned = faircompress.prune(net, LOADER, speedup=2, criterion="magnitude", epochs=0, rounds=1)
    assert type(pruned) is kind and pruned.first.out_channels < 16
    assert torch.allclose(pruned(PICTURES), as_if_deaf(net, pruned), atol=1e-6)


class LoadsItsOwnWay(Plain):
    """Takes no ``assign``, as most overrides that stand in public code do."""

    def load_state_dict(self, given: dict[str, Tensor], strict: bool = True) -> object:  # type: ignore[override]
        return super().load_state_dict(given, strict=strict)


class TellsItsWeightsAlone(Plain):
    def state_dict(self, *given: object, **more: object) -> dict[str, Tensor]:  # type: ignore[override]
        whole = super().state_dict(*given, **more)
        return {name: tensor for name, tensor in whole.items() if "running" not in name}


class Renames(Plain):
    def state_dict(self, *given: object, **more: object) -> dict[str, Tensor]:  # type: ignore[override]
        return {f"model.{n}": t for n, t in super().state_dict(*given, **more).items()}


@pytest.mark.parametrize("kind", [LoadsItsOwnWay, TellsItsWeightsAlone, Renames])
def test_a_network_is_cut_saved_and_loaded_whatever_its_state_dict_is(
    kind: type[Plain], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = kind().eval()
    net.norm.running_mean.copy_(torch.linspace(-1, 1, 16))
    pruned = faircompress.prune(net, LOADER, speedup=2, criterion="magnitude", epochs=0, rounds=1)
    assert pruned.first.out_channels < 16
    monkeypatch.setattr(networks, "build", lambda *_: kind())
    networks.save(Network(pruned, "its", 2, (0.0,) * 3, (1.0,) * 3), tmp_path / "model.pt")
    assert torch.equal(networks.load(tmp_path / "model.pt").net(PICTURES), pruned(PICTURES))


class Counting(nn.Module):
    """Keeps a number beside its tensors, and says so to torch."""

    count = 1

    def forward(self, x: Tensor) -> Tensor:
        return x * self.count

    def get_extra_state(self) -> int:
        return self.count

    def set_extra_state(self, state: int) -> None:
        self.count = state


def test_what_a_layer_keeps_beside_its_tensors_is_saved_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = nn.Sequential(nn.Conv2d(3, 2, 3), Counting())
    net[1].count = 3
    monkeypatch.setattr(networks, "build", lambda *_: nn.Sequential(nn.Conv2d(3, 2, 3), Counting()))
    networks.save(Network(net, "its", 2, (0.0,) * 3, (1.0,) * 3), tmp_path / "model.pt")
    assert torch.equal(networks.load(tmp_path / "model.pt").net(PICTURES), net(PICTURES))
