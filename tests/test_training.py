"""Weights move the same way each time, whether or not the run was killed on its way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from faircompress.config.params import Compute, Optimisation
from faircompress.data.dataset import Split
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.training.batch_loader import BatchLoader
from faircompress.training.fit import fabric_for, fit
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives.cross_entropy import cross_entropy
from faircompress.training.objectives.performance_weighted import performance_weighted

CPU = Compute(device="cpu", devices=1, strategy="auto", precision="32-true")


def how(**changes: object) -> Optimisation:
    usual = {
        "epochs": 3, "batch": 16, "optimizer": "sgd", "lr": 0.05, "weight_decay": 0.0,
        "momentum": 0.9, "schedule": "cosine", "steps": [], "augment": ["flip", "crop"],
    }  # fmt: skip
    return Optimisation.model_validate({**usual, **changes})


def light_and_dark(rows: int = 64) -> Split:
    """Pictures whose brightness tells their label."""
    rng = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    images = rng.integers(0, 120, (rows, 32, 32, 3)) + 120 * labels.reshape(-1, 1, 1, 1)
    rows = pd.DataFrame({"label": labels})
    return Split(rows, images.astype(np.uint8), labels.astype(np.int64), labels % 2, 2)


def fresh() -> Network:
    torch.manual_seed(0)
    return Network(networks.build("resnet20", 2), "resnet20", 2, (0.5,) * 3, (0.25,) * 3)


def trained(network: Network, kept: Path | None = None, **given: object) -> Network:
    stop_after = given.pop("stop_after", None)

    def after_epoch(epoch: int, loss: float, net: nn.Module) -> None:
        if epoch == stop_after:
            raise KeyboardInterrupt

    fit(
        network, light_and_dark(), cross_entropy, how(**given), fabric_for(CPU),
        seed=1, what="training", checkpoint=kept, after_epoch=after_epoch,
    )  # fmt: skip
    return network


def test_a_network_learns_what_can_be_learnt() -> None:
    network = trained(fresh(), epochs=4)
    split = light_and_dark()
    assert (networks.probabilities(network, split.images).argmax(1) == split.labels).mean() > 0.95


def test_a_killed_training_goes_on_and_ends_in_the_same_weights(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(fresh(), tmp_path / "kept.pt", stop_after=2)
    resumed = trained(fresh(), tmp_path / "kept.pt").net.state_dict()
    whole = trained(fresh()).net.state_dict()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


class Counting(nn.Module):
    """Counts the batches that it learnt from, beside its tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.batches = nn.Linear(3, 2), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches += self.training
        return self.last(x.mean((2, 3)))

    def get_extra_state(self) -> int:
        return self.batches

    def set_extra_state(self, state: int) -> None:
        self.batches = state


def test_a_killed_training_goes_on_with_what_modules_keep_beside_tensors(tmp_path: Path) -> None:
    def counting() -> Network:
        return replace(fresh(), net=Counting())

    with pytest.raises(KeyboardInterrupt):
        trained(counting(), tmp_path / "kept.pt", stop_after=2)
    resumed, whole = trained(counting(), tmp_path / "kept.pt").net, trained(counting()).net
    assert resumed.get_extra_state() == whole.get_extra_state() > 0


def test_a_loss_that_is_no_number_is_an_error_that_names_the_learning_rate() -> None:
    with pytest.raises(ValueError, match="a lower lr than 1e\\+20 may help"):
        trained(fresh(), lr=1e20)


def test_each_epoch_shows_every_picture_once_in_another_order() -> None:
    feed = BatchLoader(light_and_dark(), fresh(), batch=16, seed=1)
    sums = [torch.cat([b.images.sum((1, 2, 3)) for b in feed.epoch(e)]) for e in (0, 1)]
    assert not torch.equal(sums[0], sums[1])
    assert torch.allclose(sums[0].sort().values, sums[1].sort().values)


def test_two_processes_share_an_epoch_between_them() -> None:
    halves = [
        BatchLoader(light_and_dark(), fresh(), batch=16, seed=1, rank=r, world=2) for r in (0, 1)
    ]
    seen = torch.cat([b.images.sum((1, 2, 3)) for half in halves for b in half.epoch(0)])
    assert len(seen) == 64
    assert len(seen.unique()) == 64


def test_a_shifted_picture_is_found_again_inside_the_frame() -> None:
    feed = BatchLoader(light_and_dark(), fresh(), batch=64, augment=["crop"], seed=1)
    plain = BatchLoader(light_and_dark(), fresh(), batch=64, seed=1)
    shifted, still = next(feed.epoch(0)).images, next(plain.epoch(0)).images
    reach = 3  # 32 / 12, rounded up
    for one, other in zip(shifted, still, strict=True):
        inner = one[:, reach:-reach, reach:-reach]
        places = (
            other[:, dy : dy + 32 - 2 * reach, dx : dx + 32 - 2 * reach]
            for dy in range(2 * reach + 1)
            for dx in range(2 * reach + 1)
        )
        assert any(torch.equal(inner, place) for place in places)


def test_a_step_schedule_divides_the_learning_rate_by_ten() -> None:
    seen: list[float] = []
    hook = register_optimizer_step_pre_hook(
        lambda optimizer, *_: seen.append(optimizer.param_groups[0]["lr"])
    )
    trained(fresh(), schedule="step", steps=[0.5], epochs=2, lr=0.1)
    hook.remove()
    assert seen == pytest.approx([0.1] * 4 + [0.01] * 4)


def test_the_dense_model_sees_the_same_augmented_pictures_and_stays_frozen() -> None:
    dense = fresh()
    before = {name: value.clone() for name, value in dense.net.state_dict().items()}
    network = fresh()
    fit(
        network, light_and_dark(), performance_weighted, how(epochs=1), fabric_for(CPU),
        seed=1, what="fine-tuning", dense=dense.net,
    )  # fmt: skip
    assert all(torch.equal(before[name], value) for name, value in dense.net.state_dict().items())


def test_an_objective_without_its_dense_model_is_refused() -> None:
    batch = next(BatchLoader(light_and_dark(), fresh(), batch=8).epoch(0))
    with pytest.raises(ValueError, match="compares with the dense model"):
        LossFunction(performance_weighted)(fresh().net, batch)
