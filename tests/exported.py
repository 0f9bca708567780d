"""How far a file says what its network says, on pictures of noise; no tests."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

import faircompress
from faircompress.export import runtime

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)


def written(net: nn.Module, folder: Path) -> Path:
    """Export a network of two classes for pictures of 16 by 16; return the file."""
    return faircompress.export(
        net, folder / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
    )


def apart(net: nn.Module, folder: Path) -> float:
    """Export a network; return the largest distance of a probability from torch's."""
    path = written(net, folder)
    said = runtime.predict(runtime.session(path, "cpu", threads=1), PICTURES, what="a test")
    planes = torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255
    normal = (planes - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        return float(np.abs(said - net.eval()(normal).softmax(1).numpy()).max())
