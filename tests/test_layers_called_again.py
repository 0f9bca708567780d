"""Layers that a network calls several times: they cost as often, and are held once."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import faircompress
from faircompress.compression.channels import read_widths
from faircompress.compression.layer_shapes import layer_shapes
from faircompress.export.layer_times import layer_times

PICTURE = torch.zeros(1, 3, 16, 16)
LOADER = [(torch.rand(8, 3, 16, 16), torch.arange(8) % 2)]


class Again(nn.Module):
    """Calls some of its layers three times, on maps of two sizes and on tokens in the batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 24, 3, padding=1)
        self.deep = nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.wide = nn.Conv2d(24, 48, 3, padding=1)
        self.narrow = nn.Conv2d(48, 24, 1)
        self.up = nn.ConvTranspose2d(24, 24, 2, stride=2)
        self.tokens = nn.Linear(24, 24)
        self.head = nn.Linear(24, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for number in range(3):
            x = x + 0.1 * self.narrow(self.wide(self.deep(x)).relu())
            if number == 1:
                x = self.up(nn.functional.avg_pool2d(x, 4))
        rows = x.permute(0, 2, 3, 1).flatten(0, 1)  # rows of positions as pictures of a batch
        rows = rows + self.tokens(rows).relu()
        return self.head(rows.mean(1).unflatten(0, (x.shape[0], -1)).mean(1))


def flops(net: nn.Module) -> int:
    """Count as torch does: two for a multiply-add."""
    with FlopCounterMode(display=False) as counter:
        net(PICTURE)
    return counter.get_total_flops()


def test_multiply_adds_of_layers_that_are_called_again_are_those_that_torch_counts() -> None:
    assert read_widths(Again().eval(), PICTURE).macs() == flops(Again().eval()) / 2


def test_a_network_that_calls_layers_again_is_as_many_times_faster_as_asked() -> None:
    model = Again().eval()
    pruned = faircompress.prune(
        model, LOADER, speedup=2, criterion="magnitude", epochs=0, rounds=1, device="cpu"
    )
    assert flops(model) / flops(pruned) == pytest.approx(2, rel=0.03)
    assert flops(model) >= 2 * flops(pruned)


def test_a_layer_takes_the_time_of_all_its_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    net = Again().eval()
    found = layer_shapes(net, PICTURE)["narrow"]
    assert found.sides == ((16, 16), (16, 16), (8, 8))
    widths = {"narrow": (24, 48)}
    table = layer_times({"narrow": found}, widths, "cpu", block=16, threads=1)
    alone = [layer_times({"narrow": call}, widths, "cpu", block=16, threads=1)
             for call in found.calls()]  # fmt: skip
    assert table.total(widths) == pytest.approx(sum(each.total(widths) for each in alone))
