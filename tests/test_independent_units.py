"""Weighted rows and people with several rows, dealt into independent units of equal weight."""

import math

import numpy as np
import pytest

from faircompress.statistics import betting
from faircompress.statistics.class_side import ClassSide
from faircompress.statistics.independent_units import Rows, TooHeavy, deal_ranking, deal_share

LIMIT, ALPHA, SETS = 0.03, 0.05, 60


def excludes(changes: np.ndarray, weights: np.ndarray, limit: float = LIMIT) -> bool:
    return bool(betting.excluded(changes, weights, np.array([-limit]), ALPHA, low=-1)[0])


def test_a_heavy_row_is_dealt_as_much_oftener_as_it_weighs_more() -> None:
    """Of 400 positives 40 weigh 9 and are all missed: by weight half of the AUROC is lost."""
    heavy = np.arange(400) < 40
    scores = np.concatenate([np.where(heavy, 0.0, 2.0), np.ones(400)])
    above = np.arange(800) < 400
    weights = np.concatenate([np.where(heavy, 9.0, 1.0), np.ones(400)])
    units = deal_ranking(scores, scores, above, Rows(np.arange(800), weights), (1.0, 9.0))
    there = units.weights > 0
    assert units.baseline[there].mean() == pytest.approx(0.5, abs=0.02)
    assert there.sum(axis=1).mean() == pytest.approx(40 + 360 / 9, abs=2)
    assert units.count == pytest.approx(80)


def test_people_count_once_however_many_rows_they_have() -> None:
    who = np.concatenate([np.repeat(np.arange(30), 10), 30 + np.arange(50)])
    above = np.arange(350) < 300
    scores = np.random.default_rng(0).normal(above * 1.0)
    units = deal_ranking(scores, scores, above, Rows(who, np.ones(350)), (1.0, 10.0))
    assert (units.weights.sum(axis=1) == 30).all()


def test_a_person_of_both_classes_serves_one_of_them_in_each_deal() -> None:
    who = np.tile(np.arange(100), 2)
    above = np.arange(200) < 100
    scores = np.random.default_rng(0).normal(above * 1.0)
    units = deal_ranking(scores, scores, above, Rows(who, np.ones(200)), (2.0, 2.0))
    served = units.weights.sum(axis=1)
    assert served.max() <= 50  # two people make a unit
    assert served.mean() == pytest.approx(46, abs=2)  # the rarer side of 100 fair coins


def test_what_is_heavier_than_declared_is_refused_and_not_cut() -> None:
    rows = Rows(np.array([0, 0, 1]), np.array([2.0, 2.0, 1.0]))
    with pytest.raises(
        TooHeavy, match=r"weighs 4, but at most 3 was declared.*max_weight of the data"
    ):
        deal_share(np.ones(3), np.ones(3), rows, 3.0)


def test_a_clusters_mean_is_that_of_its_rows_and_its_stake_its_share_of_the_cap() -> None:
    rows = Rows(np.array([4, 4, 9]), np.array([1.0, 3.0, 2.0]))
    units = deal_share(np.zeros(3), np.array([1.0, 0.0, 1.0]), rows, 8.0)
    assert sorted(units.candidate[0]) == [0.25, 1.0]
    assert sorted(units.weights[0]) == [0.25, 0.5]


def test_fixed_counts_are_dealt_as_independent_draws_until_a_stratum_runs_out() -> None:
    stratum = np.repeat([0, 1], 100)
    units = deal_share(np.zeros(200), stratum * 1.0, Rows(np.arange(200), np.ones(200), stratum), 1)
    lengths = (units.weights > 0).sum(axis=1)
    # of two strata of 100 one runs out where a walk of 200 steps is that far from even
    assert lengths.mean() == pytest.approx(200 - math.sqrt(2 * 200 / math.pi), abs=2.5)
    first = units.candidate[:, :100].sum(axis=1)
    assert first.std() == pytest.approx(5, abs=0.8)  # binomial; a shuffle would have 3.5


