"""What a file holds beside its layers, as its network's own code puts it there."""

from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.support.errors import InputError


class Spread(nn.Module):
    """A table of positions of which places ask for rows, as attention of timm's mvitv2 does."""

    def __init__(self, *, mixed: bool = False) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 2)
        self.table, self.mixed = nn.Parameter(torch.randn(15, 8)), mixed

    def forward(self, x: Tensor) -> Tensor:
        places = torch.arange(8)
        spread = self.table[places[:, None] - places[None, :] + 7]  # 64 rows out of 15
        spread = spread + spread.flip(0) if self.mixed else spread
        maps = self.conv(x).relu()
        return self.head((maps + torch.einsum("nchw,hwc->nchw", maps, spread)).mean((2, 3)))


def test_rows_of_a_table_may_be_written_as_often_as_places_ask_for_them(tmp_path: Path) -> None:
    given = {
        "size": (16, 16), "classes": ["no", "yes"], "mean": (0.5,) * 3, "std": (0.2,) * 3,
    }  # fmt: skip
    file = faircompress.export(Spread(), tmp_path / "a.onnx", **given)
    assert sum(t.dims[-1] == 8 and len(t.dims) == 3 for t in onnx.load(file).graph.initializer)
    with pytest.raises(InputError, match="float numbers, its network"):
        faircompress.export(Spread(mixed=True), tmp_path / "b.onnx", **given)
