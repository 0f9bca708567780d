"""E-values of ratios, gaps, differences and excess losses: 1 or less on average at the limit."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from hair_rates import gate, only, said
from scipy.stats import binom, multinomial

from faircompress.data.caps import MaxWeight
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.statistics import e_values
from faircompress.statistics.linear_forms import Values, of_linear_form, of_rates

ALPHA = 0.05
SURE = {"confidence": 0.95}
FOUR_FIFTHS = {"rule": "ratio", "metric": "true_positive_rate", "limit": 0.8, **SURE}
EXCESS = {"rule": "excess_loss", "metric": "accuracy", "limit": 0.1, **SURE}


def rate(hits: int, rows: int) -> Values:
    return Values((0.0, 1.0), (rows - hits, hits), 0.0)


def change(lost: int, gained: int, rows: int) -> Values:
    return Values((-1.0, 0.0, 1.0), (lost, rows - lost - gained, gained), -1.0)


def averaged(rows: tuple[int, int], rates: tuple[float, float], factor: float) -> float:
    """Return the e-value's expected value: over every number of hits of both groups."""
    chances = [binom.pmf(np.arange(n + 1), n, p) for n, p in zip(rows, rates, strict=True)]
    return sum(
        chances[0][i] * chances[1][j]
        * of_linear_form(rate(i, rows[0]), rate(j, rows[1]), ALPHA, factor=factor, shift=0.0)
        for i, j in product(*(range(n + 1) for n in rows))
    )  # fmt: skip


