"""Before the first epoch: half precision, gradients that are overwritten, and several heads."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import faircompress
from faircompress.networks.brought import build_brought
from faircompress.networks.fitness import refuse_unfit
from faircompress.networks.outputs import adapt
from faircompress.support.errors import InputError

LABELS = torch.arange(8) % 2
PICTURES = torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(0))


class Mine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1)
        self.gate, self.age, self.head = nn.Conv2d(16, 16, 1), nn.Linear(16, 5), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Any:
        maps = self.two(self.one(x).relu()).relu()
        return self.head((maps * self.gate(maps).sigmoid()).mean((2, 3)))


class Single(Mine):
    """Of one head."""

    def __init__(self) -> None:
        super().__init__()
        del self.age


class HalfPart(Single):
    """A part of it keeps its weights in half precision."""

    def __init__(self, kind: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        self.kind = kind
        self.two.to(kind)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.two(self.one(x).relu().to(self.kind)).float().relu()
        return self.head((maps * self.gate(maps).sigmoid()).mean((2, 3)))


class Cast(Single):
    """Weights of float32, that compute in half precision."""

    def forward(self, x: Tensor) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return super().forward(x).float()


def cut(model: nn.Module, pictures: Tensor = PICTURES, **how: Any) -> nn.Module:
    how = {"criterion": "magnitude", "rounds": 1, "epochs": 1, **how}
    return faircompress.prune(model.eval(), [(pictures, LABELS)], 1.5, device="cpu", **how)


@pytest.mark.parametrize(
    ("model", "words"),
    [(HalfPart(), "two has weights of bfloat16, and its pictures are float32"),
     (HalfPart(torch.float16), "two has weights of float16, and its pictures are float32"),
     (HalfPart(torch.float64), "two has weights of float64, and its pictures are float32"),
     (Cast(), "one computes in bfloat16, two computes in bfloat16, gate computes in bfloat16")],
    ids=["bfloat16", "float16", "float64", "autocast"],
)  # fmt: skip
def test_parts_of_another_precision_are_named_by_all_that_look_at_a_network(
    model: nn.Module, words: str
) -> None:
    for act in (lambda: cut(model), lambda: refuse_unfit(adapt(model, 2), PICTURES)):
        with pytest.raises(InputError, match=rf"{words}.* Call \.float\(\) on the network"):
            act()


def test_pictures_in_half_precision_are_refused_and_float64_is_cut_as_it_is() -> None:
    with pytest.raises(InputError, match="its pictures are bfloat16. Training, scores and the fil"):
        cut(Single().bfloat16(), PICTURES.bfloat16())
    pruned = cut(Single().double(), PICTURES.double())
    assert pruned.one.weight.dtype == torch.float64 and pruned.one.out_channels < 16


def test_a_network_of_hugging_face_is_built_in_float32_whatever_its_folder_says(
    tmp_path: Path,
) -> None:
    config = {"model_type": "resnet", "architectures": ["ResNetForImageClassification"],
              "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1],
              "layer_type": "basic", "dtype": "float16"}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    net = build_brought(f"hf:{tmp_path}", 2)
    assert {weight.dtype for weight in net.parameters()} == {torch.float32}


class GateOverwritten(Single):
    """A layer's own code changes what its gradient needs."""

    class Gate(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            share = super().forward(x).sigmoid()
            scaled = x * share
            share.add_(1)
            return scaled

    def __init__(self) -> None:
        super().__init__()
        self.gate = self.Gate(16, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gate(self.two(self.one(x).relu())).mean((2, 3)))


class Overwritten(Single):
    """Its own forward does, between two layers."""

    def forward(self, x: Tensor) -> Tensor:
        maps = self.two(self.one(x).sigmoid().mul_(2))
        return self.head((maps * self.gate(maps)).mean((2, 3)))


class OverwrittenWhileItTrains(Overwritten):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else Single.forward(self, x)


@pytest.mark.parametrize(
    ("model", "words"),
    [(GateOverwritten(), "^RuntimeError in layer gate: one of the variables "),
     (Overwritten(), "^RuntimeError behind layer one: one of the variables .* of Sigmoid"),
     (OverwrittenWhileItTrains(), "a step of training stops behind layer one")],
    ids=["in a layer", "between layers", "while it trains"],
)  # fmt: skip
def test_it_is_said_where_something_that_the_gradient_needs_is_overwritten(
    model: nn.Module, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        cut(model)


def test_what_goes_wrong_between_layers_is_told_by_the_last_of_them() -> None:
    class Between(Single):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.two(self.one(x)).view(-1, 7))

    with pytest.raises(InputError, match="^RuntimeError behind layer two: shape"):
        refuse_unfit(adapt(Between(), 2), PICTURES)


class Heads(Mine):
    """Two heads, in a dict."""

    def forward(self, x: Tensor) -> Any:
        seen = self.gate(self.two(self.one(x).relu()).relu()).mean((2, 3))
        return {"person": self.head(seen), "age": self.age(seen)}


def test_of_several_heads_it_is_said_that_one_is_cut_and_how() -> None:
    with pytest.raises(
        InputError, match=r"it gives a dict \(person \[2, 2\], age \[2, 5\]\). Have"
    ):
        cut(Heads())
    words = r"age take no part in its logits; it gives person \[., 2\], age \[., 5\]. Of several"
    for act in (lambda: cut(Heads(), classes=2), lambda: refuse_unfit(adapt(Heads(), 2), PICTURES)):
        with pytest.raises(InputError, match=words):
            act()


class Wrapped(nn.Module):
    """One head of two, as it is advised."""

    def __init__(self, of: Heads) -> None:
        super().__init__()
        self.net = of
        of.age = nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self.net(x)["person"],)


def test_one_head_in_a_wrapper_is_cut_and_the_number_of_its_classes_is_seen_in_a_tuple() -> None:
    assert cut(Wrapped(Heads())).net.one.out_channels < 16


def test_what_gives_no_numbers_is_not_asked_for_its_classes() -> None:
    class Silent(Single):
        def forward(self, x: Tensor) -> Any:
            super().forward(x)

    with pytest.raises(InputError, match="it gives a NoneType without a tensor of numbers"):
        cut(Silent())
