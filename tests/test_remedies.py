"""The remedies, each checked by hand: mixtures, balance, features, pseudo-cells, folds, JTT."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from faircompress.config import plugins
from faircompress.config.params import check
from faircompress.data.dataset import Split
from faircompress.networks.network import Network
from faircompress.training.batch_loader import Batch, BatchLoader, balanced_by_class
from faircompress.training.cross_fitting import CrossFitted, fold_of_rows
from faircompress.training.features import stage_names
from faircompress.training.hints import Hints
from faircompress.training.loss_function import LossFunction, needs
from faircompress.training.mixing import mixed
from faircompress.training.objectives.distillation import distillation
from faircompress.training.objectives.divergence_dro import divergence_dro
from faircompress.training.objectives.feature_distillation import feature_distillation, likenesses
from faircompress.training.objectives.group_dro import group_dro
from faircompress.training.objectives.jtt import jtt
from faircompress.training.objectives.performance_weighted import performance_weighted
from faircompress.training.objectives.performance_weighted_cross_fitted import (
    performance_weighted_cross_fitted,
)
from faircompress.training.objectives.pseudo_cell_dro import pseudo_cell_dro
from faircompress.training.pseudo_cells import PseudoGroups, pseudo_groups, worst_cell
from faircompress.training.weak_dense import response, warning

LOG2 = math.log(2)
EVEN, WRONG = [0.0, 0.0], [math.log(3), 0.0]  # cost log 2 whatever is true; log 4 if class 1 is
TWO = (torch.tensor([EVEN, WRONG]), torch.tensor([0, 1]))  # losses log 2 and 2 log 2


def test_a_mixture_is_the_share_of_cross_entropy_and_the_rest_of_the_objective() -> None:
    def seven(logits: Tensor, labels: Tensor, dense_probs: Tensor) -> Tensor:
        return torch.tensor(7.0)

    both = mixed(seven, 0.2)
    assert both(*TWO, TWO[0]).item() == pytest.approx(0.2 * 1.5 * LOG2 + 0.8 * 7)
    assert needs(both, "dense_probs")  # it still asks for what the objective asks for
    assert mixed(seven, 0) is seven


def test_params_mix_any_objective_and_refuse_a_share_above_one() -> None:
    section = plugins.choice("objectives")
    assert section.model_validate({"name": "jtt", "mix": 0.2}).mix == 0.2
    assert section.model_validate({"name": "jtt"}).mix == 0
    with pytest.raises(ValueError, match="mix"):
        section.model_validate({"name": "jtt", "mix": 1.2})


def test_balanced_epochs_show_each_class_alike_and_no_row_twice_before_all_of_its_class() -> None:
    labels = torch.tensor([0] * 90 + [1] * 7 + [2] * 3)
    order = balanced_by_class(labels, Generator().manual_seed(1))
    times = torch.bincount(order, minlength=100)
    assert [int(times[labels == k].sum()) for k in range(3)] == [34, 33, 33]
    assert times[labels == 0].max() == 1
    assert set(times[labels == 1].tolist()) == {4, 5}
    assert set(times[labels == 2].tolist()) == {11}


def pictures(shades: list[int], labels: list[int], side: int = 8, people: str = "p") -> Split:
    """Return grey pictures; row i is of person i // 2."""
    images = np.repeat(np.array(shades, np.uint8), side * side * 3).reshape(-1, side, side, 3)
    rows = pd.DataFrame({
        "id": [f"r{i}" for i in range(len(shades))],
        "identity": [f"{people}{i // 2}" for i in range(len(shades))],
    })  # fmt: skip
    return Split(rows, images, np.array(labels), np.zeros(len(labels), np.int64), 1)


