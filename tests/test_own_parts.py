"""A network that holds parts of another is refused: its copy would not be cut, nor say the same."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.support.errors import InputError

PICTURES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LOADER = [(PICTURES, torch.arange(8) % 2)]


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 1)
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x)).relu().mean((2, 3)))


class HookedToADict(Plain):
    """A hook fills a dict from outside; the forward reads its own, which the copy has copied."""

    def __init__(self) -> None:
        super().__init__()
        kept: dict[str, Tensor] = {}
        self.kept = kept
        self.first.register_forward_hook(lambda *given: kept.update(maps=given[2].detach()))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.kept["maps"][:, :2].mean((2, 3))


class HoldsItsLayers(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.features = lambda x, first=self.first: first(x)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.head(self.features(x).relu().mean((2, 3)))


class Listed(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.more = [nn.Conv2d(16, 16, 1)]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.more[0](self.first(x))).relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [(HookedToADict, "a copy of HookedToADict says otherwise than it itself.*as a method"),
     (HoldsItsLayers, r"layers that are no part of it \(Conv2d\)"),
     (Listed, r"layers that are no part of it \(Conv2d\).*Use nn.ModuleList")],
)  # fmt: skip
def test_a_network_that_holds_parts_elsewhere_is_neither_cut_nor_exported(
    kind: type[Plain], words: str, tmp_path: Path
) -> None:
    net = kind().eval()
    net(PICTURES[:1])  # somebody tried one picture
    with pytest.raises(InputError, match=words):
        faircompress.prune(net, LOADER, speedup=2, criterion="magnitude", epochs=0, rounds=1)
    with pytest.raises(InputError, match=words):
        faircompress.export(
            net, tmp_path / "a.onnx", size=(8, 8), classes=["no", "yes"], mean=(0.5,) * 3,
            std=(0.5,) * 3,
        )  # fmt: skip


class MakesAsItGoes(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(nn.ReflectionPad2d(1)(nn.ReLU()(x)))


def test_layers_without_weights_may_be_made_on_the_way() -> None:
    net = MakesAsItGoes().train()
    pruned = faircompress.prune(net, LOADER, speedup=2, criterion="magnitude", epochs=0, rounds=1)
    assert pruned.first.out_channels < 16 and net.training and net.first.training
