"""Many nulls at once: how often a true one is rejected, and what a rejection hands on."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest

from faircompress.statistics.multiplicity import Check, halving_shares, holm, in_order

Procedure = Callable[[Sequence[Check]], dict[int, float]]
ALPHA, SETS = 0.05, 3000


def checks(p_values: list[float], disparities: int = 0) -> list[Check]:
    first = len(p_values) - disparities
    return [Check.of(p, ALPHA, disparity=i >= first) for i, p in enumerate(p_values)]


def test_what_is_rejected_hands_its_level_to_the_next() -> None:
    # of three, 1/2, 1/4, 1/4 of .05; the second is out at .0125, the third then moves up to .025
    assert in_order(checks([0.9, 0.012, 0.02])) == {1: 0.0125, 2: 0.025}
    assert in_order(checks([0.9, 0.013, 0.02])) == {}  # it is not, and .02 is over .0125


def test_a_check_alone_has_all_of_alpha() -> None:
    assert in_order(checks([0.05])) == {0: 0.05}
    assert in_order(checks([0.05], disparities=1)) == {0: 0.05}


def test_disparities_wait_with_a_tenth_until_all_changes_are_rejected() -> None:
    assert in_order(checks([0.9, 0.006], disparities=1)) == {}  # a tenth of .05 is .005
    assert in_order(checks([0.9, 0.004], disparities=1)) == {1: pytest.approx(0.005)}
    assert in_order(checks([0.04, 0.05], disparities=1)) == {0: pytest.approx(0.045), 1: 0.05}
    assert in_order(checks([0.05, 0.005], disparities=1)) == {1: pytest.approx(0.005), 0: 0.05}


def test_holm_divides_by_how_many_remain() -> None:
    assert holm(checks([0.02, 0.01, 0.9])) == {1: pytest.approx(0.05 / 3), 0: 0.025}
    assert holm(checks([0.03, 0.02, 0.9])) == {}


def test_every_check_has_a_share_of_its_own_alpha() -> None:
    strict = [Check.of(0.004, 0.01), Check.of(0.02, 0.05)]
    assert in_order(strict) == {0: 0.005, 1: 0.05}


@pytest.mark.parametrize("disparities", [0, 1, 3, 6])
def test_no_share_shrinks_when_a_check_leaves_and_all_sum_to_one(disparities: int) -> None:
    tested = checks([0.5] * 6, disparities)
    for size in range(1, 7):
        for remaining in combinations(range(6), size):
            shares = halving_shares(tested, list(remaining))
            assert sum(shares.values()) == pytest.approx(1)
            for gone in remaining:
                fewer = halving_shares(tested, [i for i in remaining if i != gone])
                assert all(fewer[i] >= shares[i] - 1e-12 for i in fewer)


def test_each_chain_loses_one_a_round() -> None:
    levels = in_order(checks([1e-9, 1e-9], disparities=1))
    assert levels == pytest.approx({0: 0.9 * ALPHA, 1: 0.1 * ALPHA})  # in the same round


@pytest.mark.parametrize("procedure", [in_order, holm])
def test_stepping_through_rejects_what_the_closed_test_rejects(procedure: Procedure) -> None:
    rng = np.random.default_rng(5)

    def share_out(tested: list[Check], some: list[int]) -> dict[int, float]:
        equal = dict.fromkeys(some, 1 / len(some))
        return halving_shares(tested, some) if procedure is in_order else equal

    for _ in range(100):
        p_values = list(rng.random(5) ** 4)
        tested = checks(p_values, disparities=2)
        closed = set(range(5))
        for size in range(1, 6):
            for some in combinations(range(5), size):
                shares = share_out(tested, list(some))
                if not any(p_values[i] <= s * ALPHA for i, s in shares.items()):
                    closed -= set(some)
        assert set(procedure(tested)) == closed


@pytest.mark.parametrize("false", [(), (0,), (1, 4), (0, 1, 2, 3), (4, 5), (0, 2, 4, 5)])
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("procedure", [in_order, holm])
def test_a_true_null_is_rejected_with_chance_at_most_alpha(
    false: tuple[int, ...], together: bool, procedure: Procedure
) -> None:
    """Six checks in the worst order and the best: whatever is false is so beyond doubt.

    ``together``: p-values are small one at a time, so that errors add up to what Bonferroni allows.
    """
    rng = np.random.default_rng(7)
    true = [i for i in range(6) if i not in false]
    p_values = rng.random((SETS, 6))
    if together:
        p_values[:] = (rng.random((SETS, 1)) + np.arange(6) / 6) % 1
    p_values[:, list(false)] = 0
    wrong = np.mean([bool(set(procedure(checks(list(p), 2))) & set(true)) for p in p_values])
    assert wrong <= ALPHA + 3.1 * math.sqrt(ALPHA * (1 - ALPHA) / SETS)
    if together and not false and procedure is in_order:
        assert wrong == pytest.approx(ALPHA, abs=3.1 * math.sqrt(ALPHA * (1 - ALPHA) / SETS))
