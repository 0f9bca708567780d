"""What is refused in a sentence before a network of one's own is cut or written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks.fitness import refuse_batch_bound

PICTURES, LABELS = torch.rand(8, 3, 16, 16), torch.arange(8) % 2
LOADER = [(PICTURES, LABELS)]


def net(norm: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), norm or nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 2),
    ).eval()  # fmt: skip


def cut(loader: Any = LOADER, model: nn.Module | None = None, **how: Any) -> nn.Module:
    how = {"speedup": 2, "criterion": "taylor", "rounds": 1, "epochs": 0, **how}
    return faircompress.prune(model or net(), loader, device="cpu", **how)


@pytest.mark.parametrize(
    ("how", "why"),
    [({"speedup": 1}, "speedup is 1, and needed is above 1"),
     ({"speedup": float("nan")}, "speedup is nan"), ({"speedup": float("inf")}, "speedup is inf"),
     ({"rounds": 0}, "rounds is 0, and needed is 1 or more"),
     ({"epochs": -1}, "epochs is -1, and needed is 0 or more"),
     ({"round_to": 0}, "round_to is 0"), ({"min_channels": 1.5}, "min_channels is 1.5"),
     ({"min_channels": -0.1}, "min_channels is -0.1"), ({"lr": 0.0}, "lr is 0")],
)  # fmt: skip
def test_numbers_by_which_nothing_can_be_cut_are_refused(how: dict[str, Any], why: str) -> None:
    with pytest.raises(faircompress.FaircompressError, match=why):
        cut(**how)


def test_a_generator_is_refused_as_it_gives_each_batch_once() -> None:
    for once in (iter(LOADER), (batch for batch in LOADER), zip([PICTURES], [LABELS], strict=True)):
        with pytest.raises(faircompress.FaircompressError, match="gives each batch once. Give a D"):
            cut(once)


def test_a_loader_that_is_empty_the_second_time_is_refused_and_does_not_hang() -> None:
    class Once:
        def __init__(self) -> None:
            self.left = [*LOADER]

        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            while self.left:
                yield self.left.pop()

    with pytest.raises(faircompress.FaircompressError, match="and now gives none"):
        cut(Once())


@pytest.mark.parametrize(
    ("labels", "why"),
    [([*"abababab"], "labels are no numbers"), (np.array([*"abababab"]), "labels are no numbers"),
     (nn.functional.one_hot(LABELS), r"shape \[8, 2\].* one-hot, give argmax"),
     (LABELS - 1, "there is a -1 among the labels"), (LABELS + 1, "label 2, and the model tells 2"),
     (LABELS * 0.5, "labels are not whole")],
)  # fmt: skip
def test_labels_that_are_no_classes_are_refused(labels: Any, why: str) -> None:
    with pytest.raises(faircompress.FaircompressError, match=why):
        cut([(PICTURES, labels)])


def test_labels_may_be_a_list_or_floats_or_a_column() -> None:
    for labels in (LABELS.tolist(), LABELS.float(), LABELS[:, None], LABELS.numpy() > 0):
        assert cut([(PICTURES, labels)])(PICTURES).shape == (8, 2)


def test_pictures_of_another_precision_than_the_weights_are_told() -> None:
    with pytest.raises(faircompress.FaircompressError, match="float32 and the .*float64"):
        cut([(PICTURES.double(), LABELS)])


def test_a_norm_that_looks_at_the_whole_batch_is_neither_cut_nor_exported(tmp_path: Path) -> None:
    bound = net(nn.BatchNorm2d(8, track_running_stats=False))
    file: dict[str, Any] = {"size": (16, 16), "classes": ["a", "b"]}
    file |= {"mean": [0.5] * 3, "std": [0.25] * 3}
    for act in (lambda: cut(model=bound),
                lambda: faircompress.export(bound, tmp_path / "net.onnx", **file)):  # fmt: skip
        with pytest.raises(faircompress.FaircompressError, match="1 is a norm without statistics"):
            act()
    assert not (tmp_path / "net.onnx").exists()
    faircompress.export(net(nn.InstanceNorm2d(8, affine=True)), tmp_path / "net.onnx", **file)


def test_each_picture_is_asked_alone_and_not_only_the_first() -> None:
    class Leaving(nn.Module):
        """Takes a shorter way where all pictures are bright."""

        def __init__(self) -> None:
            super().__init__()
            self.short, self.long = net(), net()
            nn.init.ones_(self.long[5].weight)

        def forward(self, x: Tensor) -> Tensor:
            return self.short(x) if (x.mean((1, 2, 3)) > 0).all() else self.long(x)

    pictures = torch.cat([PICTURES[:2] - 2, PICTURES[:2]])
    with pytest.raises(faircompress.FaircompressError, match="looks at the whole batch"):
        refuse_batch_bound(Leaving(), pictures)
