"""Every architecture is trained, cut, saved and exported, and what is left is what it was."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from faircompress.compression import cut as pruning
from faircompress.compression.channels import Budget, ChannelWidths, read_widths
from faircompress.export import runtime
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.export.to_onnx import to_onnx
from faircompress.networks import network as networks
from faircompress.networks.layers import scored
from faircompress.networks.network import Network

# architecture -> the largest speed-up at which the thesis tried it, or 16
ARCHITECTURES = {
    "resnet18": 256, "resnet34": 32, "resnet56": 16, "vgg16": 256, "convnext_tiny": 16,
    "mobilenet_v3_small": 16, "mobilenet_v3_large": 16,
    "efficientnet_v2_s": 16, "efficientnet_v2_m": 16,
}  # fmt: skip
MORE_OF_THE_SAME = ("resnet34", "mobilenet_v3_large", "efficientnet_v2_m")  # blocks as one above
SIZE, MEAN, STD = (64, 64), (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 156, (16, 1, 1, 3)) + RNG.integers(0, 100, (16, *SIZE, 3))
PICTURES = PICTURES.astype(np.uint8)  # noise on a colour of its own for each


@dataclass(frozen=True)
class Case:
    """A network after a step of training, and the same network at a quarter of its cost."""

    architecture: str
    dense: nn.Module
    without_gradient: list[str]
    pruned: nn.Module
    speedup: float
    widths: ChannelWidths
    scores: dict[str, Tensor]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request: pytest.FixtureRequest) -> Case:
    torch.manual_seed(0)
    net = networks.build(request.param, 10)
    without_gradient = trained_one_step(net)
    vary(net)
    seen: list[ChannelWidths] = []
    scores = {name: torch.rand(len(layer.weight)) for name, layer in scored(net).items()}

    def score(working: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        seen.append(budget.widths)
        return scores

    pruned, cut = pruning.cut(net, score, torch.zeros(1, 3, *SIZE), speedup=4, floor=0.1)
    configure(pruned)
    return Case(request.param, net, without_gradient, pruned, cut.speedup, seen[0], scores)


def normal(pictures: np.ndarray) -> Tensor:
    return Network(nn.Identity(), "", 0, MEAN, STD).normalised(torch.from_numpy(pictures))


def trained_one_step(net: nn.Module) -> list[str]:
    """Train on some pictures; return the parameters that no gradient reached."""
    logits = net.train()(normal(PICTURES[:4]))
    nn.functional.cross_entropy(logits, torch.arange(4)).backward()
    torch.optim.SGD(net.parameters(), lr=1e-3).step()
    unreached = [n for n, p in net.named_parameters() if p.grad is None or p.grad.isnan().any()]
    net.zero_grad()
    return unreached


@torch.no_grad()
def vary(net: nn.Module) -> None:
    """Make channels unlike each other, as long training does."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            module.weight.uniform_(0.5, 1.2), module.bias.normal_(0, 0.2)
        if hasattr(module, "layer_scale"):
            module.layer_scale.uniform_(0.2, 0.8)


@torch.no_grad()
def configure(net: nn.Module) -> nn.Module:
    """Set batch statistics to those of some pictures, lest untrained layers fade them out."""
    for module in net.eval().modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train().momentum = 1.0
    net(normal(PICTURES))
    return net.eval()


