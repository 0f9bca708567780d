"""Networks whose own code makes it hard to copy them, or to put them in evaluation mode."""

import copy
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks.copies import as_it_was, copied

PICTURES = torch.rand(8, 3, 16, 16)
LOADER = [(PICTURES, torch.arange(8) % 2)]
FILE: dict[str, Any] = {
    "size": (16, 16), "classes": ["a", "b"], "mean": (0.5,) * 3, "std": (0.25,) * 3
}  # fmt: skip


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.maps = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
        self.give = nn.Linear(16, 2)
        self.kept: Any = None

    def forward(self, x: Tensor) -> Tensor:
        return self.give(self.maps(x).mean((2, 3)))


class Silent(Small):
    """Forgets to return itself, as many networks with frozen norms do."""

    def train(self, mode: bool = True) -> None:  # type: ignore[override]
        super().train(mode)


class Keeping(Small):
    """Keeps its last maps, to be looked at."""

    def forward(self, x: Tensor) -> Tensor:
        self.kept = {"maps": [self.maps(x)]}
        return self.give(self.kept["maps"][0].mean((2, 3)))


class Holding(Small):
    def __init__(self) -> None:
        super().__init__()
        self.kept = threading.Lock()


def cut(net: nn.Module, **how: Any) -> nn.Module:
    how = {"speedup": 2, "criterion": "taylor", "rounds": 1, "epochs": 1, **how}
    return faircompress.prune(net, LOADER, device="cpu", **how)


def test_a_network_whose_train_returns_nothing_is_cut_and_exported(tmp_path: Path) -> None:
    net = Silent()
    smaller = cut(net)
    assert net.training and not smaller.training
    assert smaller.maps[0].out_channels == 8
    faircompress.export(smaller, tmp_path / "net.onnx", **FILE)


def test_a_network_that_keeps_its_last_maps_is_cut_and_exported(tmp_path: Path) -> None:
    net = Keeping()
    net(PICTURES)
    kept = net.kept["maps"][0]
    with pytest.raises(RuntimeError):
        copy.deepcopy(net)
    smaller = cut(net)
    assert net.kept["maps"][0] is kept and kept.requires_grad
    smaller(PICTURES)
    faircompress.export(smaller, tmp_path / "net.onnx", **FILE)


def test_a_network_that_was_run_has_its_mode_and_all_that_it_kept_as_before() -> None:
    net = Keeping().train()
    net(PICTURES)
    kept, maps = net.kept, net.kept["maps"][0]
    net.register_buffer("runs", torch.zeros(1))
    with as_it_was(net):
        net.eval()
        net.kept["maps"].append(maps)
        net(PICTURES)
        net.runs += 1
        net.new = 1
    assert net.training and net.runs == 0 and not hasattr(net, "new")
    assert net.kept is kept and kept["maps"][0] is maps


def test_weights_that_an_old_weight_norm_computed_are_copied_and_refused_in_words() -> None:
    net = Small()
    nn.utils.weight_norm(net.give)  # type: ignore[no-untyped-call]
    net(PICTURES).sum().backward()
    assert torch.equal(copied(net)(PICTURES), net(PICTURES))
    with pytest.raises(faircompress.FaircompressError, match="weights of give are computed"):
        cut(net)


def test_what_cannot_be_copied_is_told() -> None:
    with pytest.raises(faircompress.FaircompressError, match=r"Holding cannot be copied .*lock"):
        cut(Holding())