def test_the_order_of_rows_and_the_names_of_people_change_nothing() -> None:
    rng = np.random.default_rng(3)
    who, above = rng.integers(0, 90, 300), np.arange(300) < 120
    dense, pruned, weights = rng.normal(above), rng.normal(above), rng.uniform(0.5, 2, 300)
    one = deal_ranking(dense, pruned, above, Rows(who, weights), (40.0, 40.0))
    mixed, names = rng.permutation(300), rng.permutation(90)
    rows = Rows(names[who][mixed], weights[mixed])
    other = deal_ranking(dense[mixed], pruned[mixed], above[mixed], rows, (40.0, 40.0))
    assert np.array_equal(one.candidate, other.candidate)


@pytest.mark.parametrize("people", [False, True])
def test_harm_at_the_limit_in_a_heavy_tenth_does_not_pass(people: bool) -> None:
    """Of negatives a tenth weighs 20 (or has 20 rows) and carries all the harm: .59, .52 once."""
    rng, passed = np.random.default_rng(0), 0
    for _ in range(SETS):
        heavy = rng.random(600) < 0.1
        lost = heavy & (rng.random(600) < LIMIT * 2.9 / 2.0)  # their share of the weight: 2 of 2.9
        size = np.where(heavy, 20, 1) if people else np.ones(600, int)
        who = np.concatenate([np.repeat(np.arange(600), size), 600 + np.arange(300)])
        above = np.arange(len(who)) >= size.sum()
        weights = np.where(heavy & (not people), 20.0, 1.0).repeat(size)
        dense = above * 1.0
        pruned = np.concatenate([np.where(lost, 2.0, 0.0).repeat(size), np.ones(300)])
        rows = Rows(who, np.concatenate([weights, np.ones(300)]))
        units = deal_ranking(dense, pruned, above, rows, (20.0, 1.0))
        passed += excludes(units.candidate - units.baseline, units.weights)
    assert passed <= SETS * ALPHA + 3.1 * math.sqrt(SETS * ALPHA * (1 - ALPHA))


def test_unharmed_weighted_rows_pass_where_there_are_enough() -> None:
    heavy = np.arange(3000) % 10 == 0  # sum of weights over the cap: 2,700 / 20 + 300 = 435
    weights = np.concatenate([np.where(heavy, 20.0, 1.0), np.ones(600)])
    above = np.arange(3600) >= 3000
    units = deal_ranking(above, above, above, Rows(np.arange(3600), weights), (20.0, 1.0))
    assert excludes(units.candidate - units.baseline, units.weights)


def test_no_harm_passes_from_the_number_of_units_that_the_law_names() -> None:
    """ln(alpha) / ln(1 - limit) = 98.4 units of full weight, or twice as many of half."""
    for cap, fewest in ((1.0, 99), (2.0, 197)):
        for clusters, passes in ((fewest - 3, False), (int(fewest * 1.25), True)):
            units = deal_share(
                *np.ones((2, clusters)), Rows(np.arange(clusters), np.ones(clusters)), cap
            )
            assert excludes(units.candidate - units.baseline, units.weights) is passes


def test_a_bet_does_not_know_the_weights_to_come() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.uniform(-1, 1, (1, 80)), rng.uniform(0.1, 1, (1, 80))
    later = np.concatenate([weights[:, :40], weights[:, 40:] / 7], axis=1)
    nulls = np.array([-0.1])
    first = [
        betting.log_wealth(np.where(np.arange(80) < 40, values, -0.1), w, nulls, 0.05, low=-1)
        for w in (weights, later)
    ]
    assert first[0] == pytest.approx(first[1])  # the later units pay nothing


def test_a_light_cluster_among_many_keeps_the_last_digit_of_its_chance() -> None:
    weights = np.tile([0.7965872963454752, 0.0811], 2000)
    rows = Rows(np.arange(4000), weights)
    side = ClassSide.of(rows, np.ones(4000, bool), np.zeros(0, int), 0.8)
    assert np.array_equal(side.chance, weights / 0.8)
