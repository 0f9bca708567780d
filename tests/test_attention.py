"""Attention over windows is written to ONNX, though the exporter writes four axes alone."""

from pathlib import Path

import pytest
import torch
from exported import apart
from torch import Tensor, nn
from torch.nn import functional

from faircompress.export.attention import folded


class Windows(nn.Module):
    """Attends within four windows; axes: pictures, heads, windows, positions, numbers."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.qkv = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 24)
        self.head = nn.Linear(8, 2)
        self.register_buffer("mask", torch.randn(1, 2, 1, 4, 4) if masked else None)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.first(x).unflatten(3, (2, 2)).unflatten(2, (2, 2)).permute(0, 2, 4, 3, 5, 1)
        rows = rows.flatten(3, 4).flatten(1, 2)  # pictures, windows, positions, numbers
        query, key, value = self.qkv(rows).unflatten(3, (3, 2, 4)).permute(3, 0, 4, 1, 2, 5)
        seen = functional.scaled_dot_product_attention(query, key, value, self.mask)
        return self.head(seen.permute(0, 2, 3, 1, 4).flatten(3).mean((1, 2)))


@pytest.mark.parametrize("masked", [False, True])
def test_attention_within_windows_is_exported_as_torch_computes_it(
    masked: bool, tmp_path: Path
) -> None:
    assert apart(Windows(masked), tmp_path) < 1e-5


def test_folded_attention_is_what_torch_gives_and_torch_is_left_as_it_was() -> None:
    attend = functional.scaled_dot_product_attention
    rng = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 3, 4, 5, 6, generator=rng) for _ in range(3))
    for mask in (None, torch.randn(5, 5), torch.randn(3, 1, 5, 5), torch.randn(2, 1, 4, 5, 5)):
        expected = attend(query, key, value, mask, scale=0.3)
        with folded():
            assert functional.scaled_dot_product_attention is not attend
            found = functional.scaled_dot_product_attention(query, key, value, mask, scale=0.3)
        assert torch.allclose(found, expected, atol=1e-6)
    assert functional.scaled_dot_product_attention is attend
