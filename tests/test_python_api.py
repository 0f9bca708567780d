"""From Python: prune, export, a loss for loops of one's own, and metrics for Fairlearn."""

import copy
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import faircompress
from faircompress import PerformanceWeightedLoss
from faircompress.compression.channels import read_widths
from faircompress.support.errors import InputError
from faircompress.support.progress import track
from faircompress.training.objectives.performance_weighted import performance_weighted

RNG = torch.Generator().manual_seed(0)
LABELS = torch.arange(32) % 2
PICTURES = torch.rand(32, 3, 16, 16, generator=RNG) + LABELS.view(-1, 1, 1, 1)
LOADER = [(PICTURES[:16], LABELS[:16]), (PICTURES[16:], LABELS[16:])]


class Mine(nn.Module):
    """A network as people write them, with a form of output of their own."""

    def __init__(self, form: str = "tensor") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.form = form
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.PReLU(16),
            nn.Conv2d(16, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(16, 1 if form == "one" else 2)

    def forward(self, x: Tensor) -> Any:
        logits = self.head(self.body(x).mean((2, 3)))
        return {"logits": logits, "size": x.shape} if self.form == "dict" else logits


@pytest.mark.parametrize("form", ["tensor", "one", "dict"])
def test_a_network_of_ones_own_is_cut_and_gives_what_it_gave(form: str) -> None:
    model = Mine(form).train()
    before = copy.deepcopy(model.state_dict())
    pruned = faircompress.prune(model, LOADER, speedup=3, epochs=1, rounds=2)
    assert type(pruned) is Mine and not pruned.training and model.training
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in before)
    given, wanted = pruned(PICTURES), model.eval()(PICTURES)
    if form == "dict":
        assert list(given) == ["logits", "size"]
        given, wanted = given["logits"], wanted["logits"]
    assert given.shape == wanted.shape
    macs = [read_widths(net.body, PICTURES[:1]).layers for net in (model, pruned)]
    dense, left = (sum(x.outputs * x.inputs * x.macs_a_pair for x in m.values()) for m in macs)
    assert 3 <= dense / left <= 3.4


def test_sharpness_aware_steps_can_be_asked_for_and_lead_elsewhere() -> None:
    """A step of radius 0 is the plain one; the model's running means learn once from a batch."""
    first, *others = (
        faircompress.prune(Mine(), LOADER, speedup=3, epochs=1, rounds=1, **more).state_dict()
        for more in ({}, {"sam": 0.0}, {"sam": 0.5})
    )
    plain, sharp = ([torch.equal(first[name], one[name]) for name in first] for one in others)
    assert all(plain) and not all(sharp)
    counted = [name for name in first if name.endswith("num_batches_tracked")]
    assert counted and all(torch.equal(first[name], others[1][name]) for name in counted)
    with pytest.raises(InputError, match="sam is -1, and needed is 0 or more"):
        faircompress.prune(Mine(), LOADER, sam=-1)


class WithFeatures(Mine):
    def forward(self, x: Tensor) -> Any:
        features = self.body(x).mean((2, 3))
        return {"logits": self.head(features), "features": features}


@pytest.mark.parametrize("form", ["tensor", "one", "dict"])
def test_what_is_left_can_make_up_for_what_went_before_any_tuning(form: str) -> None:
    def logits(net: nn.Module) -> Tensor:
        given = net(PICTURES)
        found: Tensor = given["logits"] if form == "dict" else given
        return found.detach()

    model = Mine(form).eval()
    how: Any = {"speedup": 2, "criterion": "magnitude", "epochs": 0, "rounds": 1}
    cut, repaired = (faircompress.prune(model, LOADER, repair=n, **how) for n in (0, 32))
    far, near = ((logits(net) - logits(model)).abs().mean() for net in (cut, repaired))
    assert near < far / 2
    with pytest.raises(ValueError, match="repair is -1, and needed is 0 or more"):
        faircompress.prune(model, LOADER, repair=-1, **how)


def test_features_that_a_network_gives_beside_its_logits_stay_as_many() -> None:
    pruned = faircompress.prune(WithFeatures(), LOADER, speedup=3, epochs=0, rounds=2)
    shapes = {name: tuple(part.shape) for name, part in pruned(PICTURES).items()}
    assert shapes == {"logits": (32, 2), "features": (32, 16)}
    assert pruned.body[0].out_channels < 16


