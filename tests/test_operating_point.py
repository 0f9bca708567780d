"""The operating point: numbers by hand, ties, weights, people on one side only."""

import numpy as np
import pytest

from faircompress.evaluation.operating_point import (
    choose,
    log_odds,
    match_selection_rate,
    most_accurate_threshold,
    split_validation,
    threshold_at_selection_rate,
    with_constant,
)

ONE = np.ones


def test_the_candidate_selects_as_many_as_the_baseline() -> None:
    baseline = np.array([0.9, 0.8, 0.6, 0.2, 0.1])  # at one half it selects 3 of 5
    candidate = np.array([0.45, 0.40, 0.30, 0.20, 0.05])  # at one half nobody
    found = match_selection_rate(baseline >= 0.5, candidate, ONE(5))
    assert found.threshold == pytest.approx(0.25)  # midway between .20 and .30
    assert (found.rate_asked, found.rate_reached, found.rows) == (0.6, 0.6, 5)


def test_rows_count_by_weight() -> None:
    scores, weights = np.array([0.9, 0.5, 0.1]), np.array([2.0, 1.0, 1.0])
    assert threshold_at_selection_rate(scores, weights, 0.5) == pytest.approx(0.7)
    assert threshold_at_selection_rate(scores, ONE(3), 2 / 3) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("rate", "threshold"),
    [
        (0.1, np.nextafter(0.8, 1)),  # reachable: 0, .25, 1; nearest 0
        (0.2, 0.6),  # nearest .25
        (0.6, 0.6),  # .35 from .25, .4 from 1
        (0.625, 0.4),  # as far from .25 as from 1: the larger rate
        (0.9, 0.4),  # nearest 1: the lowest score itself
    ],
)
def test_equal_scores_go_together_so_the_nearest_reachable_rate_is_taken(
    rate: float, threshold: float
) -> None:
    scores = np.array([0.4, 0.4, 0.4, 0.8])
    assert threshold_at_selection_rate(scores, ONE(4), rate) == pytest.approx(threshold, abs=1e-12)


def test_a_baseline_that_selects_all_or_nobody_is_followed() -> None:
    scores = np.array([0.3, 0.7])
    assert (scores >= threshold_at_selection_rate(scores, ONE(2), 1.0)).all()
    assert not (scores >= threshold_at_selection_rate(scores, ONE(2), 0.0)).any()


def test_neighbours_in_half_precision_are_told_apart_in_half_precision() -> None:
    low = np.float16(0.5)
    scores = np.array([low, np.nextafter(low, np.float16(1))])
    threshold = threshold_at_selection_rate(scores, ONE(2), 0.5)
    assert list(scores >= threshold) == [False, True]  # their middle would be rounded down


def test_scores_nearer_than_the_resolution_are_not_parted() -> None:
    scores = np.array([0.0, 1e-6, 1.0])
    assert threshold_at_selection_rate(scores, ONE(3), 2 / 3) == pytest.approx(5e-7)
    coarse = threshold_at_selection_rate(scores, ONE(3), 2 / 3, resolution=1e-5)
    assert coarse < 0  # 1 is as near as 1/3, and larger


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    scores, weights = rng.normal(size=200).round(1), rng.uniform(0.1, 3, 200)
    thresholds = set()
    for _ in range(20):
        order = rng.permutation(200)
        thresholds.add(threshold_at_selection_rate(scores[order], weights[order], 0.37))
    assert len(thresholds) == 1


def test_no_other_threshold_comes_nearer() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        scores, weights = rng.integers(0, 9, 30) / 8, rng.uniform(0.1, 3, 30)
        rate = rng.uniform()
        shares = [np.average(scores >= cut, weights=weights) for cut in np.linspace(-1, 2, 301)]
        found = threshold_at_selection_rate(scores, weights, rate)
        reached = np.average(scores >= found, weights=weights)
        assert abs(reached - rate) <= min(abs(share - rate) for share in shares) + 1e-12


def test_unfit_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="0 scores and 0 weights"):
        threshold_at_selection_rate(ONE(0), ONE(0), 0.5)
    with pytest.raises(ValueError, match=r"rate is 1\.2; needed is a share"):
        threshold_at_selection_rate(ONE(2), ONE(2), 1.2)
    with pytest.raises(ValueError, match="must be finite"):
        threshold_at_selection_rate(np.array([0.1, np.nan]), ONE(2), 0.5)


