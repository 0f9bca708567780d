"""What cannot be trained is told before it is, by the layer in which it stops."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.support.errors import InputError

PICTURES = torch.randn(9, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(9) % 2


class Net(nn.Module):
    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.middle, self.head = nn.Conv2d(3, 16, 3), middle, nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.middle(self.first(x).relu().mean((2, 3))))


class WantsTargets(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            raise ValueError("targets should be passed")
        return x


class NoisyBySixteen(nn.Module):
    """Adds noise while it trains, to as many channels as were written into it."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * torch.randn(1, 16) if self.training else x


def frozen() -> nn.Module:
    return Net(nn.Identity()).requires_grad_(False)


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda: Net(WantsTargets()), r"a step of training stops in layer middle \(ValueError: targ"),
     (lambda: Net(NoisyBySixteen()), "once it is cut, a step of training stops in layer middle"),
     (frozen, "none of its weights learns"),
     (lambda: Net(nn.BatchNorm1d(16)), "batch 2 of epoch 1 of training stops in layer middle .*"
                                       "drop_last=True")],
)  # fmt: skip
def test_what_stops_only_while_it_trains_is_told_by_its_layer(
    make: Callable[[], nn.Module], words: str
) -> None:
    loader = [(PICTURES[:8], LABELS[:8]), (PICTURES[8:], LABELS[8:])]
    with pytest.raises(InputError, match=words):
        faircompress.prune(make(), loader, speedup=2, criterion="magnitude", epochs=1, rounds=1)
