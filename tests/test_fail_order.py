"""Failures are confirmed in the order of validation evidence."""

import pytest
from hair_rates import TPR, gate, in_validation, only, said

from faircompress.evaluation.evaluate import evaluate

MANY = {f"c{i}": (60, 60) for i in range(39)}
BEFORE, AFTER = {**MANY, "b": (60, 60)}, {**MANY, "b": (60, 52)}


def test_harm_that_validation_points_at_is_confirmed_among_forty() -> None:
    pair = said(BEFORE, model="d"), said(AFTER, model="p")
    blind = evaluate(*pair, gate())
    told = evaluate(*pair, gate(), validation=in_validation(*pair))
    # 8 lost of 60: chance .0098 if one in twenty is lost; .05 / 41 by Holm, .05 / 2 if first
    assert (blind.outcome, blind.failures) == ("inconclusive", "Holm")
    assert (told.outcome, told.failures) == ("fail", "order of validation")
    found = only(told, "hair=b")
    assert (found.rank, found.failed_at) == (1, pytest.approx(0.05 / 2))
    assert only(blind, "hair=b").rank is None


def test_a_wrong_order_costs_power_and_never_makes_a_pass() -> None:
    pair = said(BEFORE, model="d"), said(AFTER, model="p")
    elsewhere = {**MANY, "c0": (60, 40), "b": (60, 60)}
    held = in_validation(said(BEFORE, model="d"), said(elsewhere, model="p"))
    verdict = evaluate(*pair, gate(), validation=held)
    assert only(verdict, "hair=c0").rank == 1
    assert (verdict.outcome, only(verdict, "hair=b").failed_at) == ("inconclusive", None)


def test_what_is_confirmed_leaves_its_place_to_the_next() -> None:
    before = {"a": (200, 200), "b": (60, 60), "c": (200, 200)}
    after = {"a": (200, 120), "b": (60, 52), "c": (200, 200)}
    pair = said(before, model="d"), said(after, model="p")
    verdict = evaluate(*pair, gate(TPR), validation=in_validation(*pair))
    ranks = {g: only(verdict, g).rank for g in ("hair=a", "all", "hair=b", "hair=c")}
    assert ranks == {"hair=a": 1, "all": 2, "hair=b": 3, "hair=c": 4}
    # a and all are rejected first, so b is tested at a half and not at an eighth
    assert only(verdict, "hair=b").failed_at == pytest.approx(0.05 / 2)


def test_disparities_have_a_tenth_of_what_failures_may_err() -> None:
    rule = {"rule": "disparity_change", "metric": "true_positive_rate", "limit": 0.2,
            "confidence": 0.95}  # fmt: skip
    before, after = {"a": (200, 200), "b": (200, 200)}, {"a": (200, 200), "b": (200, 80)}
    pair = said(before, model="d"), said(after, model="p")
    verdict = evaluate(*pair, gate(TPR, rule), validation=in_validation(*pair))
    (found,) = verdict.rules[1].checks
    assert found.outcome == "fail" and found.failed_at == pytest.approx(0.05 * 0.1)
