"""A network in one call: what cannot be written is refused before anything is computed."""

from pathlib import Path

import pytest
from torch import Tensor, nn

import faircompress
from faircompress.support.errors import InputError

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"std": (0.0, 0.2, 0.2)}, "all must be above 0"), ({"mean": 0.5}, "needed are 3 finite"),
     ({"mean": (float("nan"), 0.5, 0.5)}, "needed are 3 finite"),
     ({"size": 16}, "size is 16; needed are height and width"),
     ({"path": "none/a.onnx"}, "there is no folder none to write a.onnx to")],
)  # fmt: skip
def test_options_that_no_file_fits_are_refused_at_once(
    changed: dict[str, object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    how = {"path": "a.onnx", "size": (16, 16), "classes": ["no", "yes"], "mean": MEAN, "std": STD}
    with pytest.raises(InputError, match=words):
        faircompress.export(Plain(), **{**how, **changed})


def test_a_forward_that_holds_another_network_is_told(tmp_path: Path) -> None:
    net = Plain()
    net.forward = lambda x: Plain.forward(net, x)
    with pytest.raises(InputError, match="holds the network that it was made for"):
        faircompress.export(
            net, tmp_path / "a.onnx", size=(16, 16), classes=["no", "yes"], mean=MEAN, std=STD
        )
