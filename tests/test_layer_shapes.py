"""Layers of a file are those of its network, also where the exporter writes equal weights once."""

from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.export.layer_shapes import layers_of_net, never_called
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.networks.network import Network
from faircompress.support.errors import InputError

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


class Gates(nn.Module):
    """Branches that start at zero, such as those of global context in timm's gcresnext26ts."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 1, 1)
        self.gates = nn.ModuleList(nn.Conv2d(8, 8, 1, bias=False) for _ in range(2))
        self.head = nn.Linear(8, 2)
        for gate in self.gates:
            nn.init.constant_(gate.weight, start)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for gate in self.gates:
            x = x + gate(x.mean((2, 3), keepdim=True))
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("start", [0.0, 0.1])
def test_layers_of_equal_weights_may_be_written_once(start: float, tmp_path: Path) -> None:
    net = Gates(start).eval()
    given = {"size": (16, 16), "classes": ["a", "b"], "mean": MEAN, "std": STD}
    file = faircompress.export(net, tmp_path / "a.onnx", **given)
    shared = [t.name for t in onnx.load(file).graph.initializer if tuple(t.dims) == (8, 8, 1, 1)]
    assert len(shared) == 1  # the exporter's own doing; else this test tells nothing
    with torch.no_grad():
        net.gates[1].weight[0, 0] += 1  # now they differ, and the file is another network's
    network = Network(net, "Gates", 2, MEAN, STD)
    with pytest.raises(InputError, match=r"missing 1 convolution \[8, 8, 1, 1\]"):
        refuse_wrong_shape(file.read_bytes(), network)


def test_layers_in_a_list_are_called_though_the_list_is_not() -> None:
    net = Gates(0.1).eval()
    assert never_called(net, torch.zeros(1, 3, 16, 16)).total() == 0
    net.unused = nn.Conv2d(8, 4, 1)
    assert never_called(net, torch.zeros(1, 3, 16, 16)) == {("convolution", (4, 8, 1, 1)): 1}
    assert layers_of_net(net).total() == 5