def test_the_most_accurate_threshold_is_the_one_nearest_to_one_half_of_the_best() -> None:
    scores, labels = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 0, 1, 1])
    assert most_accurate_threshold(scores, labels, ONE(4), nearest_to=0.5) == pytest.approx(0.25)
    labels = np.array([0, 1, 0, 1])  # 3 of 4 are right at .15 and at .6
    assert most_accurate_threshold(scores, labels, ONE(4), nearest_to=0.5) == pytest.approx(0.6)
    heavy = np.array([1.0, 3.0, 1.0, 1.0])  # now the second row counts three times
    assert most_accurate_threshold(scores, labels, heavy, nearest_to=0.5) == pytest.approx(0.15)


def people(count: int) -> tuple[np.ndarray, np.ndarray]:
    """1 to 5 rows a person."""
    identities = np.repeat([f"person-{i}" for i in range(count)], np.arange(count) % 5 + 1)
    return np.array([f"row-{i}" for i in range(len(identities))]), identities


def test_no_person_is_on_both_sides_and_every_row_on_one() -> None:
    ids, identities = people(400)
    tune, decide = split_validation(ids, identities)
    assert (tune != decide).all()
    assert not set(identities[tune]) & set(identities[decide])
    assert 160 < len(set(identities[decide])) < 240


def test_rows_of_nobody_known_are_split_one_by_one() -> None:
    ids, _ = people(300)
    _, decide = split_validation(ids, None)
    assert 0.45 < decide.mean() < 0.55
    assert (split_validation(ids, ids)[1] == decide).all()


def test_the_side_of_a_person_stays_when_rows_are_added_or_come_in_another_order() -> None:
    ids, identities = people(50)
    more_ids, more = people(80)
    _, decide = split_validation(ids, identities)
    _, later = split_validation(more_ids[::-1], more[::-1])
    sides = dict(zip(more[::-1], later, strict=True))
    assert [sides[name] for name in identities] == list(decide)


def test_a_constant_in_the_logits_moves_the_decision_to_one_half() -> None:
    probabilities = np.array([[0.8, 0.2], [0.75, 0.25], [0.6, 0.4]])
    moved = with_constant(probabilities, float(np.log(3)))  # odds 1/4, 1/3, 2/3 become 3/4, 1, 2
    assert moved[:, 1] == pytest.approx([3 / 7, 1 / 2, 2 / 3])
    assert moved.sum(1) == pytest.approx(1)
    assert with_constant(probabilities, 0.0) == pytest.approx(probabilities)


def test_a_probability_of_zero_has_finite_log_odds() -> None:
    sure = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], np.float32)
    assert np.isfinite(log_odds(sure)).all()
    assert log_odds(sure)[2] == 0
    assert with_constant(sure, 3.0)[:2] == pytest.approx(sure[:2])


def test_each_way_to_choose_says_what_it_chose() -> None:
    sure = np.array([0.9, 0.6, 0.3, 0.1])
    baseline = np.stack([1 - sure, sure], 1)  # selects half of the rows
    shy = np.array([0.4, 0.2, 0.1, 0.05])
    given = {
        "baseline": baseline, "candidate": np.stack([1 - shy, shy], 1),
        "labels": np.array([1, 0, 0, 0]), "weights": ONE(4),
    }  # fmt: skip
    point = choose("baseline", **given)
    odds = (np.log(0.2 / 0.8) + np.log(0.1 / 0.9)) / 2  # midway in log-odds: 1/6 to 1
    assert point.constant == pytest.approx(-odds)
    assert odds == pytest.approx(-np.log(6))
    assert point.threshold == pytest.approx(1 / 7)
    assert (point.rate_asked, point.rate_reached, point.rows) == (0.5, 0.5, 4)
    accurate = choose("validation", **given)
    assert (accurate.rate_asked, accurate.rate_reached) == (None, 0.25)
    number = choose(0.25, **given)
    assert number.constant == pytest.approx(np.log(3))
    assert (number.chosen_by, number.rate_reached) == ("number", 0.25)
    half = choose(0.5, **given)
    assert (half.chosen_by, half.constant, half.rate_reached) == ("half", 0.0, 0.0)