def counted(net: nn.Module) -> float:
    """Return multiply-adds as torch counts them, from the shapes of all products it computes."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 3, *SIZE))
    return counter.get_total_flops() / 2


def gone(case: Case) -> dict[tuple[str, int], Tensor]:
    """Return the entries of each tensor that belong to the lowest channels of each group."""
    entries = {}
    for group, scores in zip(
        case.widths.groups, pruning.reduced(case.widths.groups, case.scores), strict=True
    ):
        left = len(case.pruned.get_submodule(group.root).weight)
        for place, of_channel in group.parts.items():
            entries[place] = of_channel[scores.argsort()[: group.size - left]].flatten()
    return entries


class NormOfKept(nn.Module):
    """A layer norm that looks at some channels alone; the others it leaves at zero."""

    def __init__(self, norm: nn.LayerNorm, kept: Tensor) -> None:
        super().__init__()
        self.norm, self.kept = norm, kept
        self.axis = -1 if type(norm) is nn.LayerNorm else 1

    def forward(self, x: Tensor) -> Tensor:
        x = x.movedim(self.axis, -1)
        y, kept, norm = torch.zeros_like(x), self.kept, self.norm
        y[..., kept] = nn.functional.layer_norm(
            x[..., kept], kept.shape, norm.weight[kept], norm.bias[kept], norm.eps
        )
        return y.movedim(-1, self.axis)


def silenced(case: Case) -> nn.Module:
    """Return the dense network, as wide as ever, in which the channels that went write zeros."""
    net, entries = copy.deepcopy(case.dense), gone(case)
    state = net.state_dict()
    for (name, axis), places in entries.items():
        if axis == 0:
            state[name][places] = 0
    for name, module in [*net.named_modules()]:
        if isinstance(module, nn.LayerNorm):
            kept = torch.ones(len(module.weight), dtype=torch.bool)
            kept[entries[f"{name}.weight", 0]] = False
            net.set_submodule(name, NormOfKept(module, kept.nonzero().flatten()))
    return configure(net)


def test_a_step_of_training_reaches_every_weight(case: Case) -> None:
    assert case.without_gradient == []


def test_every_layer_but_the_head_can_lose_channels(case: Case) -> None:
    assert case.widths.fixed == {}
    assert {name for g in case.widths.groups for name in g.outputs} == set(scored(case.dense))
    smallest = case.widths.macs({g.root: g.size - 1 for g in case.widths.groups})
    assert case.widths.macs() / smallest >= ARCHITECTURES[case.architecture]


def test_multiply_adds_are_those_torch_counts(case: Case) -> None:
    dense, pruned = counted(case.dense), counted(case.pruned)
    assert case.widths.macs() == dense
    assert read_widths(case.pruned, torch.zeros(1, 3, *SIZE)).macs() == pruned
    assert case.speedup == pytest.approx(dense / pruned)
    assert 4 <= case.speedup <= 4.0404


def test_cutting_channels_that_write_zeros_changes_nothing(case: Case) -> None:
    with torch.no_grad():
        before, after = silenced(case)(normal(PICTURES)), case.pruned(normal(PICTURES))
    # rounding grows to 1e-4 of the spread in 200 untrained layers; a wrong channel shifts by more
    assert (after - before).abs().max() < 1e-3 * before.std(0).max()


def test_the_saved_and_the_exported_network_are_smaller_and_say_the_same(
    case: Case, tmp_path: Path
) -> None:
    networks.save(Network(case.pruned, case.architecture, 10, MEAN, STD), tmp_path / "model.pt")
    network = networks.load(tmp_path / "model.pt")
    with torch.no_grad():
        said, wanted = (n(normal(PICTURES)).softmax(1).numpy() for n in (network.net, case.pruned))
    assert np.array_equal(said, wanted)
    dense = 4 * sum(p.numel() for p in case.dense.parameters())
    assert (tmp_path / "model.pt").stat().st_size < dense / 2
    if case.architecture in MORE_OF_THE_SAME:  # its export takes long and has no other nodes
        return
    content = to_onnx(network, SIZE, opset=20, words={})
    refuse_wrong_shape(content, network)
    assert len(content) < dense / 2

    (tmp_path / "net.onnx").write_bytes(content)
    session = runtime.session(tmp_path / "net.onnx", "cpu", threads=1)
    (found,) = session.run(["probabilities"], {"images": PICTURES})
    assert np.abs(found - wanted).max() < min(1e-4, 1e-2 * wanted.std(0).max())
