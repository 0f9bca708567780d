"""What is minimised, checked by hand."""

import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional

from faircompress.config import plugins
from faircompress.training.batch_loader import Batch
from faircompress.training.cross_fitting import CrossFitted
from faircompress.training.hints import Hints
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives.performance_weighted import performance_weighted
from faircompress.training.pseudo_cells import PseudoGroups

RIGHT_AND_WRONG = torch.tensor([[1.0, 0.0], [0.0, 1.0]])  # sure and right; sure and wrong


def test_a_sample_the_dense_model_got_right_counts_least() -> None:
    logits, labels = torch.zeros(2, 2), torch.tensor([0, 0])  # each sample costs log 2
    loss = performance_weighted(logits, labels, RIGHT_AND_WRONG, min_weight=0.2, gamma=2)
    assert loss.item() == pytest.approx((0.2 + 1.0) / 2 * math.log(2))


def test_the_weight_falls_with_the_power_gamma_of_the_missing_probability() -> None:
    logits, labels = torch.zeros(1, 2), torch.tensor([0])
    dense = torch.tensor([[0.75, 0.25]])  # weight .2 + .8 * .25 ** 2 = .25; any target costs log 2
    loss = performance_weighted(logits, labels, dense, min_weight=0.2, gamma=2)
    assert loss.item() == pytest.approx(0.25 * math.log(2))


def test_where_the_dense_model_is_right_its_probabilities_are_the_target() -> None:
    logits, labels = torch.tensor([[1.0, -1.0]]), torch.tensor([0])
    dense = torch.tensor([[0.6, 0.4]])
    loss = performance_weighted(logits, labels, dense, min_weight=1.0, gamma=1)
    log_probs = functional.log_softmax(logits, 1)[0]
    assert loss.item() == pytest.approx(-(0.6 * log_probs[0] + 0.4 * log_probs[1]).item())


def test_where_the_dense_model_is_wrong_the_true_class_is_the_target() -> None:
    logits, labels = torch.tensor([[1.0, -1.0]]), torch.tensor([0])
    dense = torch.tensor([[0.4, 0.6]])
    loss = performance_weighted(logits, labels, dense, min_weight=1.0, gamma=1)
    assert loss.item() == pytest.approx(functional.cross_entropy(logits, labels).item())


@pytest.mark.parametrize(
    "setting", [{"min_weight": 1.0, "gamma": 3.0}, {"min_weight": 0.1, "gamma": 0.0}]
)
def test_theta_one_or_gamma_zero_weighs_all_alike(setting: dict[str, float]) -> None:
    logits, labels = torch.randn(8, 3), torch.randint(3, (8,))
    dense = torch.randn(8, 3).softmax(1)
    loss = performance_weighted(logits, labels, dense, corrected_targets=False, **setting)
    assert loss.item() == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-5)


def test_no_gradient_reaches_the_dense_model() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    dense_logits = torch.zeros(2, 2, requires_grad=True)
    labels = torch.tensor([0, 1])
    performance_weighted(
        logits, labels, dense_logits.softmax(1), min_weight=0.2, gamma=1
    ).backward()
    assert dense_logits.grad is None
    assert logits.grad is not None


def test_probabilities_of_another_batch_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 2\), logits \(2, 2\)"):
        performance_weighted(torch.zeros(2, 2), torch.tensor([0, 1]), torch.ones(3, 2))


