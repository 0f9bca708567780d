"""The bet that a rate fell: fair at the null, exact where it can be counted out."""

from itertools import product

import numpy as np
import pytest

from faircompress.monitoring import wealth
from faircompress.monitoring.wealth import Stream, path

LIMIT = 0.2


def held(shares: tuple[float, ...], reference: np.ndarray, *, weeks: int = 1) -> np.ndarray:
    """Return the wealth after each unit, of which each is a moment and a week of its own."""
    at = np.arange(len(shares))
    when = at if weeks > 1 else at * 0
    stream = Stream(np.array(shares, float), at, when)
    return path(stream, reference, LIMIT, first_week=0, weeks=weeks)[1]


def chance(outcome: tuple[int, ...], rate: float) -> float:
    return float(np.prod([rate if right else 1 - rate for right in outcome]))


@pytest.mark.parametrize(("before", "now"), [(0.63, 0.43), (0.95, 0.75), (0.5, 0.5), (0.3, 0.1)])
def test_no_unit_makes_who_knows_the_old_rate_richer_on_average(before: float, now: float) -> None:
    edges = wealth.cells(LIMIT)
    cell = int(np.searchsorted(edges, before, side="right")) - 1
    known = np.full(len(edges) - 1, np.inf)
    known[cell] = 1.0  # wealth is the smallest over cells, so of this one alone
    for length in range(5):
        for prefix in product((0, 1), repeat=length):
            wealth_now = held(prefix, known)[-1] if prefix else 1.0
            then = [held((*prefix, right), known)[-1] for right in (0, 1)]
            assert (1 - now) * then[0] + now * then[1] <= wealth_now + 1e-12


def test_the_reference_and_new_rows_together_stay_below_ville_counted_out() -> None:
    before, now, level = 0.6, 0.4, 2.0
    mean = over = 0.0
    for known in product((0, 1), repeat=4):
        shares = np.array(known, float)[None]
        evidence = wealth.reference_e_values(shares, np.ones_like(shares), LIMIT)
        for new in product((0, 1), repeat=5):
            weight = chance(known, before) * chance(new, now)
            found = held(new, evidence)
            mean += weight * found[-1]
            over += weight * (found.max() >= level)
    assert mean <= 1
    assert over <= 1 / level


def test_an_e_value_of_the_reference_has_mean_1_at_the_edge_it_is_against() -> None:
    edges = wealth.cells(LIMIT)[1:]
    for cell in (10, 40, 80):
        mean = 0.0
        for known in product((0, 1), repeat=6):
            shares = np.array(known, float)[None]
            found = wealth.reference_e_values(shares, np.ones_like(shares), LIMIT)[cell]
            mean += chance(known, edges[cell]) * found
        assert mean == pytest.approx(1)


def test_weekly_bets_share_one_unit_of_wealth_a_period() -> None:
    nothing_known = np.ones(len(wealth.cells(LIMIT)) - 1)
    nothing_known[20:] = np.inf  # where there is no bet on new rows, since the null is 0 or below
    assert held((0.5,) * 4, nothing_known, weeks=4) == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1])
    assert held((0.5,) * 6, nothing_known, weeks=4)[-1] == pytest.approx(1)  # the last period's


def test_a_fall_below_the_smallest_visible_one_raises_no_alarm_however_many_rows_come() -> None:
    level = 1000.0
    known = np.r_[np.ones(170), np.zeros(30)][None]
    evidence = wealth.reference_e_values(known, np.ones_like(known), LIMIT)
    visible = wealth.smallest_visible_fall(evidence, 0.85, LIMIT, level)
    assert LIMIT < visible < 0.6
    for fall, alarm in ((visible - 0.06, False), (visible + 0.06, True)):
        rates = np.full(20_000, 0.85 - fall)  # each unit is right by just this share
        stream = Stream(rates, np.arange(20_000) // 1000, np.zeros(20_000, int))
        found = path(stream, evidence, LIMIT, first_week=0, weeks=1)[1]
        assert (found.max() >= level) == alarm


def test_an_interval_at_all_moments_holds_the_rate_and_shrinks() -> None:
    rng = np.random.default_rng(1)
    shares = (rng.random(2000) < 0.8).astype(float)
    few, many = wealth.interval(shares[:100], 0.05), wealth.interval(shares, 0.05)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]
    assert many[1] - many[0] < 0.09
