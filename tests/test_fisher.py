"""What one picture adds to a layer's gradient is its own, whatever the layer does."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faircompress.compression.fisher import fisher_effects
from faircompress.networks.layers import scored
from faircompress.support.errors import InputError
from faircompress.training.batch_loader import Batch

PICTURES, LABELS = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)), [0, 1, 1, 0]


class Standardised(nn.Conv2d):
    """A convolution whose weights are brought to mean 0 and deviation 1 as it runs."""

    def forward(self, x: Tensor) -> Tensor:
        w = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


class Between(nn.Module):
    """A convolution and a head, and between them what is tried."""

    def __init__(self, middle: nn.Module, calls: int = 1) -> None:
        super().__init__()
        self.first, self.middle, self.head = nn.Conv2d(3, 4, 3, 1, 1), middle, nn.Linear(4, 2)
        self.calls = calls

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for _ in range(self.calls):
            x = self.middle(x).relu()
        return self.head(x.mean((2, 3)))


def loss(net: nn.Module, given: Batch) -> Tensor:
    return F.cross_entropy(net(given.images), given.labels)


def batch(rows: slice) -> Batch:
    labels = torch.tensor(LABELS)[rows]
    return Batch(PICTURES[rows], labels, torch.zeros_like(labels), 1)


@pytest.mark.parametrize(
    ("middle", "calls"),
    [
        (nn.Conv2d(4, 4, 5, padding=2, padding_mode="reflect"), 1),
        (nn.Conv2d(4, 4, 3, padding="same"), 1), (nn.Conv2d(4, 4, 3, 1, 1), 3),
        (Standardised(4, 4, 3, padding=1), 2),
    ],
    ids=["mirrored", "same", "called three times", "computed weights"],
)  # fmt: skip
def test_layers_of_any_kind_get_the_gradient_of_each_picture(middle: nn.Module, calls: int) -> None:
    torch.manual_seed(0)
    net = Between(middle, calls).eval()
    found, _ = fisher_effects(net, batch(slice(None)), loss)
    by_hand = {name: torch.zeros(len(layer.weight)) for name, layer in scored(net).items()}
    for i in range(4):
        net.zero_grad()
        loss(net, batch(slice(i, i + 1))).backward()
        for name, layer in scored(net).items():
            assert layer.weight.grad is not None
            by_hand[name] += (layer.weight * layer.weight.grad).detach().square().flatten(1).sum(1)
    assert all(torch.allclose(found[name], by_hand[name] / 4, rtol=1e-4) for name in by_hand)


def test_places_of_all_pictures_in_one_axis_are_refused() -> None:
    class Places(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.each, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            places = self.each(x.permute(0, 2, 3, 1).reshape(-1, 3)).relu()
            return self.head(places.view(len(x), -1, 4).mean(1))

    with pytest.raises(InputError, match="layer each is given 256 rows for 4 pictures"):
        fisher_effects(Places().eval(), batch(slice(None)), loss)