def net_of_stages() -> Network:
    """Return two strided convolutions that pass on brightness, then a head."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 2, stride=2), nn.Conv2d(4, 4, 2, stride=2), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(4, 2),
    )  # fmt: skip
    return Network(net.eval(), "small", 2, (0.0,) * 3, (1.0,) * 3)


def test_a_loader_tells_which_rows_its_pictures_are() -> None:
    split = pictures([10 * i for i in range(20)], [0] * 20)
    (batch,) = BatchLoader(split, net_of_stages(), batch=20, seed=3).epoch(0)
    assert batch.images[:, 0, 0, 0] * 255 == pytest.approx(10.0 * batch.rows)
    assert batch.part(torch.tensor([2, 5])).rows.tolist() == batch.rows[[2, 5]].tolist()


def test_feature_distillation_adds_the_squared_distance_of_likenesses() -> None:
    same, apart = torch.tensor([[2.0, 0.0], [1.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    # rows of F F^T: (4, 2), (2, 1) -> (2, 1) / sqrt 5 twice; (9, 0), (0, 1) -> unit rows
    near, far = 2 / math.sqrt(5), 1 / math.sqrt(5)
    assert likenesses(same).flatten().tolist() == pytest.approx([near, far, near, far])
    distance = ((near - 1) ** 2 + far**2 + near**2 + (far - 1) ** 2) / 4
    said = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    found = feature_distillation(*TWO, said, same, apart, feature_weight=10)
    assert found.item() == pytest.approx(distillation(*TWO, said).item() + 10 * distance)


def test_features_of_networks_of_unlike_width_can_be_compared_and_have_a_gradient() -> None:
    wide, narrow = net_of_stages().net, nn.Sequential(nn.Flatten(), nn.Linear(192, 3),
                                                      nn.Linear(3, 2))  # fmt: skip
    batch = Batch(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 0, 1]), torch.zeros(4).long(), 1)
    LossFunction(feature_distillation, wide)(narrow, batch).backward()
    assert narrow[1].weight.grad is not None
    assert wide[0].weight.grad is None


def test_pseudo_cell_dro_is_group_dro_over_clusters_and_labels() -> None:
    clusters = torch.tensor([0, 1])
    ours, theirs = ({}, {})
    found = pseudo_cell_dro(*TWO, clusters, 2, ours, step_size=1)
    assert found.item() == pytest.approx(group_dro(*TWO, clusters, 2, theirs, step_size=1).item())
    assert found.item() == pytest.approx((2 * LOG2 + 4 * 2 * LOG2) / (2 + 4))


def test_divergence_dro_weighs_cells_by_how_far_they_are_from_the_dense_model() -> None:
    dense = torch.tensor([[0.5, 0.5], [0.2, 0.8]])
    logits = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
    away = (dense * (dense.log() - logits.log_softmax(1))).sum(1).tolist()
    grown = [math.exp(2 * one) for one in away]
    labels, clusters = torch.tensor([1, 0]), torch.tensor([0, 1])
    found = divergence_dro(logits, labels, dense, clusters, 2, {}, step_size=2)
    expected = sum(g * one for g, one in zip(grown, away, strict=True)) / sum(grown)
    assert found.item() == pytest.approx(expected)


def test_divergence_dro_has_nothing_to_do_where_the_pruned_model_is_as_the_dense_one() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 0.3]], requires_grad=True)
    dense = logits.detach().softmax(1)
    state: dict[str, Tensor] = {}
    wrong = torch.tensor([1, 1])  # of the true classes it asks nothing
    loss = divergence_dro(logits, wrong, dense, torch.tensor([0, 1]), 2, state)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-7)
    assert logits.grad is not None and float(logits.grad.abs().max()) < 1e-7
    assert state["log_weights"].nan_to_num(0, 0, 0).abs().max() < 1e-7


def test_the_worst_cell_is_the_surest_not_the_smallest() -> None:
    cells = np.repeat([0, 1, 2], [3, 40, 1000])
    right = np.ones(1043, bool)
    right[[0, 1, 2]] = False  # 3 of 3 lost: too few rows to be told
    right[3:13] = False  # 10 of 40 lost
    right[43:143] = False  # 100 of 1,000 lost
    served, rows, bound = worst_cell(cells, right)
    assert (served, rows) == (0.75, 40)
    assert bound == pytest.approx(0.8730, abs=1e-3)  # Clopper and Pearson's, 30 of 40


def test_clusters_are_found_where_the_dense_model_fails_without_a_group_label() -> None:
    dark, bright = [10] * 60, [240] * 60
    split = pictures(dark + bright, [0] * 60 + [1] * 60)
    right = np.ones(120, bool)
    right[60:80] = False
    network = net_of_stages()
    assert stage_names(network.net, network.blank((8, 8))) == ["0"]  # the last size is left out
    found = pseudo_groups(network, split, split, right, seed=1)
    assert (found.worst, found.worst_rows) == (pytest.approx(40 / 60), 60)
    assert len(np.unique(found.train[:60])) == len(np.unique(found.train[60:])) == 1


def test_folds_are_of_people_and_stay_when_rows_are_added() -> None:
    few, many = (fold_of_rows(pictures([0] * n, [0] * n), 3) for n in (40, 400))
    assert (few[::2] == few[1::2]).all()  # both pictures of a person
    assert (many[:40] == few).all()
    assert np.bincount(many, minlength=3).min() > 100


def test_each_picture_is_judged_by_the_model_that_left_its_person_out() -> None:
    class Sure(nn.Module):
        def __init__(self, label: int) -> None:
            super().__init__()
            self.label = label

        def forward(self, images: Tensor) -> Tensor:
            return functional.one_hot(torch.full((len(images),), self.label), 3) * 99.0

    fitted = CrossFitted([Sure(0), Sure(1), Sure(2)], torch.tensor([2, 0, 1, 1]))
    rows = torch.tensor([3, 0, 1, 2])
    batch = Batch(torch.rand(4, 1), torch.zeros(4).long(), torch.zeros(4).long(), 1, rows)
    assert fitted.probs(batch).argmax(1).tolist() == [1, 2, 0, 1]
    goal = LossFunction(performance_weighted_cross_fitted, hints=Hints(cross_fitted=fitted))
    held_out = fitted.probs(batch)
    net = nn.Linear(1, 3)
    expected = performance_weighted(
        net(batch.images), batch.labels, held_out, corrected_targets=False
    )
    assert goal(net, batch).item() == pytest.approx(expected.item())


def test_an_objective_that_needs_hints_says_so_where_there_are_none() -> None:
    batch = Batch(*TWO, torch.zeros(2).long(), 1)
    with pytest.raises(ValueError, match="pseudo-groups"):
        LossFunction(pseudo_cell_dro)(nn.Identity(), batch)
    hints = Hints(PseudoGroups(np.array([0, 1]), 2, "stage", 0.5, 20))
    told = Batch(*TWO, torch.zeros(2).long(), 1, torch.tensor([1, 0]))
    assert LossFunction(pseudo_cell_dro, hints=hints)(nn.Identity(), told).isfinite()


def test_jtt_counts_the_dense_models_mistakes_more_often() -> None:
    dense = torch.tensor([[0.9, 0.1], [0.9, 0.1]])  # right of the first, wrong of the second
    assert jtt(*TWO, dense, upweight=3).item() == pytest.approx((1 * LOG2 + 3 * 2 * LOG2) / 4)
    assert jtt(*TWO, dense, upweight=1).item() == pytest.approx(1.5 * LOG2)


def test_what_pw_teaches_near_one_half_is_turned_round() -> None:
    """With all weights alike: 2p - p^2 below one half, p^2 above it."""
    taught = response(np.array([0.1, 0.45, 0.55, 0.9]), min_weight=1, gamma=1,
                      corrected_targets=True)  # fmt: skip
    assert taught == pytest.approx([0.19, 0.6975, 0.3025, 0.81])
    plain = response(np.array([0.1, 0.45, 0.55, 0.9]), min_weight=1, gamma=1,
                     corrected_targets=False)  # fmt: skip
    assert plain == pytest.approx([0.1, 0.45, 0.55, 0.9])


def test_what_pw_teaches_is_where_its_expected_loss_is_smallest() -> None:
    """At dense probability .3 the truth is class 1 in 3 of 10 pictures."""
    labels = torch.tensor([1] * 3 + [0] * 7)
    dense = torch.tensor([[0.7, 0.3]] * 10)
    tried = torch.linspace(0.01, 0.99, 981)
    costs = [
        performance_weighted(torch.stack([1 - q, q]).log().repeat(10, 1), labels, dense,
                             min_weight=0.3, gamma=1.0).item()
        for q in tried
    ]  # fmt: skip
    best = tried[int(np.argmin(costs))].item()
    taught = response(np.array([0.3]), min_weight=0.3, gamma=1.0, corrected_targets=True)
    assert best == pytest.approx(taught[0], abs=1e-3)


def test_a_weak_dense_model_is_warned_of_and_a_sure_one_is_not() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2000)
    options = {"min_weight": 0.3, "gamma": 1.0, "corrected_targets": True}
    for reach, weak in ((0.4, True), (8.0, False)):
        odds = np.where(labels == 1, reach, -reach) + rng.normal(0, 1, 2000)
        positive = 1 / (1 + np.exp(-odds))
        said = warning(np.stack([1 - positive, positive], 1), labels, **options)
        assert ("too weak for performance_weighted" in said) == weak


def test_cross_fitting_without_a_training_to_repeat_is_refused(tmp_path: object) -> None:
    from faircompress.training.cross_fitting import cross_fitted

    how = check_train(epochs=0)
    with pytest.raises(ValueError, match="epochs is 0"):
        cross_fitted(how, None, pictures([0], [0]), 3, None, tmp_path)  # type: ignore[arg-type]


def check_train(**changes: object) -> object:
    import yaml

    raw = yaml.safe_load((plugins.ROOT.parents[1] / "params.yaml").read_text())
    start = {"from": "w.pt", "mean": [0, 0, 0], "std": [1, 1, 1]}
    return check({**raw, "train": {**raw["train"], **start, **changes}}).train