@pytest.mark.parametrize("other", [0.0, 0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("rows", [(12, 12), (20, 6), (1, 15)])
def test_a_ratio_at_the_limit_has_an_e_value_of_at_most_one_on_average(
    rows: tuple[int, int], other: float
) -> None:
    assert averaged(rows, (0.8 * other, other), 0.8) <= 1 + 1e-9
    assert averaged(rows, (0.6 * other, other), 0.8) <= 1 + 1e-9  # and within the null


LOST_AND_GAINED = [(0.3, 0.0, 0.0, 0.0), (0.35, 0.05, 0.1, 0.1), (0.5, 0.0, 0.2, 0.0)]


@pytest.mark.parametrize("moved", LOST_AND_GAINED)
def test_a_difference_at_the_limit_has_an_e_value_of_at_most_one_on_average(
    moved: tuple[float, float, float, float],
) -> None:
    """One group of 6 rows loses .3 more than the other of 5; all tables of lost and gained."""
    assert (moved[1] - moved[0]) - (moved[3] - moved[2]) == pytest.approx(-0.3)
    tables = [
        [((l, g), float(multinomial.pmf([l, g, n - l - g], n, [*p, 1 - sum(p)])))
         for l in range(n + 1) for g in range(n + 1 - l)]  # noqa: E741
        for n, p in ((6, moved[:2]), (5, moved[2:]))
    ]  # fmt: skip
    mean = sum(
        p * q * of_linear_form(change(*a, 6), change(*b, 5), ALPHA, factor=1.0, shift=0.3)
        for (a, p), (b, q) in product(*tables)
        if p * q
    )
    assert mean <= 1 + 1e-9


def test_values_that_no_two_groups_can_have_are_excluded_for_certain() -> None:
    e_value = of_linear_form(change(0, 0, 3), change(0, 0, 3), ALPHA, factor=1.0, shift=2.0)
    assert e_value == math.exp(700)


def test_a_rate_of_zero_needs_no_special_case() -> None:
    nothing, all_of_them = rate(0, 40), rate(40, 40)
    assert of_linear_form(nothing, nothing, ALPHA, factor=0.8, shift=0.0) <= 1
    assert of_linear_form(all_of_them, nothing, ALPHA, factor=0.8, shift=0.0) > 1e6
    assert of_linear_form(nothing, all_of_them, ALPHA, factor=0.8, shift=0.0) < 1e-6


def test_it_says_more_than_the_mean_of_two_e_values() -> None:
    """Nothing changes in 50 rows of two groups: the limit .1 on the difference is earned."""
    same = partial(e_values.of_paired_share, 0, 0, 50, alpha=ALPHA / 2)
    assert e_values.of_difference(same, same, 0.1) < 1 / ALPHA
    calm = change(0, 0, 50)
    assert of_linear_form(calm, calm, ALPHA, factor=1.0, shift=0.1) >= 1 / ALPHA


def at_least(misses: Callable[[np.ndarray], np.ndarray], nulls: np.ndarray) -> np.ndarray:
    """Return e-values against "minus the rate is at most m", that is "misses are at most 1 + m"."""
    return misses(1 + nulls)


@pytest.mark.parametrize("other", [0.1, 0.5, 0.9])
def test_where_both_groups_are_the_same_rows_the_mean_of_two_is_an_e_value(other: float) -> None:
    """Of 12 rows each counts for b; with chance .8 it counts for a, too."""
    mean = 0.0
    for b in range(13):
        second = partial(e_values.of_rate, 12 - b, 12, alpha=ALPHA / 2)
        for a in range(b + 1):
            first = partial(e_values.of_rate, a, 12, alpha=ALPHA / 2)
            found = of_rates(first, partial(at_least, second), factor=0.8, shift=0.0)
            mean += binom.pmf(b, 12, other) * binom.pmf(a, b, 0.8) * found
    assert mean <= 1


def earned(rule: dict[str, Any], baseline: int, hits: tuple[int, int]) -> Verdict:
    """Find so many of 400 positives in two groups; 400 negatives each are right."""
    before = said({"a": (400, baseline), "b": (400, baseline)}, model="d", negatives=400)
    after = said({"a": (400, hits[0]), "b": (400, hits[1])}, model="p", negatives=400)
    return evaluate(before, after, gate(rule, looks="earn"), look=1)


def test_four_fifths_can_be_earned_and_is_not_by_a_group_that_is_served_worse() -> None:
    verdict = earned(FOUR_FIFTHS, 380, (380, 375))
    (check,) = verdict.rules[0].checks
    assert check.outcome == verdict.outcome == "pass" and check.e_value >= 1 / check_alpha(verdict)
    verdict = earned(FOUR_FIFTHS, 380, (380, 300))  # a ratio of 1.27
    assert verdict.rules[0].checks[0].e_value < 1 and verdict.outcome != "pass"


def check_alpha(verdict: Verdict) -> float:
    return verdict.rules[0].alpha


def test_excess_loss_can_be_earned_and_is_not_by_the_group_that_lost_more() -> None:
    verdict = earned(EXCESS, 380, (380, 380))
    assert verdict.outcome == "pass"
    # half of all rows are of a: an excess of -.1 is a difference of -.2 between a and the others
    calm = change(0, 0, 800)
    expected = of_linear_form(calm, calm, check_alpha(verdict), factor=1.0, shift=0.2)
    assert only(verdict, "hair=a").e_value == pytest.approx(expected)
    verdict = earned(EXCESS, 380, (380, 220))  # b loses 160 of 800, everyone 160 of 1600
    assert only(verdict, "hair=b").e_value <= 1 and verdict.outcome != "pass"
    assert only(verdict, "hair=a").outcome == "pass"


def test_groups_that_share_rows_have_the_mean_of_two_e_values() -> None:
    """Classes as groups: a negative of one is a positive of the other."""
    pair = [said({"a": (400, 390)}, model=m, negatives=400) for m in "dp"]
    names = np.array(["dark", "blond"])[pair[0].labels]
    for one in pair:
        one.groups["label"] = names
    both = {"metric": "accuracy", "groups": ["label"], **SURE}
    rules = [{**both, "rule": "ratio", "limit": 0.8}, {**both, "rule": "gap", "limit": 0.2}]
    verdict = evaluate(*pair, gate(*rules, looks="earn"), look=1)
    for rule in verdict.rules:
        assert 1 < rule.checks[0].e_value < math.exp(700)


@pytest.mark.parametrize(("lost", "word"), [(0, "pass"), (160, "inconclusive")])
def test_with_several_rows_a_person_excess_loss_can_be_earned_too(lost: int, word: str) -> None:
    """Two rows a person; no bound is known there, but the mean of two e-values is."""
    before = said({"a": (400, 380), "b": (400, 380)}, model="d", negatives=400)
    after = said({"a": (400, 380), "b": (400, 380 - lost)}, model="p", negatives=400)
    people = (np.arange(len(before.ids)) // 2).astype(str)
    most = (MaxWeight(2.0),)
    pair = [replace(p, identities=people, max_weight=most) for p in (before, after)]
    verdict = evaluate(*pair, gate(EXCESS, looks="earn"), look=1)
    found = only(verdict, "hair=b")
    assert found.outcome == word
    assert (found.e_value >= 1 / check_alpha(verdict)) is (word == "pass")
    spent = evaluate(*pair, gate(EXCESS))
    assert only(spent, "hair=b").outcome == "inconclusive" and only(spent, "hair=b").e_value is None
