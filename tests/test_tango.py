"""Bounds for proportions, against brute force and by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom, multinomial
from statsmodels.stats.proportion import proportion_confint

from faircompress.verdict import tango

TABLES = [(3, 1, 28), (0, 4, 30), (7, 7, 60), (12, 2, 150), (0, 1, 20)]


def likeliest_share_lost(lost: int, gained: int, units: int, change: float) -> float:
    """Maximise the trinomial likelihood numerically."""

    def loss(share: float) -> float:
        parts = [(lost, share), (gained, share + change), (units - lost - gained, 0.0)]
        parts[2] = (parts[2][0], 1 - 2 * share - change)
        return -sum(count * math.log(max(p, 1e-300)) for count, p in parts if count)

    low = max(0.0, -change)
    return float(minimize_scalar(loss, bounds=(low, (1 - change) / 2), method="bounded",
                                 options={"xatol": 1e-12}).x)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", [-0.2, -0.05, 0.1])
def test_the_score_uses_the_likeliest_discordance(
    table: tuple[int, int, int], change: float
) -> None:
    lost, gained, units = table
    share = likeliest_share_lost(lost, gained, units, change)
    score = (gained - lost - units * change) / math.sqrt(units * (2 * share + change - change**2))
    expected = math.erfc(score / math.sqrt(2)) / 2
    assert tango.score_p_value(lost, gained, units, change) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("share_lost", [0.05, 0.3])
def test_the_distribution_of_a_difference_is_that_of_counted_cases(share_lost: float) -> None:
    units, share_gained = 6, 0.2
    first, chances = tango.difference_chances(units, share_gained, share_lost)
    by_hand = dict.fromkeys(range(-units, units + 1), 0.0)
    for gained, lost in itertools.product(range(units + 1), repeat=2):
        if gained + lost <= units:
            case = [gained, lost, units - gained - lost]
            rest = 1 - share_gained - share_lost
            by_hand[gained - lost] += multinomial.pmf(case, units, [share_gained, share_lost, rest])
    assert {first + i: c for i, c in enumerate(chances)} == pytest.approx(by_hand, abs=1e-12)


def test_the_window_leaves_nothing_out_for_many_units() -> None:
    first, chances = tango.difference_chances(100_000, 0.0, 0.001)
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert chances[: -100 - first + 1].sum() == pytest.approx(
        binom.sf(99, 100_000, 0.001), abs=1e-9
    )


def test_where_only_losses_happen_the_exact_chance_is_binomial() -> None:
    assert tango.exact_p_value(1, 0, 87, -0.05) == pytest.approx(binom.cdf(1, 87, 0.05))
    assert binom.cdf(1, 87, 0.05) > 0.06 > 0.05 > tango.score_p_value(1, 0, 87, -0.05)


@pytest.mark.parametrize("table", TABLES)
def test_swapping_the_models_mirrors_the_bounds(table: tuple[int, int, int]) -> None:
    lost, gained, units = table
    lower = tango.change_lower(lost, gained, units, 0.05)
    assert lower == -tango.change_upper(gained, lost, units, 0.05)
    assert lower <= (gained - lost) / units <= tango.change_upper(lost, gained, units, 0.05)


@pytest.mark.parametrize("table", TABLES)
def test_more_certainty_costs_width(table: tuple[int, int, int]) -> None:
    bounds = [tango.change_lower(*table, alpha) for alpha in (0.2, 0.05, 0.01, 0.001)]
    assert bounds == sorted(bounds, reverse=True)


@pytest.mark.parametrize(("units", "certifies"), [(58, False), (59, True)])
def test_only_59_unharmed_units_exclude_a_harm_of_one_in_twenty(
    units: int, certifies: bool
) -> None:
    assert (0.95**units <= 0.05) is certifies
    assert (tango.certainty_floor(units, 0.05) <= 0.05) is certifies
    assert (tango.change_lower(0, 0, units, 0.05) >= -0.05) is certifies


@pytest.mark.parametrize(("hits", "units"), [(0, 10), (3, 10), (10, 10), (97, 100)])
def test_a_share_is_bounded_as_by_clopper_and_pearson(hits: int, units: int) -> None:
    low, high = proportion_confint(hits, units, alpha=0.1, method="beta")
    assert tango.share_lower(hits, units, 0.05) == pytest.approx(low)
    assert tango.share_upper(hits, units, 0.05) == pytest.approx(high)


@pytest.mark.parametrize("units", [30, 59, 87])
@pytest.mark.parametrize("churn", [0.0, 0.1])
def test_harm_at_the_limit_passes_no_more_often_than_alpha(units: int, churn: float) -> None:
    limit, alpha, passed = 0.05, 0.05, 0.0
    cases = np.array(list(itertools.product(range(units + 1), repeat=2)))
    cases = np.column_stack([cases, units - cases.sum(axis=1)])[cases.sum(axis=1) <= units]
    chances = multinomial.pmf(cases, units, [churn + limit, churn, 1 - 2 * churn - limit])
    for (lost, gained, _), chance in zip(
        cases[chances > 1e-5], chances[chances > 1e-5], strict=True
    ):
        table = (float(lost), float(gained), float(units), -limit)
        passed += chance * (tango.score_p_value(*table) <= alpha >= tango.exact_p_value(*table))
    assert passed <= alpha + chances[chances <= 1e-5].sum()
