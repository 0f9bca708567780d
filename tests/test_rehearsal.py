"""Whether a network can be used is known before the first epoch, within bounds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import afresh
from torch import Tensor, nn

from faircompress.config import params
from faircompress.networks import network as networks
from faircompress.rehearsal.steps import saved_and_loaded
from faircompress.rehearsal.trial import rehearse, request, try_out

pytestmark = pytest.mark.usefixtures("preloaded_interpreter")
ROOT = Path(__file__).parent.parent


def chosen(*changes: str) -> params.Params:
    return params.load(ROOT / "params.yaml", ["export.precisions=[fp32]", *changes])


def test_a_good_network_is_tried_once(tmp_path: Path) -> None:
    rehearse(chosen(), (48, 48), 2, kept=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 1
    rehearse(chosen("train.epochs=3"), (48, 48), 2, kept=tmp_path)  # at once: nothing new
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_a_speed_up_out_of_reach_is_refused_with_what_can_be_reached(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"train.model small .* 5000 cannot be reached: .* it is"):
        rehearse(chosen("prune.speedup=5000"), (48, 48), 2, kept=tmp_path)
    assert not list(tmp_path.glob("*"))


@pytest.mark.parametrize(
    ("model", "side", "why"),
    [("vit_b_32", 40, "Wrong image height! Expected 224 but got 40"),
     ("alexnet", 24, "in layer features")],
)  # fmt: skip
def test_who_cannot_be_used_is_refused_in_a_sentence(model: str, side: int, why: str) -> None:
    refused = try_out(request(chosen(f"train.model={model}"), (side, side), 2)).refused
    assert refused.startswith(f"train.model {model} cannot be used on pictures of {side} x {side}")
    assert why in refused
    assert len(refused.splitlines()) == 1


def test_time_and_memory_are_bounded() -> None:
    given = request(chosen(), (48, 48), 2)
    with afresh():  # what is forked is no child, and nobody's memory but its own
        assert "had not ended after 0 seconds" in try_out(given, seconds=0.3).refused
        assert "took more than 0.0 GB of memory" in try_out(given, memory=30_000_000).refused


def test_params_are_not_fine_if_the_network_is_not() -> None:
    command = [sys.executable, "-m", "faircompress", "params", "-S", "train.model=vit_b_32"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "train.model vit_b_32 cannot be used on pictures of 48 x 48" in done.stderr
    assert "Wrong image height! Expected 224 but got 48" in done.stderr


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    rehearse(chosen("train.model=resnet20"), (32, 32), 2, kept=tmp_path / "file" / "below")


class Projecting(nn.Module):
    """Draws a projection when it is built, and keeps it where no state dict looks."""

    def __init__(self) -> None:
        super().__init__()
        self.maps, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)
        self.register_buffer("drawn", torch.randn(8, 8), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.maps(x).relu().mean((2, 3)) @ self.drawn)


def test_what_is_lost_when_a_network_is_saved_is_told_before_it_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(networks, "build", lambda *_: Projecting())
    network = networks.Network(Projecting(), "its", 2, (0.5,) * 3, (0.25,) * 3)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="changes when it is saved and loaded.*register_buffer"):
        saved_and_loaded(network, pictures)