@dataclass
class Inner:
    features: Tensor


@dataclass(slots=True)
class Answer:
    logits: Tensor
    inner: Inner


class WithAnswer(Mine):
    def forward(self, x: Tensor) -> Any:
        features = self.body(x).mean((2, 3))
        return Answer(self.head(features), Inner(features))


def test_features_deep_in_what_a_network_gives_stay_too() -> None:
    pruned = faircompress.prune(WithAnswer(), LOADER, speedup=3, epochs=0, rounds=2, classes=2)
    assert pruned(PICTURES).inner.features.shape == (32, 16)
    assert pruned.body[0].out_channels < 16


class GivenItsForward(WithFeatures):
    """A network that took another forward for itself alone."""

    def __init__(self) -> None:
        super().__init__()
        self.forward = self.of_another_name

    def of_another_name(self, x: Tensor) -> Any:
        return {"logits": super().forward(x)["logits"] + 1}


def test_a_forward_that_the_network_itself_was_given_is_kept() -> None:
    model = GivenItsForward().eval()
    pruned = faircompress.prune(model, LOADER, speedup=3, epochs=0, rounds=2)
    assert [*pruned(PICTURES)] == [*model(PICTURES)] == ["logits"]
    assert pruned.head.in_features < 16 == model.head.in_features
    assert pruned.forward.__self__ is pruned


