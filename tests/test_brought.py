"""Networks of others: in whatever form they come, they give logits, or it is said why not."""

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from giving import PICTURES, Giving
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from faircompress.compression.channels import read_widths
from faircompress.networks import network as networks
from faircompress.networks.fitness import refuse_batch_bound, refuse_unfit
from faircompress.networks.network import Network
from faircompress.networks.outputs import adapt, as_given, logits_of

CODE = """
import torch
from torch import nn

from parts import block

class Net(nn.Module):
    def __init__(self, num_classes=7):
        super().__init__()
        self.body = nn.Sequential(block(3, 8), block(8, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(16, 1 if num_classes == 2 else num_classes)

    def forward(self, x, extra=None):
        return {"logits": self.head(self.body(x)), "features": x}

def small():
    return nn.Sequential(block(3, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))

def broken():
    raise KeyError("no such thing")

three = 3
"""
PARTS = """
from torch import nn

def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("nets_of_mine.py").write_text(CODE)
    Path("parts.py").write_text(PARTS)
    yield tmp_path
    for name in ("nets_of_mine", "parts"):
        sys.modules.pop(name, None)


def test_one_logit_is_set_against_zero() -> None:
    probability = logits_of(torch.tensor([[2.0], [-1.0]]), 2).softmax(1)[:, 1]
    assert torch.allclose(probability, torch.sigmoid(torch.tensor([2.0, -1.0])))
    assert logits_of(torch.tensor([2.0, -1.0]), 2).shape == (2, 2)
    with pytest.raises(ValueError, match=r"gives \[1\] numbers a picture; needed: one a class, 3"):
        logits_of(torch.zeros(4, 1), 3)


@pytest.mark.parametrize(
    "output",
    [{"logits": "here", "features": "wide"}, {"anything": "here", "hidden": None},
     ("here", "wide"), ["wide", "here"], {"out": "here", "aux": "also"}],
)  # fmt: skip
def test_logits_are_found_in_dicts_and_tuples(output: Any) -> None:
    tensors = {"here": torch.rand(4, 3), "wide": torch.zeros(4, 8), "also": torch.ones(4, 3)}
    if isinstance(output, dict):
        given: Any = {name: tensors.get(what) for name, what in output.items()}
    else:
        given = type(output)(tensors[what] for what in output)
    assert logits_of(given, 3) is tensors["here"]


def test_two_tensors_that_could_be_the_logits_are_not_chosen_between() -> None:
    with pytest.raises(ValueError, match=r"a tuple \(0 \[4, 3\], 1 \[4, 3\]\) with 2 tensors"):
        logits_of((torch.zeros(4, 3), torch.zeros(4, 3)), 3)


def test_a_network_is_given_back_as_it_was() -> None:
    class OfDict(Giving):
        def forward(self, x: Tensor) -> Any:
            return {"logits": self.logits(x)}

    net = OfDict()
    names = [name for name, _ in net.named_modules()]
    copied = copy.deepcopy(adapt(net, 2))
    assert torch.equal(copied(PICTURES), net.logits(PICTURES))
    assert [name for name, _ in net.named_modules()] == names
    assert list(as_given(copied)(PICTURES)) == ["logits"]
    assert type(as_given(net)) is OfDict


class Probable(Giving):
    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).softmax(1)


class OfSigmoid(Giving):
    def __init__(self) -> None:
        super().__init__(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).sigmoid().squeeze(1)


class TwoInputs(Giving):
    def forward(self, x: Tensor, age: Tensor) -> Tensor:
        return self.logits(x) + age


class Unsure(Giving):
    def forward(self, x: Tensor) -> Tensor:
        return self.logits(nn.functional.dropout(x))


class Helped(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.aux = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Any:
        return (self.logits(x), self.aux(x)) if self.training else self.logits(x)


class Normed(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = parametrizations.weight_norm(self.maps)


class OldNormed(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = torch.nn.utils.spectral_norm(self.maps)


class Deep(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 6, 3)


class Lazy(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.LazyConv2d(6, 3)


class Scripted(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = torch.jit.script(self.maps)


class Compiled(Giving):
    def __init__(self) -> None:
        super().__init__()
        self.maps = torch.compile(self.maps, backend="eager")


class Observing(Giving):
    """In evaluation mode, too, it keeps the mean of all pictures that it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.seen.mul_(0.9).add_(0.1 * x.detach().mean())
        return self.logits(x)


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Probable, "ends in a softmax, and logits are needed"), (OfSigmoid, "ends in a sigmoid"),
     (TwoInputs, "its forward needs x, age"), (Unsure, "does not say the same twice"),
     (Helped, "aux take no part in what it says"), (Deep, "RuntimeError in layer maps: "),
     (Normed, "weights of maps are computed from others"),
     (OldNormed, "weights of maps are computed from others"),
     (Lazy, r"maps have no shape yet \(lazy modules\)"),
     (Scripted, "its part maps is TorchScript"), (Compiled, "its part maps is compiled"),
     (Observing, "in evaluation mode it changes seen with each picture")],
)  # fmt: skip
def test_what_cannot_be_used_is_named_before_anything_is_trained(
    kind: type[nn.Module], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        refuse_unfit(adapt(kind(), 2), PICTURES)


def test_a_good_network_is_left_as_it_was() -> None:
    net = adapt(Giving().train(), 2)
    net.maps.weight.requires_grad_(False)
    refuse_unfit(net, PICTURES)
    assert net.training and not net.maps.weight.requires_grad


def test_a_norm_that_looks_at_the_whole_batch_is_named() -> None:
    net = Giving()
    net.maps = nn.Sequential(net.maps, nn.BatchNorm2d(6, track_running_stats=False))
    with pytest.raises(ValueError, match="maps.1 is a norm without statistics"):
        refuse_batch_bound(net.eval(), PICTURES)
    refuse_batch_bound(Giving().eval(), PICTURES)


def test_torchscript_is_refused() -> None:
    with pytest.raises(ValueError, match="it is TorchScript, of which no layer can be cut"):
        refuse_unfit(torch.jit.trace(Giving().eval(), PICTURES), PICTURES)


def test_a_factory_of_the_project_is_found_and_told_the_classes(project: Path) -> None:
    two, five = (networks.build("nets_of_mine:Net", classes) for classes in (2, 5))
    assert (two.head.out_features, five.head.out_features) == (1, 5)
    assert (two(PICTURES).shape, five(PICTURES).shape) == ((4, 2), (4, 5))
    assert networks.build("nets_of_mine:small", 2)(PICTURES).shape == (4, 2)


@pytest.mark.parametrize(
    ("name", "why"),
    [("nets_of_mine:nothing", "nets_of_mine.py has no 'nothing'"),
     ("nets_of_mine:broken", "nets_of_mine:broken stopped: KeyError"),
     ("nets_of_mine:three", "stopped: TypeError"), ("no.such:net", "is no file of this project"),
     ("os:getcwd", "os is no file of this project"), ("timm:resnte18", "timm has no model"),
     ("hf:nowhere", "hf:nowhere is no folder with a config.json"), ("a b:c", "is none of timm")],
)  # fmt: skip
def test_a_name_that_gives_no_network_is_told(project: Path, name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        networks.build(name, 2)


def test_a_cut_network_of_the_project_comes_back_from_disk(project: Path) -> None:
    from faircompress.compression.channels import take_out

    net = networks.build("nets_of_mine:Net", 5).eval()
    take_out(net, read_widths(net, PICTURES[:1]).groups, {"body.0.0": [0, 3], "body.1.0": [1]})
    words = ("nets_of_mine:Net", 5, (0.5,) * 3, (0.2,) * 3)
    networks.save(Network(net, *words), project / "model.pt")
    again = networks.load(project / "model.pt").net
    assert again.head.in_features == 15
    assert torch.equal(again(PICTURES), net(PICTURES))


def test_timm_and_hugging_face_build_networks(tmp_path: Path) -> None:
    from transformers import ResNetConfig

    net = networks.build("timm:test_resnet", 4).eval()
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 4)
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
    ResNetConfig(**sizes).save_pretrained(tmp_path)
    net = networks.build(f"hf:{tmp_path}", 4).eval()
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 4)
