"""The objectives that others propose, checked by hand."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from faircompress.config import plugins
from faircompress.training.batch_loader import Batch
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives import Objective, State
from faircompress.training.objectives.ceag import ceag
from faircompress.training.objectives.cross_entropy import cross_entropy
from faircompress.training.objectives.distillation import distillation
from faircompress.training.objectives.equalized_loss import equalized_loss
from faircompress.training.objectives.group_dro import group_dro

LOG2 = math.log(2)
EVEN, WRONG = [0.0, 0.0], [math.log(3), 0.0]  # cost log 2 whatever is true; log 4 if class 1 is
TWO = (torch.tensor([EVEN, WRONG]), torch.tensor([0, 1]))  # losses log 2 and log 4
GROUPS = torch.tensor([0, 1])


def test_distillation_alone_at_temperature_one_is_the_cross_entropy_to_the_dense_model() -> None:
    logits, labels, dense = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1]), torch.randn(5, 3)
    found = distillation(logits, labels, dense.softmax(1), temperature=1, hard_weight=0)
    expected = functional.cross_entropy(logits, dense.softmax(1))
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_temperature_divides_the_logits_of_both_models() -> None:
    dense = torch.tensor([[0.9, 0.1]])  # square roots 3 : 1, so .75 and .25 at temperature 2
    logits = torch.tensor([[2 * math.log(3), 0.0]])  # .75 and .25 as well
    found = distillation(logits, torch.tensor([0]), dense, temperature=2, hard_weight=0)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found.item() == pytest.approx(2**2 * entropy)


def test_the_hard_weight_is_the_true_classes_share() -> None:
    logits, labels = TWO
    dense = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    hard = functional.cross_entropy(logits, labels).item()
    soft = functional.cross_entropy(logits, dense).item()
    found = distillation(logits, labels, dense, temperature=1, hard_weight=0.25)
    assert found.item() == pytest.approx(0.25 * hard + 0.75 * soft)


def test_a_certain_dense_model_gives_no_infinite_loss() -> None:
    sure = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert torch.isfinite(distillation(*TWO, sure, temperature=4, hard_weight=0))


def test_group_dro_multiplies_weights_by_the_exponential_of_the_losses() -> None:
    found = group_dro(*TWO, GROUPS, 2, {}, step_size=1, by_label=False)
    assert found.item() == pytest.approx((2 * LOG2 + 4 * math.log(4)) / (2 + 4))


def test_a_group_without_pictures_keeps_its_weight_and_a_cell_never_seen_has_none() -> None:
    state: State = {}
    logits, labels = TWO
    group_dro(logits, labels, GROUPS, 2, state, step_size=1)  # cells (0, 0) and (1, 1)
    group_dro(logits[:1], labels[:1], GROUPS[:1], 2, state, step_size=1)
    assert state["log_weights"].tolist() == pytest.approx(
        [2 * LOG2, -math.inf, -math.inf, 2 * LOG2]
    )


def test_equalized_loss_is_plain_at_first_and_then_charges_each_groups_distance() -> None:
    state: State = {}
    losses = [equalized_loss(*TWO, GROUPS, 3, state, dual_step=2).item() for _ in range(2)]
    mean, away = 1.5 * LOG2, 0.5 * LOG2  # each group is log 2 / 2 from the mean
    assert losses == pytest.approx([mean, mean + 2 * (2 * away) * away])
    assert state["multipliers"].tolist() == pytest.approx([4 * away, 4 * away, 0])


HARMED = (torch.tensor([EVEN, WRONG, EVEN, EVEN]), torch.tensor([0, 1, 0, 0]))
DENSE_RIGHT = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.9, 0.1]])
PAIRS = torch.tensor([0, 0, 1, 1])
EXACT = {"tolerance": 0.0, "dual_step": 1.0, "memory": 2}


def test_ceag_charges_the_group_that_lost_more_accuracy_than_all() -> None:
    state: State = {}
    found = ceag(*HARMED, DENSE_RIGHT, PAIRS, 2, state, **EXACT)
    assert state["multipliers"].tolist() == [0.25, 0.0]  # lost .5 and 0 of their accuracy, all .25
    mean, of_group = 1.25 * LOG2, 1.5 * LOG2
    assert found.item() == pytest.approx(mean + 0.25 * (of_group - mean))


def test_ceag_lets_the_tolerance_pass() -> None:
    state: State = {}
    ceag(*HARMED, DENSE_RIGHT, PAIRS, 2, state, tolerance=0.25, dual_step=1, memory=2)
    assert state["multipliers"].tolist() == [0.0, 0.0]


def test_ceag_forgets_old_pictures_and_lowers_multipliers_to_zero_at_least() -> None:
    state: State = {}
    right = torch.tensor([EVEN] * 4), torch.zeros(4, dtype=torch.long)
    ceag(*HARMED, DENSE_RIGHT, PAIRS, 2, state, **EXACT)
    ceag(*right, torch.tensor([[0.9, 0.1]] * 4), PAIRS, 2, state, **EXACT)
    assert state["lost"].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert state["multipliers"].tolist() == [0.25, 0.0]
    gained = torch.tensor([[0.1, 0.9]] * 2 + [[0.9, 0.1]] * 2)  # only the pruned model was right
    ceag(*right, gained, PAIRS, 2, state, **EXACT)
    assert state["multipliers"].tolist() == [0.0, 0.5]  # .25 - .5 is no multiplier


def test_ceag_weighs_groups_by_how_often_they_are_seen() -> None:
    state: State = {}
    groups = torch.tensor([1, 0, 1, 1])  # one picture of group 0, which is lost: 1/4 of all
    ceag(*HARMED, DENSE_RIGHT, groups, 2, state, **EXACT | {"memory": 1})
    assert state["multipliers"].tolist() == [0.75, 0.0]


def test_ceag_is_plain_cross_entropy_until_its_memory_is_full() -> None:
    state: State = {}
    found = ceag(*HARMED, DENSE_RIGHT, PAIRS, 2, state, memory=3)
    assert found.item() == pytest.approx(functional.cross_entropy(*HARMED).item())
    assert state["multipliers"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["ceag", "equalized_loss"])
def test_an_objective_that_compares_groups_refuses_a_single_one(name: str) -> None:
    batch = Batch(TWO[0], TWO[1], torch.tensor([0, 0]), 1)
    with pytest.raises(ValueError, match=f"{name} compares groups and found 1"):
        LossFunction(plugins.find("objectives", name), nn.Identity())(nn.Identity(), batch)


def worst_cell_after_training(objective: Objective) -> float:
    """Train one layer on 18 pictures of a cell, and 2 of another that look nearly the same."""
    images = torch.tensor([[1.0, 0.0]] * 18 + [[1.0, 0.3]] * 2)
    labels, groups = torch.tensor([0] * 18 + [1] * 2), torch.tensor([0] * 18 + [1] * 2)
    net, batch = nn.Linear(2, 2), Batch(images, labels, groups, 2)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    goal, descent = LossFunction(objective), torch.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(60):
        descent.zero_grad()
        goal(net, batch).backward()
        descent.step()
    costs = functional.cross_entropy(net(images), labels, reduction="none")
    return max(costs[:18].mean().item(), costs[18:].mean().item())


def test_group_dro_serves_the_worst_cell_better_than_cross_entropy() -> None:
    def dro(
        logits: Tensor, labels: Tensor, groups: Tensor, group_count: int, state: State
    ) -> Tensor:
        return group_dro(logits, labels, groups, group_count, state, step_size=0.1)

    assert worst_cell_after_training(dro) < 0.6 * worst_cell_after_training(cross_entropy)