class OfConvolutions(nn.Module):
    """Gates of linear layers, and classes by a convolution, as fully convolutional networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 32, 3), nn.Conv2d(32, 2, 1)
        self.gate = nn.Sequential(nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 32), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        return self.head(x * self.gate(x.mean((2, 3)))[..., None, None]).mean((2, 3))


def test_the_layer_of_the_classes_is_told_by_their_number_where_linear_layers_are_gates() -> None:
    pruned = faircompress.prune(OfConvolutions(), LOADER, speedup=8, epochs=0, rounds=2)
    assert (pruned.body.out_channels, pruned.head.out_channels) == (4, 2)


def test_tuning_lowers_the_loss_of_what_was_cut() -> None:
    cut, tuned = (
        faircompress.prune(Mine(), LOADER, speedup=3, criterion="magnitude", loss="cross_entropy",
                           epochs=epochs, lr=0.01)
        for epochs in (0, 8)
    )  # fmt: skip
    losses = [nn.functional.cross_entropy(net(PICTURES), LABELS).item() for net in (cut, tuned)]
    assert losses[1] < losses[0]


def test_objectives_that_compare_groups_are_given_them() -> None:
    loader = [(images, labels, torch.arange(16) // 8) for images, labels in LOADER]
    pruned = faircompress.prune(Mine(), loader, speedup=2, loss="group_dro", epochs=1, rounds=1)
    assert pruned(PICTURES).shape == (32, 2)


@pytest.mark.parametrize(
    ("model", "loader", "why"),
    [(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(784, 2), nn.Softmax(1)), LOADER,
      "ends in a softmax"),
     (Mine(), [], "the loader gives no batch"),
     (Mine(), [PICTURES], "the loader gives a Tensor, and needed are"),
     (Mine(), [(PICTURES.byte(), LABELS)], "needed are pictures as one float tensor")],
)  # fmt: skip
def test_what_cannot_be_pruned_is_refused(model: nn.Module, loader: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        faircompress.prune(model, loader)


def test_one_logit_weighs_as_two_do() -> None:
    loss = PerformanceWeightedLoss(0.2, 2.0)
    z, d = torch.tensor([1.5, -0.3, 2.0]), torch.tensor([3.0, 1.0, -2.0])
    labels = torch.tensor([1, 0, 1])
    two = [torch.stack([torch.zeros(3), one], 1) for one in (z, d)]
    for shape in ((3,), (3, 1)):
        one = loss(z.view(shape), labels.view(shape).float(), d.view(shape))
        assert one.item() == pytest.approx(loss(two[0], labels, two[1]).item())
    # by hand: the dense model is right of the first alone, since round(p) is 1, 1 and 0
    p = torch.sigmoid(d)
    target = torch.tensor([p[0].item(), 0.0, 1.0])
    served = torch.tensor([p[0].item(), 1 - p[1].item(), p[2].item()])
    each = nn.functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    by_hand = ((0.2 + 0.8 * (1 - served) ** 2) * each).mean().item()
    assert loss(z, labels, d).item() == pytest.approx(by_hand)


def test_many_logits_are_the_objective_of_the_chain() -> None:
    logits, dense = torch.randn(6, 5, generator=RNG), torch.randn(6, 5, generator=RNG)
    labels = torch.arange(6) % 5
    found = PerformanceWeightedLoss(0.3, 1.0)(logits, labels, dense)
    assert found == performance_weighted(logits, labels, dense.softmax(1), min_weight=0.3, gamma=1)
    with pytest.raises(ValueError, match=r"dense_logits has shape \(6, 4\), logits \(6, 5\)"):
        PerformanceWeightedLoss()(logits, labels, dense[:, :4])
    with pytest.raises(ValueError, match="min_weight is 2"):
        PerformanceWeightedLoss(min_weight=2)


def test_a_network_of_one_logit_is_exported_as_two_probabilities(tmp_path: Path) -> None:
    import onnxruntime

    model = Mine("one").eval()
    how: dict[str, Any] = {"size": (16, 16), "classes": ["no", "yes"]}
    path = faircompress.export(model, tmp_path / "net.onnx", **how, mean=(0.0,) * 3, std=(1.0,) * 3)
    pictures = np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3), np.uint8)
    (found,) = onnxruntime.InferenceSession(path).run(None, {"images": pictures})
    with torch.no_grad():
        wanted = model(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255).sigmoid().numpy()
    assert np.abs(found[:, 1:] - wanted).max() < 1e-5
    assert type(model) is Mine


def test_a_notebook_is_shown_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.delenv("FAIRCOMPRESS_EVENTS", raising=False)
    assert [*track([1, 2], "cutting", 2)] == [1, 2]
    assert capsys.readouterr().err.endswith("cutting  [" + "=" * 30 + "]  2 of 2\n")


TRUTH, SCORES = np.array([1, 1, 0, 0, 1, 0]), np.array([0.9, 0.3, 0.6, 0.1, 0.6, 0.2])


@pytest.mark.parametrize(
    ("name", "value"),
    [("accuracy", 4 / 6), ("true_positive_rate", 2 / 3), ("false_positive_rate", 1 / 3),
     ("false_negative_rate", 1 / 3), ("selection_rate", 1 / 2), ("precision", 2 / 3),
     ("auroc", 7.5 / 9)],
)  # fmt: skip
def test_a_metric_is_a_function_of_arrays(name: str, value: float) -> None:
    assert faircompress.metric(name)(TRUTH, SCORES) == pytest.approx(value)


def test_auroc_with_weights_is_that_of_scikit_learn() -> None:
    weights = np.array([1.0, 2, 3, 1, 2, 5])
    found = faircompress.metric("auroc")(TRUTH, SCORES, sample_weight=weights)
    assert found == pytest.approx(roc_auc_score(TRUTH, SCORES, sample_weight=weights))
    assert math.isnan(faircompress.metric("auroc")([1, 1], [0.5, 0.7]))


def test_fairlearn_takes_the_metrics_by_group() -> None:
    from fairlearn.metrics import MetricFrame

    names = ("true_positive_rate", "auroc", "negative_flips")
    frame = MetricFrame(
        metrics={name: faircompress.metric(name) for name in names},
        y_true=TRUTH, y_pred=SCORES, sensitive_features=[*"aaabbb"],
        sample_params={"negative_flips": {"baseline": np.array([0.9, 0.8, 0.2, 0.7, 0.9, 0.3])}},
    )  # fmt: skip
    assert frame.by_group.loc["a"].tolist() == pytest.approx([1 / 2, 1 / 2, 2 / 3])
    assert frame.by_group.loc["b"].tolist() == pytest.approx([1, 1, 0])


@pytest.mark.parametrize(
    ("call", "why"),
    [(lambda: faircompress.metric("auroch"), "no 'auroch' in metrics"),
     (lambda: faircompress.metric("cross_group_auroc"), "compares a group with everyone"),
     (lambda: faircompress.metric("auroc")([1, 0], [2.0, 3.0]), "some are outside"),
     (lambda: faircompress.metric("auroc")([1, 0], [0.5]), "y_true has 2 rows and y_pred 1")],
)  # fmt: skip
def test_a_mistake_with_a_metric_is_told(call: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call()
