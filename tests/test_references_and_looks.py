"""Rules against both champions, alpha spent over looks, groups that must be there."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hair_rates import TPR, gate, in_validation, only, put, said

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.levels import level
from faircompress.evaluation.verdict import Verdict
from faircompress.statistics.paired_proportions import change_lower

CHAMPION = {**TPR, "rule": "change", "against": "champion"}
ORIGINAL = {**TPR, "rule": "change", "against": "original_champion"}
PERFECT, UNHARMED = {"a": (400, 400)}, {"a": (400, 300)}


def against(
    by: Gate, pruned: dict[str, tuple[int, int]], **others: dict[str, tuple[int, int]]
) -> Verdict:
    """Evaluate a file that is as good as its dense one, beside files that find other counts."""
    pair = said(pruned, model="dense"), said(pruned, model="pruned")
    named = {name: said(found, model=name) for name, found in others.items()}
    return evaluate(*pair, by, references=named, captions=CHAIN)


def test_a_fall_from_the_champion_fails_where_none_from_dense_is_found() -> None:
    verdict = against(gate(TPR, CHAMPION), UNHARMED, champion=PERFECT)
    found = only(verdict, "hair=a", rule=1)
    assert [rule.outcome for rule in verdict.rules] == ["pass", "fail"]
    assert (found.estimate, found.limit_lower) == (-0.25, -0.05)
    assert (
        "in hair=a against the champion went from 1.000 to 0.750 (-0.250), 95 % bounds"
        in (verdict.reasons[1])
    )
    assert (
        "confirmed for true positive rate over all pictures against the champion and"
        in verdict.sentence
    )


def test_the_champion_is_compared_by_the_bounds_of_a_change() -> None:
    dense, pruned = {"a": (200, 190), "b": (0, 0)}, {"a": (200, 180), "b": (0, 0)}
    verdict = against(gate(TPR, CHAMPION), pruned, champion=dense)
    as_dense = put(dense, pruned)
    for group in ("hair=a", "hair=b"):
        ours, theirs = only(verdict, group, rule=1), only(as_dense, group)
        blank = {"reason": "", "failed_at": None}
        assert replace(ours, **blank) == replace(theirs, **blank)


def test_a_chain_of_a_little_worse_ends_at_the_original_champion() -> None:
    wide = gate(TPR, {**CHAMPION, "limit": 0.15}, {**ORIGINAL, "limit": 0.15})
    verdict = against(
        wide, {"a": (400, 310)}, original_champion=PERFECT, champion={"a": (400, 350)}
    )
    assert [rule.outcome for rule in verdict.rules] == ["pass", "pass", "fail"]
    assert [only(verdict, "hair=a", rule=k).estimate for k in (1, 2)] == [
        pytest.approx(-0.1),  # 40 of 400
        pytest.approx(-0.225),  # 90 of 400
    ]
    assert set(verdict.models) == {"baseline", "candidate", "champion", "original_champion"}
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


def test_without_a_champion_its_rule_is_not_tested_and_blocks_nothing() -> None:
    verdict = against(gate(TPR, CHAMPION, ORIGINAL), UNHARMED, champion=UNHARMED)
    (absent,) = verdict.not_tested
    assert (verdict.outcome, len(verdict.tested), absent.outcome) == ("pass", 2, "not tested")
    assert (absent.against, absent.limit) == ("original_champion", 0.05)
    assert absent.reason == (
        "not tested, since there is no original champion yet. The first approved file becomes it."
    )
    assert verdict.reasons == [f"{absent.description}: {absent.reason}"]


def test_the_champion_itself_passes_by_identity_whatever_the_size() -> None:
    dense, pruned = (said({"a": (12, 10)}, model=m) for m in ("dense", "pruned"))
    by = gate(TPR, CHAMPION)
    same = evaluate(dense, pruned, by, references={"champion": pruned})
    found = only(same, "hair=a", rule=1)
    assert (found.outcome, found.method, found.lower) == ("pass", "identity", 0)
    other = replace(pruned, model="other")
    equal = evaluate(dense, pruned, by, references={"champion": other})
    assert only(equal, "hair=a", rule=1).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"data": "other"}, "data differ"),
        ({"classes": ("light", "dark")}, "classes differ"),
        ({"ids": np.arange(120).astype(str)}, "ids differ"),
        ({"probabilities": np.full((120, 2), np.nan)}, "NaN in 120 rows"),
    ],
)
def test_a_champion_that_predicted_something_else_is_an_error(
    change: dict[str, Any], complaint: str
) -> None:
    pair = [said({"a": (100, 100)}, model=m) for m in ("dense", "pruned")]
    others = {"champion": replace(pair[0], **change)}
    with pytest.raises(ValueError, match=f"the champion cannot be compared.*{complaint}"):
        evaluate(*pair, gate(TPR, CHAMPION), references=others)
    assert evaluate(*pair, gate(), references=others).outcome == "pass"  # no rule needs it


def test_a_champion_that_cannot_be_compared_leaves_its_rule_open_and_says_why() -> None:
    pair = [said({"a": (100, 100)}, model=m) for m in ("dense", "pruned")]
    others = {"champion": "it takes pictures of 64 x 64"}
    verdict = evaluate(*pair, gate(TPR, CHAMPION), references=others, captions=CHAIN)
    assert verdict.outcome == verdict.not_tested[0].outcome == "inconclusive"
    assert verdict.sentence == (
        "Inconclusive: it is not settled that true positive rate falls by at most 0.05 in every "
        "group, counted from the champion model."
    )
    assert verdict.reasons[0].endswith(
        "since the champion cannot be compared: it takes pictures of 64 x 64. A person must "
        "decide, or take this rule out of gate.rules."
    )
    assert verdict.next == ["Have a reviewer decide with the bounds in view."]
    without = evaluate(*pair, gate(TPR), references=others)
    assert (without.outcome, without.not_tested) == ("pass", [])


def test_a_misspelt_reference_is_refused_and_not_taken_for_an_absent_one() -> None:
    with pytest.raises(ValueError, match="'champoin'; there are champion and original_champion"):
        against(gate(TPR, CHAMPION), UNHARMED, champoin=UNHARMED)


def test_the_champion_decides_by_its_own_threshold_from_validation() -> None:
    pair = [said({"a": (100, 100)}, model=m) for m in ("dense", "pruned")]
    low = np.where(pair[0].labels == 1, 0.3, 0.1)  # at 0.5 it would miss every positive
    champion = replace(pair[0], model="c", probabilities=np.stack([1 - low, low], axis=1))
    by = gate(TPR, CHAMPION, threshold="validation")
    held, (of_champion, _) = in_validation(*pair), in_validation(champion, champion)

    def found(**more: dict[str, Predictions]) -> Verdict:
        return evaluate(*pair, by, validation=held, references={"champion": champion}, **more)

    verdict = found(references_on_validation={"champion": of_champion})
    assert verdict.thresholds["champion"] == pytest.approx(0.2)
    assert only(verdict, "hair=a", rule=1).estimate == 0
    with pytest.raises(ValueError, match="the champion predicted test rows only"):
        found()
    with pytest.raises(ValueError, match="must be of the same file"):
        found(references_on_validation={"champion": replace(of_champion, model="d")})


def test_rules_that_all_wait_for_a_champion_are_refused() -> None:
    with pytest.raises(ValueError, match="waits for a champion, so without one harm could not"):
        gate(CHAMPION, ORIGINAL)


def looked(look: int | None, positives: int = 100, **more: Any) -> Verdict:
    pair = [said({"a": (positives, positives)}, model=m) for m in ("dense", "pruned")]
    return evaluate(*pair, gate(**more), look=look)


@pytest.mark.parametrize(
    ("look", "positives", "word"),
    [(None, 59, "pass"), (1, 72, "inconclusive"), (1, 73, "pass"), (2, 102, "inconclusive"),
     (2, 103, "pass")],
)  # fmt: skip
def test_each_look_needs_more_unharmed_rows(look: int | None, positives: int, word: str) -> None:
    # No bound does with fewer than log(alpha) / log(0.95) rows: 58.4 at 0.05, 71.9 at 0.05 / 2 and
    # 93.3 at 0.05 / 6, where the exact one takes 103, since the one lost row may hide among gained.
    assert looked(look, positives).outcome == word


def test_a_verdict_tells_its_look_and_what_it_spent() -> None:
    verdict = looked(3)
    (rule,) = verdict.rules
    assert (verdict.look, rule.alpha) == (3, pytest.approx(0.05 / 12))
    assert rule.confidence == pytest.approx(1 - 0.05 / 12)
    assert only(verdict, "hair=a").lower == change_lower(0, 0, 100, 0.05 / 12)
    assert "This is look 3 at this test set, which may spend 1/12" in verdict.looks
    short = looked(3, positives=90)
    assert "99.58 % bounds" in short.reasons[0]


@pytest.mark.parametrize(("look", "confidence"), [(1, 0.975), (4, 0.9975)])  # 0.05 / 2, 0.05 / 20
def test_a_look_is_tested_wholly_as_by_rules_of_its_confidence(
    look: int, confidence: float
) -> None:
    rules: list[dict[str, Any]] = [
        CHAMPION,
        {"metric": "auroc", "rule": "change", "limit": 0.05},
        {"metric": "precision", "rule": "change", "limit": 0.05},
        {"metric": "selection_rate", "rule": "change", "limit": 0.05},
        {"metric": "true_positive_rate", "rule": "disparity_change", "limit": 0.2},
        {"metric": "true_positive_rate", "rule": "change", "limit": 0.05},
        {"metric": "true_positive_rate", "rule": "minimum", "limit": 0.9},
        {"metric": "accuracy", "rule": "excess_loss", "limit": 0.1},
    ]
    counts = {"a": (80, 78), "b": (60, 60), "c": (1, 1)}
    pair = [said(counts, model="d"), said({**counts, "a": (80, 76)}, model="p")]
    more = {"references": {"champion": pair[0]}}
    paid = [{"confidence": 0.95, **rule} for rule in rules]
    spent = evaluate(*pair, gate(*paid), look=look, **more)
    stated = [{**rule, "confidence": confidence} for rule in rules]
    whole = evaluate(*pair, gate(*stated), **more)
    assert (spent.rules, spent.sentence) == (whole.rules, whole.sentence)
    drawn, expected = (v.groups[1].metrics["auroc"] for v in (spent, whole))
    assert drawn == expected


def test_looks_that_are_ignored_are_told_but_not_paid() -> None:
    verdict, first = looked(3, looks="ignore"), looked(None)
    assert (verdict.rules, verdict.look) == (first.rules, 3)
    assert "Looks are not corrected for" in verdict.looks


def test_all_looks_together_spend_what_one_may() -> None:
    total = sum(level(gate(), 0.95, look) for look in range(1, 1000))
    assert total == pytest.approx(0.05 * (1 - 1 / 1000))  # 1/2 + 1/6 + ... telescopes
    with pytest.raises(ValueError, match="look is 0; the first look at a test set is 1"):
        looked(0)


@pytest.mark.parametrize(
    ("expect", "complaint"),
    [
        ({"hair": ["a", "grey"]}, r"no test row has hair=grey, but gate.expect declares it"),
        ({"hair": ["a", "lng"]}, r"hair=lng.* Did you mean 'long'\?"),
        ({"hiar": ["a"]}, r"names group column 'hiar'.* Did you mean 'hair'\?"),
    ],
)
def test_a_declared_group_that_the_test_rows_lack_is_an_error(
    expect: dict[str, list[str]], complaint: str
) -> None:
    counts = {"a": (100, 100), "long": (100, 100)}
    with pytest.raises(ValueError, match=complaint):
        put(counts, counts, gate(expect=expect))


def test_declared_groups_that_are_there_change_no_verdict_and_may_be_numbers() -> None:
    counts = {"1": (100, 100), "2": (100, 100)}
    by = gate(expect={"hair": [1, 2]})
    assert put(counts, counts, by) == put(counts, counts)
