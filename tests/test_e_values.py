"""E-values are 1 on average at the limit, whatever is averaged, multiplied or the smallest."""

import itertools
import math
from functools import partial

import numpy as np
import pytest

from faircompress.statistics import e_values
from faircompress.statistics.paired_proportions import excludes

ALPHA = 0.05


def chance(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    ways = math.factorial(sum(counts)) / math.prod(math.factorial(n) for n in counts)
    return ways * math.prod(share**n for n, share in zip(counts, shares, strict=True))


@pytest.mark.parametrize("gained", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("rows", [1, 5, 12])
def test_a_paired_share_at_the_limit_has_an_e_value_of_one_on_average(
    gained: float, rows: int
) -> None:
    shares = (gained + 0.1, gained, 0.9 - 2 * gained)
    tables = [(l, g) for l in range(rows + 1) for g in range(rows + 1 - l)]  # noqa: E741
    mean = sum(
        chance((l, g, rows - l - g), shares)
        * e_values.of_paired_share(l, g, rows, np.array([-0.1]), ALPHA)[0]
        for l, g in tables  # noqa: E741
    )
    assert mean == pytest.approx(1)


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_a_rate_at_its_minimum_has_an_e_value_of_one_on_average(rate: float) -> None:
    mean = sum(
        chance((hits, 12 - hits), (rate, 1 - rate))
        * e_values.of_rate(hits, 12, np.array([rate]), ALPHA)[0]
        for hits in range(13)
    )
    assert mean == pytest.approx(1)


def test_all_outcomes_in_all_orders_average_to_exactly_one() -> None:
    """Three units in all of their 6 orders, each -1 with chance .2, against "at most -.2"."""
    total = 0.0
    for outcome in itertools.product([-1.0, 0.0], repeat=3):
        orders = np.array(list(itertools.permutations(outcome)))
        lost = -sum(outcome)
        e_value = e_values.of_mean(orders, np.ones_like(orders), np.array([-0.2]), ALPHA, low=-1)[0]
        total += 0.2**lost * 0.8 ** (3 - lost) * e_value
    assert total == pytest.approx(1)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("second", [-0.1, 0.0, 0.05])
def test_a_difference_at_the_limit_is_at_most_one_on_average_whatever_rows_are_shared(
    second: float, shared: bool
) -> None:
    """Of 10 rows a group loses .2 more than the other; ``shared``: both are the same 10 rows."""
    limit, rows = 0.2, 10
    first = second - limit
    mean = 0.0
    single = [
        (chance((lost, rows - lost), (-first, 1 + first)), (lost, 0)) for lost in range(rows + 1)
    ]
    size = round(abs(second), 9)
    other = [(chance((n, rows - n), (size, 1 - size)), n) for n in range(rows + 1)]
    for p, (lost, gained) in single:
        against_first = partial(e_values.of_paired_share, lost, gained, rows, alpha=ALPHA / 2)
        for q, n in other:
            if shared and n != lost:
                continue  # as many rows are lost, or gained, by the other group: one draw for both
            table = (0, n) if second < 0 else (n, 0)  # -d_b: lost and gained exchanged
            against_second = partial(e_values.of_paired_share, *table, rows, alpha=ALPHA / 2)
            weight = p if shared else p * q
            if weight > 1e-4:
                mean += weight * e_values.of_difference(against_first, against_second, limit)
    assert mean <= 1


def test_two_unharmed_groups_are_told_to_differ_by_less_than_the_limit() -> None:
    same = partial(e_values.of_paired_share, 3, 3, 300, alpha=ALPHA / 2)
    assert e_values.of_difference(same, same, 0.2) >= 1 / ALPHA
    few = partial(e_values.of_paired_share, 0, 0, 20, alpha=ALPHA / 2)
    assert e_values.of_difference(few, few, 0.2) < 1 / ALPHA  # .9 ** -20 is 8


def test_a_group_that_lost_more_by_the_limit_has_no_evidence() -> None:
    lost = partial(e_values.of_paired_share, 60, 0, 300, alpha=ALPHA / 2)
    same = partial(e_values.of_paired_share, 0, 0, 300, alpha=ALPHA / 2)
    assert e_values.of_difference(lost, same, 0.2) < 2


def test_unharmed_rows_earn_what_the_law_allows_and_no_more() -> None:
    e_value = e_values.of_paired_share(0, 0, 60, np.array([-0.05]), 0.01)[0]
    assert 0.95**-60 * 0.6 <= e_value <= 0.95**-60


def test_an_e_value_costs_little_against_the_exact_tail() -> None:
    needed = [
        next(n for n in range(20, 400) if passes(n))
        for passes in (
            lambda n: excludes(1, 1, n, -0.1, ALPHA),
            lambda n: e_values.of_paired_share(1, 1, n, np.array([-0.1]), ALPHA)[0] >= 1 / ALPHA,
        )
    ]
    assert needed[1] <= 1.5 * needed[0]


def test_fresh_people_multiply_and_a_condition_that_is_not_met_settles_it() -> None:
    assert e_values.topped_up([5.0, 4.0, 0.5]) == 10
    assert e_values.topped_up([math.inf, 0.0]) == 0
    assert e_values.topped_up([1e300, 1e300]) == math.exp(e_values.LARGEST)
    assert e_values.smallest([30.0, 2.0, 7.0]) == 2
    assert e_values.smallest([30.0, 0.0]) == 0


def test_more_lost_rows_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="of 4 rows"):
        e_values.of_paired_share(5, 0, 4, np.array([-0.1]), ALPHA)
