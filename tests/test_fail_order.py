"""Failures are confirmed in the order of validation evidence."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hair_rates import TPR, gate, in_validation, only, said

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.fail_order import confirmed_failures
from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.rules import Limits
from faircompress.statistics.procedures import AtLimit

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


@pytest.mark.parametrize("suspicion", [None, [2.0, 1.0, 0.0]])
def test_a_check_that_is_asked_at_several_levels_has_one_chance(
    suspicion: list[float] | None,
) -> None:
    """Wealth of bets that aim at a level: 1 / level with that chance, in other sets each time."""
    alpha, parts = 0.06, 3000
    starts = {round(alpha / k, 6): k / 10 for k in (1, 2, 3, 4)}

    def wealth(luck: float, level: float) -> float:
        start = starts[round(level, 6)]
        return 1 / level if start <= luck < start + level * (1 - 1e-9) else 0.0

    wrong = 0
    for part in range(parts):
        luck = (part + 0.5) / parts
        beyond_doubt = [fixed_check(alpha, lambda level: 1e9) for _ in range(2)]
        true = fixed_check(alpha, lambda level, luck=luck: wealth(luck, level))
        wrong += 0 in confirmed_failures([true, *beyond_doubt], suspicion).levels
    assert 0 < wrong / parts <= alpha


def fixed_check(alpha: float, wealth: Any) -> Check:
    """Return a check of which the wealth against "within the limit" is known, by level."""

    def at_least(number: float, level: float) -> AtLimit:
        return AtLimit("wealth", wealth(level), wealth(level) >= 1 / level)

    measured = SimpleNamespace(
        at_least=at_least, at_most=lambda number, level: AtLimit("wealth", 0.0, rejects=False)
    )
    hypothesis = SimpleNamespace(
        own_alpha=alpha, alpha=alpha, parts=None, by_e_value=False, limits=Limits(-0.1, None),
        kind=SimpleNamespace(of_pairs=False),
    )  # fmt: skip
    return Check(cast(Any, hypothesis), cast(Any, None), cast(Any, measured), "", None, ())
