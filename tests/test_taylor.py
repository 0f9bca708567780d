"""The first-order effect of a channel, where the network makes it hard to see."""

import pytest
import torch
from torch import Generator, Tensor, nn

from faircompress.compression.criteria.taylor import taylor
from faircompress.training.batch_loader import Batch


def cross_entropy_of(net: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(net(batch.images), batch.labels)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.SiLU])
def test_an_activation_that_overwrites_its_input_changes_no_score(
    activation: type[nn.Module],
) -> None:
    torch.manual_seed(0)
    labels = torch.tensor([0, 1, 0, 1])
    batch = Batch(torch.randn(4, 3, 8, 8), labels, labels, 2)
    net = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)
    )
    scores = []
    for overwrites in (False, True):
        net[1] = activation(inplace=overwrites)
        scores.append(taylor(net, [batch], cross_entropy_of, rng=Generator(), lr=0.0)["0"])
    assert torch.allclose(*scores)
