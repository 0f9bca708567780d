"""Exact bounds for shares, against brute force and by hand."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom, multinomial
from statsmodels.stats.proportion import proportion_confint

from faircompress.statistics import paired_proportions as bounds

TABLES = [(3, 1, 28), (0, 4, 30), (7, 7, 60), (12, 2, 150), (0, 1, 20)]


def level(rows: int, limit: float, discordance: float, alpha: float) -> float:
    """Sum the chances of all tables that exclude a fall of the limit, which is the true one."""
    lost, gained = (discordance + limit) / 2, (discordance - limit) / 2
    total = 0.0
    for table in itertools.product(range(rows + 1), repeat=2):
        if sum(table) <= rows:
            chance = multinomial.pmf([*table, rows - sum(table)], rows,
                                     [lost, gained, 1 - lost - gained])  # fmt: skip
            if chance > 1e-7 and bounds.excludes(*table, rows, -limit, alpha):
                total += chance
    return total


@pytest.mark.parametrize("times", [1.0, 1.1, 2.0, 4.0])
@pytest.mark.parametrize(("rows", "limit"), [(20, 0.2), (45, 0.1)])
def test_harm_at_the_limit_passes_no_more_often_than_alpha(
    rows: int, limit: float, times: float
) -> None:
    assert level(rows, limit, limit * times, 0.05) <= 0.05


def test_nearly_all_of_alpha_is_used_where_only_losses_happen() -> None:
    """Of 75 rows of which a tenth is lost, at most 2 are with chance .016, at most 3 with .050."""
    assert binom.cdf([2, 3], 75, 0.1) == pytest.approx([0.0161, 0.0504], abs=1e-4)
    assert bounds.p_value(2, 0, 75, -0.1, 0.025) == pytest.approx(0.0161, abs=2e-3)
    assert bounds.excludes(2, 0, 75, -0.1, 0.025) and not bounds.excludes(3, 0, 75, -0.1, 0.025)


@pytest.mark.parametrize("table", TABLES)
def test_no_discordance_in_the_range_makes_a_table_likelier(table: tuple[int, int, int]) -> None:
    """The maximum over cells is that of a fine grid, or a little more."""
    lost, gained, rows = table
    change, alpha = -0.08, 0.05
    observed = bounds.score(np.array([lost]), np.array([gained]), rows, change)[0]
    cases = np.array([c for c in itertools.product(range(rows + 1), repeat=2) if sum(c) <= rows])
    extreme = bounds.score(cases[:, 0], cases[:, 1], rows, change) >= observed - 1e-12
    spent = bounds.NUISANCE * alpha / 2
    low = max(bounds.share_lower(lost + gained, rows, spent), abs(change))
    high = bounds.share_upper(lost + gained, rows, spent)
    worst = 0.0
    for both in np.linspace(low, high, 60):
        shares = [(both - change) / 2, (both + change) / 2, 1 - both]
        counts = np.column_stack([cases, rows - cases.sum(axis=1)])[extreme]
        worst = max(worst, multinomial.pmf(counts, rows, shares).sum())
    found = bounds.p_value(lost, gained, rows, change, alpha)
    assert worst <= found <= 1.1 * worst + 2 * bounds.NUISANCE * alpha


@pytest.mark.parametrize("table", TABLES)
def test_swapping_the_models_mirrors_the_bounds(table: tuple[int, int, int]) -> None:
    lost, gained, rows = table
    lower = bounds.change_lower(lost, gained, rows, 0.05)
    assert lower == -bounds.change_upper(gained, lost, rows, 0.05)
    assert lower <= (gained - lost) / rows <= bounds.change_upper(lost, gained, rows, 0.05)


@pytest.mark.parametrize("table", TABLES)
def test_a_bound_is_where_exclusion_ends(table: tuple[int, int, int]) -> None:
    lower = bounds.change_lower(*table, 0.05)
    assert bounds.excludes(*table, lower, 0.05)
    assert not bounds.excludes(*table, lower + 1 / bounds.grid(table[2]), 0.05)


@pytest.mark.parametrize("table", TABLES)
def test_more_certainty_costs_width(table: tuple[int, int, int]) -> None:
    found = [bounds.change_lower(*table, alpha) for alpha in (0.2, 0.05, 0.01, 0.001)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(("rows", "certifies"), [(58, False), (59, True)])
def test_only_59_unharmed_rows_exclude_a_harm_of_one_in_twenty(rows: int, certifies: bool) -> None:
    assert (0.95**rows <= 0.05) is certifies
    assert (bounds.certainty_floor(rows, 0.05) <= 0.05) is certifies
    assert bounds.excludes(0, 0, rows, -0.05, 0.05) is certifies


def test_a_table_of_200_000_rows_is_bounded_as_by_the_normal_distribution() -> None:
    lower = bounds.change_lower(3000, 2500, 200_000, 0.025)
    assert lower == pytest.approx(-0.0025 - 1.96 * np.sqrt(5500) / 200_000, abs=5e-5)


@pytest.mark.parametrize(("hits", "rows"), [(0, 10), (3, 10), (10, 10), (97, 100)])
def test_a_share_is_bounded_as_by_clopper_and_pearson(hits: int, rows: int) -> None:
    low, high = proportion_confint(hits, rows, alpha=0.1, method="beta")
    assert bounds.share_lower(hits, rows, 0.05) == pytest.approx(low)
    assert bounds.share_upper(hits, rows, 0.05) == pytest.approx(high)


@pytest.mark.parametrize(
    ("lost", "gained", "rows", "alpha"), [(5, 5, 20, 0.05), (1, 17, 73, 0.025), (3, 9, 30, 0.2)]
)
def test_a_bound_has_no_change_below_it_that_is_not_excluded(
    lost: int, gained: int, rows: int, alpha: float
) -> None:
    """In the first two, changes above the bound are excluded again."""
    parts = bounds.grid(rows)
    first = next(
        at
        for at in range(-parts, parts + 1)
        if not bounds.excludes(lost, gained, rows, at / parts, alpha)
    )
    assert bounds.change_lower(lost, gained, rows, alpha) == pytest.approx((first - 1) / parts)


@pytest.mark.parametrize("rows", [30, 400, 50_000])
def test_sums_of_chances_differ_from_the_tail_by_a_thousandth_of_what_is_allowed(rows: int) -> None:
    """So a tail that lies beside a level by ``ROUNDING`` of it lies on the same side."""
    rng = np.random.default_rng(rows)
    for _ in range(20):
        lost, gained = (int(rng.integers(rows // 5 + 1)) for _ in range(2))
        change = (gained - lost) / rows - float(rng.uniform(0, 4)) * np.sqrt(
            lost + gained + 1
        ) / rows
        table = (lost, gained, rows, max(change, -0.99), 0.025)
        exact = bounds._tails(*table, bounds._exactly, bounds._at_least)
        summed = bounds._tails(*table, bounds._roughly, bounds._at_least_summed)
        assert summed == pytest.approx(exact, rel=bounds.ROUNDING / 1000)
        assert bounds.p_value(*table) == min(exact.max(), 1)


def test_a_tail_that_is_a_level_is_decided_by_the_tail_itself() -> None:
    table = (12, 2, 150, -0.16, 0.025)
    tail = bounds.p_value(*table)
    assert bounds._beside((tail,), *table) == tail
