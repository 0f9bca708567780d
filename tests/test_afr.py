"""Automatic feature reweighting: what a picture counts falls as the held-out model is surer."""

import math

import pytest
import torch

from faircompress.training.loss_function import needs
from faircompress.training.objectives.afr import afr

LOG2 = math.log(2)
THREE = (  # losses log 2, log 4, log 4
    torch.tensor([[0.0, 0.0], [math.log(3), 0.0], [math.log(3), 0.0]]),
    torch.tensor([0, 1, 1]),
)
HELD_OUT = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]])  # of the true class: .5, 0, .5


def test_a_sample_counts_by_how_little_a_held_out_model_believed_its_class() -> None:
    found = afr(*THREE, HELD_OUT, gamma=2 * LOG2, balance=False)  # weights 1/2, 1, 1/2
    assert found.item() == pytest.approx((0.5 * 1 + 1 * 2 + 0.5 * 2) * LOG2 / 2)


def test_classes_count_alike_however_many_of_them_are_in_the_batch() -> None:
    found = afr(*THREE, HELD_OUT, gamma=0)  # one of class 0, two of class 1
    assert found.item() == pytest.approx((1 * 1 + 0.5 * 2 + 0.5 * 2) * LOG2 / 2)


def test_gamma_0_without_balance_is_cross_entropy_and_it_asks_for_held_out_models() -> None:
    found = afr(*THREE, HELD_OUT, gamma=0, balance=False)
    assert found.item() == pytest.approx(5 / 3 * LOG2)
    assert needs(afr, "held_out_probs") and not needs(afr, "groups")
