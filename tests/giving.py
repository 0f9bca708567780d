"""A small network, and pictures for it, which tests let give things of all kinds."""

from typing import Any

import torch
from torch import Tensor, nn

PICTURES = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Giving(nn.Module):
    """Three maps and a head; what it gives, a child says."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.maps, self.give = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, classes)

    def logits(self, x: Tensor) -> Tensor:
        return self.give(self.maps(x).relu().mean((2, 3)))

    def forward(self, x: Tensor) -> Any:
        return self.logits(x)
