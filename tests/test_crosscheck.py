"""The intervals drawn beside the deciding ones, against brute force and known packages."""

import itertools

import numpy as np
import pytest
from hair_rates import TPR, gate, said
from report_pairs import class_pair
from scipy import stats
from sklearn.metrics import roc_auc_score

from faircompress.evaluation.evaluate import evaluate
from faircompress.statistics import bootstrap
from faircompress.statistics.crosscheck import crosscheck
from faircompress.statistics.delong import error_of_mean, placements, standard_error
from faircompress.statistics.metrics import Mean, Ranking

AUROC = {"rule": "change", "metric": "auroc", "limit": 0.05}


def pair(rows: int, seed: int = 0, decimals: int = 9) -> tuple[Ranking, Ranking]:
    rng, above = np.random.default_rng(seed), np.arange(rows) % 3 == 0
    dense = np.round(rng.normal(above * 1.0), decimals)
    return Ranking(dense, above), Ranking(np.round(dense + rng.normal(size=rows), decimals), above)


def everyone(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(rows), np.ones(rows)


@pytest.mark.parametrize("decimals", [9, 0])  # 0: many ties
def test_delong_is_that_of_all_pairs_counted_one_by_one(decimals: int) -> None:
    dense, pruned = pair(60, decimals=decimals)
    wins = [
        (np.sign(m.scores[m.above][:, None] - m.scores[~m.above]) + 1) / 2 for m in (dense, pruned)
    ]
    change = wins[1] - wins[0]
    variance = change.mean(1).var(ddof=1) / 20 + change.mean(0).var(ddof=1) / 40
    assert standard_error(dense, pruned, *everyone(60)) == pytest.approx(variance**0.5)


def test_placements_average_to_the_weighted_auroc() -> None:
    (dense, _), weights = pair(200, decimals=1), np.random.default_rng(1).uniform(0.1, 3, 200)
    known = roc_auc_score(dense.above, dense.scores, sample_weight=weights)
    for side in (dense.above, ~dense.above):
        place = placements(dense, weights)[side]
        assert np.average(place, weights=weights[side]) == pytest.approx(known)


def test_copies_under_one_name_leave_delong_and_the_bootstrap_as_they_are() -> None:
    dense, pruned = pair(90)
    twice = tuple(Ranking(np.tile(m.scores, 2), np.tile(m.above, 2)) for m in (dense, pruned))
    who, weights = everyone(90)
    one = crosscheck([(dense, pruned)], who, weights, 0.05)
    copied = crosscheck([twice], np.tile(who, 2), np.ones(180), 0.05)
    assert copied.delong == pytest.approx(one.delong)
    assert copied.bootstrap == pytest.approx(one.bootstrap)
    apart = crosscheck([twice], np.arange(180), np.ones(180), 0.05)
    assert np.ptp(apart.delong) < 0.75 * np.ptp(one.delong)  # wrongly sure


def test_the_bootstrap_of_auroc_is_that_of_all_replicates_there_are() -> None:
    above = np.arange(6) < 3
    dense = Ranking(np.array([0.9, 0.5, 0.3, 0.4, 0.2, 0.5]), above)  # one tie
    pruned = Ranking(np.array([0.9, 0.1, 0.3, 0.4, 0.2, 0.6]), above)
    wins = [(np.sign(m.scores[:3][:, None] - m.scores[3:]) + 1) / 2 for m in (dense, pruned)]
    draws = list(itertools.product(range(3), repeat=3))
    known = [(wins[1] - wins[0])[np.ix_(i, j)].mean() for i in draws for j in draws]
    found = bootstrap.changes(dense, pruned, *everyone(6), replicates=40_000)
    values = np.unique(np.round(known, 9))
    shares = [[np.mean(np.isclose(x, v)) for v in values] for x in (known, found)]
    assert shares[1] == pytest.approx(shares[0], abs=0.012)
    assert sum(shares[1]) == pytest.approx(1)


@pytest.mark.parametrize("heavy", [False, True])
def test_the_bootstrap_of_a_share_agrees_with_scipy(heavy: bool) -> None:
    rng = np.random.default_rng(0)
    dense, pruned = rng.random(200) < 0.8, rng.random(200) < 0.7
    weights = rng.uniform(0.5, 2, 200) if heavy else np.ones(200)
    measures = [Mean(x, np.ones(200, bool)) for x in (dense, pruned)]
    found = bootstrap.changes(*measures, np.arange(200), weights)
    change = pruned.astype(float) - dense

    def mean(c: np.ndarray, w: np.ndarray, axis: int = -1) -> np.ndarray:
        return (c * w).sum(axis) / w.sum(axis)

    known = stats.bootstrap(
        (change, weights), mean, paired=True, n_resamples=2000, rng=1, method="percentile"
    )
    assert found.std() == pytest.approx(known.standard_error, rel=0.07)
    assert np.quantile(found, [0.025, 0.975]) == pytest.approx(
        list(known.confidence_interval), abs=0.015
    )


@pytest.mark.parametrize("size", [1, 7, 400])
def test_people_are_drawn_with_replacement_and_always_as_many_as_there_are(size: int) -> None:
    (times,) = bootstrap._times([size], 300, np.random.default_rng(0))
    assert (times.sum(axis=0) == size).all()
    known = stats.binom(size, 1 / size).pmf([0, 1, 2])
    assert [(times == k).mean() for k in (0, 1, 2)] == pytest.approx(known, abs=0.04)


def test_bootstrap_and_delong_agree_in_large_groups_with_weights_and_people() -> None:
    rng = np.random.default_rng(0)
    dense, pruned = pair(3000)
    who, weights = rng.integers(1500, size=3000), rng.uniform(0.5, 1.5, 3000)
    found = bootstrap.changes(dense, pruned, who, weights)
    error = standard_error(dense, pruned, who, weights)
    assert found.std() == pytest.approx(error, rel=0.08)


def test_a_class_and_the_rest_are_one_question_asked_twice() -> None:
    one = pair(90)
    mirrored = tuple(Ranking(-m.scores, ~m.above) for m in one)
    who, weights = np.arange(90) // 2, np.ones(90)
    error = standard_error(*one, who, weights)
    assert error_of_mean([one, mirrored], who, weights) == pytest.approx(error)
    found = [bootstrap.mean_changes(of, who, weights) for of in ([one], [one, mirrored])]
    assert found[0] == pytest.approx(found[1])


def test_a_mean_over_classes_varies_as_its_classes_do_each_in_its_own_stratum() -> None:
    truth, rng = np.repeat([0, 1, 2], [40, 60, 300]), np.random.default_rng(0)
    found, known = [], []
    for k in range(3):
        of, values = truth == k, rng.random(400) < [0.5, 0.8, 0.9][k]
        found.append((Mean(np.ones(400, bool), of), Mean(values, of)))
        known.append(values[of].var() / of.sum())
    drawn = bootstrap.mean_changes(found, *everyone(400))
    assert drawn.std() == pytest.approx(sum(known) ** 0.5 / 3, rel=0.05)


@pytest.mark.parametrize("people", [90, 45])
def test_bootstrap_and_delong_agree_on_a_mean_over_classes(people: int) -> None:
    rng = np.random.default_rng(3)
    truth, who = np.arange(900) % 3, np.arange(900) % (10 * people)
    questions = []
    for k in range(3):
        dense = rng.normal(truth == k)
        both = (dense, dense + rng.normal(size=900))
        questions.append(tuple(Ranking(scores, truth == k) for scores in both))
    drawn = bootstrap.mean_changes(questions, who, np.ones(900))
    assert drawn.std() == pytest.approx(error_of_mean(questions, who, np.ones(900)), rel=0.06)


def test_where_answers_choose_the_rows_their_number_is_drawn_too() -> None:
    # dense says yes to the first 50 and is right; pruned says yes to all and is right in them
    truth = np.arange(100) < 50
    chosen = Mean(truth, truth), Mean(truth, np.ones(100, bool))
    twice = bootstrap.mean_changes([chosen, chosen], *everyone(100))
    assert twice.std() == pytest.approx(0.05, rel=0.05)  # of 1/2 in 100; 0 if strata were kept
    assert twice == pytest.approx(bootstrap.changes(*chosen, *everyone(100)))


@pytest.mark.parametrize(("people", "times"), [(50_000, 2000), (100_000, 1000), (10**7, 500)])
def test_of_very_many_people_fewer_replicates_are_drawn(people: int, times: int) -> None:
    assert bootstrap.enough(people) == times


def test_a_replicate_without_a_value_leaves_no_interval() -> None:
    truth = np.ones(4, bool)
    chosen = np.array([True, False, False, False])  # missed by one replicate in three
    found = crosscheck([(Mean(truth, chosen), Mean(truth, truth))], *everyone(4), 0.05)
    assert found.bootstrap is found.delong is None
    one_positive = Ranking(np.arange(4.0), chosen)
    assert crosscheck([(one_positive, one_positive)], *everyone(4), 0.05).delong is None


def test_a_verdict_shows_them_beside_the_deciding_bounds_and_is_not_moved_by_them() -> None:
    # nobody is harmed: both usual intervals are [0, 0], as if 30 positives proved anything
    dense, pruned = (said({"a": (30, 30)}, model=m) for m in "dp")
    verdict = evaluate(dense, pruned, gate(TPR, AUROC), crosschecks=True)
    shown = {g.group: g.metrics for g in verdict.groups}
    assert shown["hair=a"]["true_positive_rate"].bootstrap == [0, 0]
    assert shown["hair=a"]["true_positive_rate"].delong is None
    assert shown["hair=a"]["auroc"].delong == shown["hair=a"]["auroc"].bootstrap == [0, 0]
    assert shown["all"]["auroc"].bootstrap == [0, 0]
    assert verdict.outcome == "inconclusive"


def test_all_rows_together_have_them_for_a_mean_over_classes_too() -> None:
    verdict = evaluate(*class_pair(), gate(TPR, AUROC), crosschecks=True)
    everyone_there = verdict.groups[0].metrics
    low, high = everyone_there["true_positive_rate"].bootstrap
    # one class of ten lost 40 of its 60
    spread = (2 / 3 * 1 / 3 / 60) ** 0.5 / 10
    expected = [-2 / 3 / 10 + side * 1.645 * spread for side in (-1, 1)]
    assert [low, high] == pytest.approx(expected, abs=0.002)
    assert everyone_there["auroc"].delong == [0, 0]  # they still rank as before
