"""Sharpness-aware steps: the gradient of the worst place near the weights."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from test_training import CPU, how, light_and_dark
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.training.batch_loader import BatchLoader
from faircompress.training.fit import fabric_for, fit
from faircompress.training.objectives import Objective, State
from faircompress.training.objectives.cross_entropy import cross_entropy
from faircompress.training.sharpness import worst_nearby


class Bowl(nn.Module):
    """Says ``w A w / 2``, whose gradient is ``A w``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.tensor([3.0]))
        self.second = nn.Parameter(torch.tensor([-2.0]))
        self.unused = nn.Parameter(torch.tensor([7.0]))

    def forward(self) -> Tensor:
        return (2 * self.first**2 + 0.5 * self.second**2).sum() / 2


def test_on_a_bowl_the_gradient_is_that_of_the_place_one_radius_up_the_slope() -> None:
    bowl = Bowl()
    bowl().backward()  # g = (2 * 3, .5 * -2) = (6, -1), of length sqrt(37)
    with worst_nearby(bowl, 0.1):
        bowl().backward()
    up = 0.1 / 37**0.5
    assert bowl.first.grad is not None and bowl.second.grad is not None
    assert bowl.first.grad.item() == pytest.approx(2 * (3 + up * 6))
    assert bowl.second.grad.item() == pytest.approx(0.5 * (-2 - up))
    assert (bowl.first.item(), bowl.second.item(), bowl.unused.item()) == (3, -2, 7)
    assert bowl.unused.grad is None


def test_where_the_slope_is_0_nothing_moves() -> None:
    bowl = Bowl()
    with torch.no_grad():
        bowl.first.zero_(), bowl.second.zero_()
    bowl().backward()
    with worst_nearby(bowl, 0.1):
        bowl().backward()
    assert bowl.first.grad is not None and bowl.first.grad.item() == 0


def fresh() -> Network:
    torch.manual_seed(0)
    return Network(networks.build("small", 2), "small", 2, (0.5,) * 3, (0.25,) * 3)


def one_step(
    sam: float, objective: Objective = cross_entropy, kept: Path | None = None
) -> nn.Module:
    network = fresh()
    once = how(epochs=1, batch=64, lr=0.1, momentum=0.0, schedule="constant", augment=[], sam=sam)
    fit(network, light_and_dark(), objective, once, fabric_for(CPU), seed=1, what="training",
        checkpoint=kept)  # fmt: skip
    return network.net


def test_a_step_of_training_goes_down_the_gradient_of_the_place_one_radius_up() -> None:
    network = fresh()
    batch = next(BatchLoader(light_and_dark(), network, batch=64, seed=1).epoch(0))
    net = network.net.train()
    names, start = zip(*((n, w.detach()) for n, w in net.named_parameters()), strict=True)

    def gradient(*weights: Tensor) -> tuple[Tensor, ...]:
        given = [weight.clone().requires_grad_() for weight in weights]
        said = functional_call(net, dict(zip(names, given, strict=True)), batch.images)
        return torch.autograd.grad(functional.cross_entropy(said, batch.labels), given)

    plain = gradient(*start)
    up = 0.5 / torch.cat([step.flatten() for step in plain]).norm()
    there = gradient(*(w + up * step for w, step in zip(start, plain, strict=True)))
    found = dict(one_step(0.5).named_parameters())
    for name, weight, step, other in zip(names, start, there, plain, strict=True):
        off = (found[name] - (weight - 0.1 * step)).norm()
        assert off < 0.01 * (0.1 * (step - other)).norm(), name


def test_normalisation_learns_from_a_batch_once_and_at_the_weights_themselves() -> None:
    plain, sharp = (dict(one_step(radius).named_buffers()) for radius in (0.0, 0.5))
    assert all(torch.equal(plain[name], sharp[name]) for name in plain)


def test_what_an_objective_remembers_moves_once_a_step_and_both_looks_see_the_same(
    tmp_path: Path,
) -> None:
    seen = []

    def counting(logits: Tensor, labels: Tensor, state: State) -> Tensor:
        calls = state.get("calls", torch.tensor(0))
        seen.append(int(calls))
        state["calls"] = calls + 1
        return functional.cross_entropy(logits, labels)

    one_step(0.5, counting, tmp_path / "kept.pt")
    kept = torch.load(tmp_path / "kept.pt", weights_only=True)
    assert (seen, kept["objective"]["calls"].item()) == ([0, 0], 1)


def test_a_radius_below_0_is_refused() -> None:
    with pytest.raises(ValidationError, match="sam"):
        how(sam=-0.1)
