"""Means over classes: rounds in which every class gives one unit, and every row serves once."""

import itertools
import math

import numpy as np
import pytest

from faircompress.statistics import betting, class_dealing
from faircompress.statistics.class_dealing import deal_ranking, deal_share, gather
from faircompress.statistics.class_products import ClassRounds, ranking_rounds, share_rounds
from faircompress.statistics.independent_units import Rows, TooHeavy

LIMIT, ALPHA = 0.03, 0.025


def alike(rows: int, stratum: np.ndarray | None = None) -> Rows:
    return Rows(np.arange(rows), np.ones(rows), stratum)


def scores_of(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scores = rng.normal(size=(len(label), label.max() + 1))
    scores[np.arange(len(label)), label] += 1.8
    return scores


def again(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Correlation .99 within each class."""
    return 0.99 * scores + math.sqrt(1 - 0.99**2) * rng.normal(size=scores.shape)


@pytest.mark.parametrize(
    "split", [(0.2, 0.2, 0.2), (0.6, 0.0, 0.0), (0.3, 0.3, 0.0), (0.7, 0.1, -0.2)]
)
def test_however_the_fall_is_split_among_classes_no_bet_wins_on_average(
    split: tuple[float, ...],
) -> None:
    """Three rounds of three classes, every outcome; a negative fall is a gain."""
    outcomes = np.array(list(itertools.product([0, 1], repeat=9)), float)
    size, sign = np.tile(np.abs(split), 3), np.tile(-np.sign(split), 3)
    chances = (size**outcomes * (1 - size) ** (1 - outcomes)).prod(axis=1)
    values = sign * outcomes
    log = betting.log_wealth(
        values, np.ones_like(values), np.array([-0.2]), 0.05, low=-1, overshoot=30, together=3
    )[0]
    assert chances @ np.exp(log) <= 1 + 1e-9


def test_where_nothing_is_harmed_classes_together_need_what_one_share_needs() -> None:
    """ln(.025) / ln(.97) is 121.1: 13 rounds of 10 classes are enough, 12 are not."""
    for rounds, enough in ((12, False), (13, True)):
        label = np.repeat(np.arange(10), rounds)
        right = np.ones(len(label))
        found = share_rounds(right, right, label, alike(len(label)), [1.0] * 10)
        assert found.count == rounds * 10
        assert found.e_value(LIMIT, 1e-9) == pytest.approx(0.97 ** -(rounds * 10), rel=1e-3)
        assert (found.e_value(LIMIT, 1e-9) >= 1 / ALPHA) is enough


@pytest.mark.parametrize("fixed", [False, True])
def test_every_row_serves_once_in_a_deal(fixed: bool) -> None:
    label = np.repeat(np.arange(4), [30, 40, 50, 80])
    scores = scores_of(label, np.random.default_rng(0))
    rows = alike(200, label if fixed else None)
    _, classed = gather(label, (scores, scores), rows, [1.0] * 4)
    rng = np.random.default_rng(1)
    for _ in range(20):
        positive, negative = deal_ranking(classed, rng)
        used = np.concatenate([*positive, *negative])
        used = used[used >= 0]
        assert len(used) == len(set(used))
        ordered = label  # gather sorts by class first, and so is this
        assert all((ordered[p] == k).all() for k, p in enumerate(positive))
        assert all((ordered[n[n >= 0]] != k).all() for k, n in enumerate(negative))


@pytest.mark.parametrize("fixed", [False, True])
def test_negatives_are_of_the_other_classes_in_their_proportions(fixed: bool) -> None:
    label = np.repeat(np.arange(3), [60, 60, 180])
    scores = scores_of(label, np.random.default_rng(0))
    rows = alike(300, label if fixed else None)
    _, classed = gather(label, (scores, scores), rows, [1.0] * 3)
    rng = np.random.default_rng(1)
    found = [deal_ranking(classed, rng)[1] for _ in range(100)]
    of_first = label[np.concatenate([n[0][n[0] >= 0] for n in found])]
    assert np.mean(of_first == 2) == pytest.approx(0.75, abs=0.02)  # 180 of 240
    of_last = label[np.concatenate([n[2][n[2] >= 0] for n in found])]
    assert np.mean(of_last == 0) == pytest.approx(0.5, abs=0.02)


def test_40_rows_in_each_of_ten_classes_give_160_units() -> None:
    label = np.repeat(np.arange(10), 40)
    scores = scores_of(label, np.random.default_rng(0))
    found = ranking_rounds(scores, scores, label, alike(400), [1.0] * 10)
    assert 160 <= found.count <= 180  # half of the rows are negatives: 200 at the very most
    fixed = ranking_rounds(scores, scores, label, alike(400, label), [1.0] * 10)
    assert 150 <= fixed.count <= 160
    assert fixed.missing.mean() < 0.01
    there = found.weights > 0
    assert found.baseline[there].mean() == pytest.approx(0.9, abs=0.03)


def test_ten_unharmed_classes_of_40_rows_pass_a_limit_of_three_points() -> None:
    rng = np.random.default_rng(4)
    label = np.repeat(np.arange(10), 40)
    for stratum in (None, label):
        for _ in range(3):
            scores = scores_of(label, rng)
            found = ranking_rounds(
                scores, again(scores, rng), label, alike(400, stratum), [1.0] * 10
            )
            assert found.excludes(LIMIT, ALPHA)
            assert found.mean_lower(ALPHA) > -LIMIT
            assert found.candidate_lower(ALPHA) > 0.8
            assert found.e_value(LIMIT, ALPHA) > 20


@pytest.mark.parametrize("harmed", [10, 1, 5])
def test_harm_at_the_limit_rarely_passes_wherever_it_is(harmed: int) -> None:
    """Recall of ten classes of 30 rows falls by .05 on average: evenly, in one class, in half."""
    rng, label, passed, sets = np.random.default_rng(2), np.repeat(np.arange(10), 30), 0, 150
    for _ in range(sets):
        lost = (label < harmed) & (rng.random(300) < 0.05 * 10 / harmed)
        found = share_rounds(np.ones(300), 1.0 - lost, label, alike(300), [1.0] * 10, most=40)
        passed += found.excludes(0.05, 0.05)
    assert passed <= sets * 0.05 + 3.1 * math.sqrt(sets * 0.05 * 0.95)


def test_a_missing_unit_is_the_worst_for_whoever_asks() -> None:
    shape = (20, 200)
    none, ones = np.zeros(shape, bool), np.ones(shape)
    full = ClassRounds(0.5 * ones, 0.5 * ones, ones, none, 2, 3.0)
    some = none.copy()
    some[:, ::50] = True
    less = ClassRounds(0.5 * ones, 0.5 * ones, ones, some, 2, 3.0)
    assert less.mean_lower(ALPHA) < full.mean_lower(ALPHA)
    assert less.mean_upper(ALPHA) > full.mean_upper(ALPHA)
    assert less.candidate_lower(ALPHA) < full.candidate_lower(ALPHA)


def test_a_class_without_rows_leaves_nothing_to_bet_on() -> None:
    label = np.array([0, 0, 1, 1])
    scores = np.random.default_rng(0).random((4, 3))
    for stratum in (None, label):
        found = ranking_rounds(scores, scores, label, alike(4, stratum), [1.0] * 3)
        assert found.count == 0
        assert not found.excludes(0.5, 0.5)
        assert (found.mean_lower(0.05), found.e_value(0.1, 0.05)) == (-1, 1)


def test_a_cluster_of_several_classes_serves_one_of_them_by_a_fair_choice() -> None:
    cluster = np.repeat(np.arange(100), 2)  # each has a row of class 0 and one of class 1
    label = np.tile([0, 1], 100)
    right = np.ones(200)
    rows = Rows(cluster, np.ones(200))
    _, classed = gather(label, (right, right), rows, [2.0, 2.0])
    served = [[len(x) for x in deal_share(classed, np.random.default_rng(i))] for i in range(50)]
    assert all(sum(one) == 100 for one in served)
    assert np.mean([one[0] for one in served]) == pytest.approx(50, abs=2)
    with pytest.raises(TooHeavy, match="weighs 2 in class 0, but at most 1.5"):
        gather(label, (right, right), rows, [1.5, 2.0])


def test_heavier_rows_are_dealt_more_often() -> None:
    """Of class 0 a tenth weighs 9 and is all lost: half of its recall, a quarter of the mean."""
    label = np.repeat([0, 1], [400, 200])
    heavy = np.arange(600) < 40
    weights = np.where(heavy, 9.0, 1.0)
    found = share_rounds(
        np.ones(600), 1.0 - heavy, label, Rows(np.arange(600), weights), [9.0, 1.0]
    )
    assert found.candidate[found.weights > 0].mean() == pytest.approx(0.75, abs=0.01)
    assert found.count == pytest.approx(2 * (40 + 360 / 9), rel=0.05)


def test_the_order_of_rows_and_the_names_of_clusters_change_nothing() -> None:
    rng = np.random.default_rng(3)
    label, cluster, weights = (
        rng.integers(0, 3, 300),
        rng.integers(0, 90, 300),
        rng.uniform(1, 2, 300),
    )
    baseline, candidate = scores_of(label, rng), scores_of(label, rng)
    one = ranking_rounds(baseline, candidate, label, Rows(cluster, weights), [60.0] * 3, most=20)
    mixed, names = rng.permutation(300), rng.permutation(90)
    rows = Rows(names[cluster][mixed], weights[mixed])
    other = ranking_rounds(
        baseline[mixed], candidate[mixed], label[mixed], rows, [60.0] * 3, most=20
    )
    assert np.array_equal(one.candidate, other.candidate)


def test_rows_kept_back_are_enough_nearly_always() -> None:
    rounds, positives = class_dealing._rounds_of(np.array([40] * 10))
    assert rounds == 15  # 15 positives, 15 negatives on average, 2.5 times 3.65 kept back: 39.1
    assert list(positives) == [15] * 10
