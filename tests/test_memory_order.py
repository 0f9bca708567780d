"""Networks that run in contiguous memory alone are exported and rehearsed, too."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks import network as networks
from faircompress.networks.memory_order import memory_order
from faircompress.networks.network import Network
from faircompress.rehearsal.steps import learn


class Views(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 5, 4), nn.Linear(4 * 7 * 7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().view(-1, 4 * 7 * 7))


class ThreeDimensional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv3d(1, 2, 3, padding=1), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x.unsqueeze(1)).relu().flatten(1, 2).mean((2, 3)))


class Fourier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 5, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.fft.rfft2(self.conv(x))
        return self.head(torch.fft.irfft2(waves * 0.5, s=(7, 7)).relu().mean((2, 3)))


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("kind", [Views, ThreeDimensional])
def test_what_needs_contiguous_memory_is_exported(kind: type[nn.Module], tmp_path: Path) -> None:
    net = kind().eval()
    file = faircompress.export(
        net,
        tmp_path / "net.onnx",
        size=(32, 32),
        classes=list("abc"),
        mean=(0.5,) * 3,
        std=(0.2,) * 3,
    )
    (found,) = ort.InferenceSession(file).run(None, {"images": pictures(3)})
    normal = torch.from_numpy((pictures(3) / 255 - 0.5) / 0.2).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        wanted = net(normal.contiguous()).softmax(1).numpy()
    assert np.abs(found - wanted).max() < 1e-5


@pytest.mark.parametrize("kind", [Views, ThreeDimensional, Fourier])
def test_torch_predicts_with_what_needs_contiguous_memory(kind: type[nn.Module]) -> None:
    net = kind().eval()
    found = networks.probabilities(Network(net, "own", 3, (0.5,) * 3, (0.2,) * 3), pictures(3))
    normal = torch.from_numpy((pictures(3) / 255 - 0.5) / 0.2).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        assert np.abs(found - net(normal.contiguous()).softmax(1).numpy()).max() < 1e-5


def test_others_keep_the_faster_order_and_chance_stays_as_it_was() -> None:
    net, views = networks.build("small", 2), Views()
    state = torch.get_rng_state()
    assert memory_order(net, (32, 32)) is torch.channels_last
    assert memory_order(views, (32, 32)) is torch.contiguous_format
    assert torch.equal(state, torch.get_rng_state())


def test_the_rehearsal_trains_with_a_view() -> None:
    learn(Network(Views(), "own", 3, (0.5,) * 3, (0.2,) * 3), pictures(4))
