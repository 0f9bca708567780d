"""Bounds by betting: valid at every size, and worth having."""

import itertools
import math

import numpy as np
import pytest

from faircompress.statistics import betting
from faircompress.statistics.clusters import kish
from faircompress.statistics.paired_proportions import certainty_floor


def one_order(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([values]), np.ones((1, len(values)))


@pytest.mark.parametrize("harm", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("weights", [[1.0] * 10, [1, 0.2, 0.5, 1, 1, 0.1, 0.7, 1, 0.3, 1]])
def test_wealth_is_no_more_than_one_on_average_if_the_null_holds(
    harm: float, weights: list[float]
) -> None:
    lost = np.array(list(itertools.product([0, 1], repeat=10)))  # every outcome of ten units
    chances = (harm**lost * (1 - harm) ** (1 - lost)).prod(axis=1)
    counts = np.tile(np.array(weights), (len(lost), 1))
    log = betting.log_wealth(-lost.astype(float), counts, np.array([-harm]), 0.05, low=-1)[0]
    assert chances @ np.exp(log) <= 1 + 1e-9
    assert chances @ (np.exp(log) >= 20) <= 0.05


def test_a_hopeless_goal_stakes_all_that_may_be_lost() -> None:
    # the null is -0.5 and -1 the worst: a stake of 2 loses all at -1 and doubles wealth at 0
    values, weights = one_order([0.0, 0.0, 0.0])
    log = betting.log_wealth(values, weights, np.array([-0.5]), 1e-200, low=-1)
    assert np.exp(log[0, 0]) == pytest.approx(2**3)
    values[0, 1] = -1.0
    assert betting.log_wealth(values, weights, np.array([-0.5]), 1e-200, low=-1)[0, 0] < -20


@pytest.mark.parametrize("seen", [0, 1, 7, 39])
def test_a_bet_is_placed_before_its_unit_is_seen(seen: int) -> None:
    values = np.random.default_rng(2).choice([-1.0, 0.0, 0.0, 0.0, 1.0], size=40)
    next_ones = np.array([-1.0, 0.0, 1.0])
    tried = np.tile(values, (3, 1))
    tried[:, seen] = next_ones
    tried[:, seen + 1 :] = -0.1  # the null itself: whatever is bet on these is neither won nor lost
    log = betting.log_wealth(tried, np.ones_like(tried), np.array([-0.1]), 0.05, low=-1)[0]
    worst, middle, best = np.exp(log)
    assert middle == pytest.approx((worst + best) / 2)  # one bet for all three, so a straight line
    assert best > worst


@pytest.mark.parametrize("units", [60, 150])
def test_harm_at_the_limit_in_few_units_rarely_passes(units: int) -> None:
    samples = -(np.random.default_rng(1).random((4000, units)) < 0.05).astype(float)
    log = betting.log_wealth(samples, np.ones_like(samples), np.array([-0.05]), 0.05, low=-1)[0]
    assert (np.exp(log) >= 20).mean() <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 4000)


def test_more_certainty_costs_width_and_more_units_save_it() -> None:
    values = np.random.default_rng(0).choice([-1, 0, 0, 0, 0, 0, 0, 1], (4, 400)).astype(float)
    by_alpha = [
        betting.mean_lower(values, np.ones_like(values), alpha, low=-1, high=1)
        for alpha in (0.2, 0.05, 0.01, 0.001)
    ]
    assert by_alpha == sorted(by_alpha, reverse=True)
    few = values[:, :100]
    fewer = betting.mean_lower(few - few.mean(), np.ones_like(few), 0.05, low=-2, high=2)
    assert fewer < betting.mean_lower(values - values.mean(), np.ones_like(values), 0.05,
                                      low=-2, high=2)  # fmt: skip


def test_upper_is_lower_mirrored_and_both_hold_the_mean() -> None:
    values, weights = one_order([0.5, -0.5, 0.25, 0, 0, -0.25] * 20)
    lower = betting.mean_lower(values, weights, 0.05, low=-1, high=1)
    assert lower == -betting.mean_upper(-values, weights, 0.05, low=-1, high=1)
    assert lower < values.mean() < betting.mean_upper(values, weights, 0.05, low=-1, high=1)


@pytest.mark.parametrize("units", [10, 58, 59, 200])
def test_unharmed_units_never_beat_the_certainty_floor(units: int) -> None:
    values, weights = one_order([0.0] * units)
    bound = betting.mean_lower(values, weights, 0.05, low=-1, high=1)
    assert bound <= -certainty_floor(units, 0.05) + 1e-9
    assert not betting.excluded(values, weights, np.array([-0.05]), 0.05, low=-1)[0] or units > 58


def test_70_unharmed_units_certify_one_in_twenty() -> None:
    values, weights = one_order([0.0] * 70)
    assert betting.mean_lower(values, weights, 0.05, low=-1, high=1) > -0.05


def test_a_unit_without_weight_is_not_there() -> None:
    values, weights = one_order([0.0, 1.0, -1.0, 0.5] * 30)
    padded = np.append(values, [[-1.0, -1.0]], axis=1)
    zeros = np.append(weights, [[0.0, 0.0]], axis=1)
    null = np.array([-0.3])
    with_padding = betting.log_wealth(padded, zeros, null, 0.05, low=-1)
    assert with_padding == pytest.approx(betting.log_wealth(values, weights, null, 0.05, low=-1))


def test_kish_counts_equal_weights_fully_and_a_single_heavy_one_as_one() -> None:
    assert kish(np.full(7, 3.0)) == pytest.approx(7)
    assert kish(np.array([1000.0, 1e-6])) == pytest.approx(1)
