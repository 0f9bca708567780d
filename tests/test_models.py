"""Every architecture is trained, cut, saved and exported, and what is left is what it was."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from faircompress import networks, onnx_run, pruning
from faircompress.channels import Budget, Widths, read_widths
from faircompress.layers import head, scored
from faircompress.networks import Network
from faircompress.onnx_export import refuse_wrong_shape, to_onnx

# architecture -> the largest speed-up at which the thesis tried it, or 16
ARCHITECTURES = {
    "resnet18": 256, "resnet34": 32, "resnet56": 16, "vgg16": 256, "convnext_tiny": 16,
    "mobilenet_v3_small": 16, "mobilenet_v3_large": 16,
    "efficientnet_v2_s": 16, "efficientnet_v2_m": 16,
}  # fmt: skip
SIZE = (64, 64)


@dataclass(frozen=True)
class Case:
    """A network after a step of training, and the same network at a quarter of its cost."""

    architecture: str
    dense: nn.Module
    without_gradient: list[str]
    pruned: nn.Module
    speedup: float
    widths: Widths
    scores: dict[str, Tensor]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request: pytest.FixtureRequest) -> Case:
    torch.manual_seed(0)
    net = networks.build(request.param, 10)
    without_gradient = trained_one_step(net)
    vary(net.eval())
    seen: list[Widths] = []
    scores = {name: torch.rand(len(layer.weight)) for name, layer in scored(net).items()}

    def score(working: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        seen.append(budget.widths)
        return scores

    pruned, cut = pruning.cut(net, score, torch.zeros(1, 3, *SIZE), speedup=4, floor=0.1)
    return Case(request.param, net, without_gradient, pruned, cut.speedup, seen[0], scores)


def trained_one_step(net: nn.Module) -> list[str]:
    """Train on four pictures; return the parameters that no gradient reached."""
    loss = nn.functional.cross_entropy(net.train()(torch.randn(4, 3, *SIZE)), torch.arange(4))
    loss.backward()
    torch.optim.SGD(net.parameters(), lr=1e-3).step()
    unreached = [n for n, p in net.named_parameters() if p.grad is None or p.grad.isnan().any()]
    net.zero_grad()
    return unreached


@torch.no_grad()
def vary(net: nn.Module) -> None:
    """Make channels unlike each other, as long training does, and logits about 1."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            module.weight.uniform_(0.5, 1.2), module.bias.normal_(0, 0.2)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2), module.running_var.uniform_(0.5, 1.5)
        if hasattr(module, "layer_scale"):
            module.layer_scale.uniform_(0.2, 0.8)
    head(net).weight /= net(torch.randn(4, 3, *SIZE)).std()


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
    return net


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
    pictures = torch.randn(2, 3, *SIZE)
    with torch.no_grad():
        before, after = silenced(case)(pictures), case.pruned(pictures)
    assert (after - before).abs().max() < 1e-4 * min(1, before.std())


def test_the_exported_network_is_smaller_and_says_the_same(case: Case, tmp_path: Path) -> None:
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    networks.save(Network(case.pruned, case.architecture, 10, mean, std), tmp_path / "model.pt")
    network = networks.load(tmp_path / "model.pt")
    content = to_onnx(network, SIZE, opset=20, words={})
    refuse_wrong_shape(content, network)
    assert len(content) < 4 * sum(p.numel() for p in case.dense.parameters()) / 2

    (tmp_path / "net.onnx").write_bytes(content)
    session = onnx_run.session(tmp_path / "net.onnx", "cpu", threads=1)
    images = np.random.default_rng(0).integers(0, 256, (3, *SIZE, 3), np.uint8)
    (found,) = session.run(["probabilities"], {"images": images})
    with torch.no_grad():
        wanted = case.pruned(network.normalised(torch.from_numpy(images))).softmax(1).numpy()
    # an untrained network may say nearly the same of all pictures
    assert np.abs(found - wanted).max() < min(1e-4, wanted.std(0).max() / 100)