class Says(nn.Module):
    """A network that says the same logits to whatever pictures."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.head = nn.Linear(logits.shape[1], logits.shape[1], bias=False)
        nn.init.eye_(self.head.weight)

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.head(self.logits)
        return found


def hints_on(groups: Tensor, dense: nn.Module) -> Hints:
    """Return hints by which the groups are the clusters, and the dense model never saw anybody."""
    found = PseudoGroups(groups.numpy(), 2, "stage", 0.5, 20)
    return Hints(found, CrossFitted([dense], torch.zeros_like(groups)))


def loss_of(name: str, said: Says, dense: Tensor, labels: list[int], groups: list[int]) -> Tensor:
    rows, of = torch.arange(len(labels)), torch.tensor(groups)
    batch = Batch(torch.empty(len(labels)), torch.tensor(labels), of, 2, rows)
    hints = hints_on(of, Says(dense))
    return LossFunction(plugins.find("objectives", name), Says(dense), hints=hints)(said, batch)


@pytest.mark.parametrize("name", plugins.names("objectives"))
def test_every_objective_is_a_finite_scalar_with_a_gradient(name: str) -> None:
    torch.manual_seed(0)
    said = Says(torch.randn(6, 4))
    loss = loss_of(name, said, torch.randn(6, 4), [0, 1, 2, 3, 0, 1], [0, 1, 0, 1, 0, 1])
    loss.backward()
    assert loss.shape == ()
    assert torch.isfinite(loss)
    assert said.logits.grad is not None
    assert said.logits.grad.abs().sum() > 0


@pytest.mark.parametrize("name", plugins.names("objectives"))
def test_every_objective_prefers_the_truth(name: str) -> None:
    truth, labels, groups = 9 * torch.eye(3), [0, 1, 2], [0, 1, 0]
    good, bad = (loss_of(name, Says(said), truth, labels, groups) for said in (truth, -truth))
    assert good < bad


def two_goals(name: str) -> tuple[LossFunction, LossFunction, list[Batch]]:
    """Return two goals that know the same dense model, and batches of 50 pictures."""
    torch.manual_seed(0)
    dense, objective = nn.Linear(5, 3), plugins.find("objectives", name)
    batches = [
        Batch(torch.randn(50, 5), torch.randint(3, (50,)), torch.randint(2, (50,)), 2,
              torch.arange(50))
        for _ in range(4)
    ]  # fmt: skip
    hints = hints_on(batches[0].groups, dense)
    goals = [LossFunction(objective, dense, hints=hints) for _ in range(2)]
    return goals[0], goals[1], batches


@pytest.mark.parametrize("name", plugins.names("objectives"))
def test_every_objective_goes_on_from_what_it_had_saved_as_if_nothing_had_happened(
    name: str, tmp_path: Path
) -> None:
    goal, again, batches = two_goals(name)
    net = nn.Linear(5, 3)
    for batch in batches[:3]:
        goal(net, batch)
    torch.save(goal.state, tmp_path / "state.pt")
    again.state |= torch.load(tmp_path / "state.pt", weights_only=True)
    assert torch.equal(again(net, batches[3]), goal(net, batches[3]))
    assert all(torch.equal(again.state[key], value) for key, value in goal.state.items())


@pytest.mark.parametrize("name", plugins.names("objectives"))
def test_what_an_objective_remembers_has_no_gradient_and_is_not_changed_in_place(name: str) -> None:
    goal, _, batches = two_goals(name)
    net = nn.Linear(5, 3)
    loss = goal(net, batches[0])
    assert not any(value.requires_grad for value in goal.state.values())
    before = {key: (value, value.clone()) for key, value in goal.state.items()}
    goal(net, batches[1])
    assert all(torch.equal(value, copy) for value, copy in before.values())
    loss.backward()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("distillation", {"temperature": 0}),
        ("distillation", {"hard_weight": 1.5}),
        ("group_dro", {"step_size": 0}),
        ("equalized_loss", {"dual_step": -1}),
        ("ceag", {"tolerance": 2}),
        ("ceag", {"memory": 0}),
        ("feature_distillation", {"feature_weight": -1}),
        ("pseudo_cell_dro", {"step_size": 0}),
        ("divergence_dro", {"step_size": 0}),
        ("performance_weighted_cross_fitted", {"gamma": -1}),
        ("jtt", {"upweight": 0}),
        ("afr", {"gamma": -1}),
    ],
)
def test_options_out_of_bounds_are_refused(name: str, options: dict[str, float]) -> None:
    plugins.choice("objectives").model_validate({"name": name})
    with pytest.raises(ValidationError, match=next(iter(options))):
        plugins.choice("objectives").model_validate({"name": name, name: options})
