"""The verdict, from predictions and rules."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hair_rates import TPR, gate, in_validation, only, put, said

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict


def test_no_loss_in_enough_positives_passes() -> None:
    verdict = put({"a": (100, 90), "b": (59, 50)}, {"a": (100, 90), "b": (59, 50)})
    assert verdict.outcome == "pass"
    found = only(verdict, "hair=b")
    assert found.lower == pytest.approx(-0.05)  # of the grid of 1/800, the next below -.0495
    # no loss in 59 if one in twenty is lost: .95^59 = .0485, and .001 alpha for the discordance
    assert found.statistic == "tail"
    assert found.at_limit_lower == pytest.approx(0.95**59 + 5e-5, abs=2e-4)


def test_no_loss_in_58_positives_is_inconclusive_and_says_what_would_do() -> None:
    verdict = put({"a": (100, 100), "b": (58, 58)}, {"a": (100, 100), "b": (58, 58)})
    assert verdict.outcome == "inconclusive"
    assert "true positive rate in hair=b" in verdict.sentence
    (reason,) = verdict.reasons
    # half a lost or gained picture is assumed in 58: of 93, none or one is lost 8 times in 10
    assert "58 pictures are blond in hair=b; about 94 would certify 0.05 at 80 % power" in reason


def test_a_class_whose_name_is_a_number_is_not_read_as_a_count() -> None:
    pair = [
        replace(said({"a": (100, 100), "b": (58, 58)}, model=model), classes=("0", "8"))
        for model in ("dense", "pruned")
    ]
    (reason,) = evaluate(*pair, gate()).reasons
    assert "58 rows are label 8 in hair=b" in reason


def test_a_group_that_loses_a_third_fails_and_is_named() -> None:
    verdict = put({"a": (100, 90), "b": (90, 90)}, {"a": (100, 90), "b": (90, 60)})
    assert verdict.outcome == "fail"
    assert only(verdict, "hair=b").estimate == pytest.approx(-1 / 3)
    assert (
        verdict.sentence
        == "Fail: harm beyond the limit is confirmed for true positive rate in hair=b and true "
        "positive rate over all pictures."
    )
    assert "Protect hair=b" in verdict.next[0]


def test_harm_that_one_check_would_confirm_is_not_confirmed_among_forty() -> None:
    few = {"b": (60, 60)}, {"b": (60, 52)}
    alone = put(*few)
    many = {f"c{i}": (60, 60) for i in range(39)}
    among_forty = put({**few[0], **many}, {**few[1], **many})
    assert (alone.outcome, among_forty.outcome) == ("fail", "inconclusive")
    assert only(alone, "hair=b").upper == only(among_forty, "hair=b").upper < -0.05
    assert "not confirmed among this many checks" in among_forty.reasons[0]


def test_holm_confirms_a_harm_more_easily_once_the_others_are_confirmed() -> None:
    dense = {f"c{i}": (60, 60) for i in range(9)} | {"b": (60, 60)}
    unharmed = {**dense, "b": (60, 52)}  # 8 lost of 60: chance 0.0098 if 1 in 20 is lost
    harmed = {f"c{i}": (60, 10) for i in range(9)} | {"b": (60, 52)}
    assert only(put(dense, unharmed), "hair=b").outcome == "inconclusive"  # 0.0098 > 0.05 / 10
    assert only(put(dense, harmed), "hair=b").outcome == "fail"  # 0.0098 < 0.05 / 1


def test_the_same_file_passes_whatever_the_size_and_an_equal_answer_does_not() -> None:
    dense = said({"a": (12, 10), "b": (15, 15)}, model="dense")
    same = evaluate(dense, dense, gate(), validation=in_validation(dense, dense))
    assert same.outcome == "pass"
    assert (only(same, "hair=a").lower, only(same, "hair=a").upper) == (0, 0)
    other = replace(dense, model="another")
    assert evaluate(dense, other, gate(), validation=in_validation(dense, other)).outcome != "pass"


def test_a_file_that_is_not_shown_to_beat_chance_does_not_pass_by_being_the_same() -> None:
    dense = said({"a": (3, 1)}, model="dense")
    same = evaluate(dense, dense, gate(), validation=in_validation(dense, dense))
    assert same.outcome == "inconclusive"
    assert "not shown to be better than chance over all rows" in same.reasons[0]


def test_a_group_without_the_class_is_undefined_and_never_passes() -> None:
    verdict = put({"a": (100, 100), "b": (0, 0)}, {"a": (100, 100), "b": (0, 0)})
    finding = only(verdict, "hair=b")
    assert (finding.outcome, finding.estimate, finding.n) == ("inconclusive", None, 0)
    # as often as models disagree in all 100 positives: half a picture
    assert "0 pictures are blond in hair=b; about 94 would certify" in finding.reason


def test_rows_in_another_order_get_the_same_verdict() -> None:
    pair = [said(x, model=m) for x, m in (({"a": (80, 70)}, "d"), ({"a": (80, 66)}, "p"))]
    order = np.random.default_rng(0).permutation(len(pair[0].ids))
    mixed = [
        replace(
            p,
            ids=p.ids[order],
            labels=p.labels[order],
            probabilities=p.probabilities[order],
            groups={"hair": p.groups["hair"][order]},
        )
        for p in pair
    ]
    rules = gate(TPR, {"metric": "auroc", "rule": "change", "limit": 0.05})
    one, other = (evaluate(*p, rules, validation=in_validation(*p)) for p in (pair, mixed))
    assert json.dumps(one.to_json()) == json.dumps(other.to_json())


def test_drift_binds_every_pair_and_names_the_group_that_lost() -> None:
    rule = gate({"metric": "true_positive_rate", "rule": "disparity_change", "limit": 0.2})
    groups = {"a": (200, 200), "b": (200, 200), "c": (200, 200)}
    verdict = put(groups, {**groups, "c": (200, 100)}, rule)
    found = {(f.group, f.other): f.outcome for f in verdict.rules[0].checks}
    assert found == {
        ("hair=a", "hair=b"): "pass",
        ("hair=a", "hair=c"): "fail",
        ("hair=b", "hair=c"): "fail",
    }
    assert verdict.next[0].startswith("Protect hair=c:")
    assert "further from each other: 0.000 apart before, 0.500 now" in verdict.reasons[0]


def test_groups_that_were_moved_nearer_to_each_other_are_said_to_be() -> None:
    rule = gate({"metric": "true_positive_rate", "rule": "disparity_change", "limit": 0.2})
    verdict = put({"a": (200, 200), "b": (200, 120)}, {"a": (200, 200), "b": (200, 180)}, rule)
    assert "nearer to each other: 0.400 apart before, 0.100 now" in verdict.reasons[0]


@pytest.mark.parametrize(("hits", "word"), [(200, "pass"), (185, "inconclusive"), (150, "fail")])
def test_a_floor_binds_the_pruned_rate_alone(hits: int, word: str) -> None:
    rule = gate({"metric": "true_positive_rate", "rule": "minimum", "limit": 0.9})
    assert put({"a": (200, 150)}, {"a": (200, hits)}, rule).outcome == word


@pytest.mark.parametrize(("alarms", "word"), [(0, "pass"), (30, "inconclusive"), (90, "fail")])
def test_where_lower_is_better_a_rise_is_harm_and_the_floor_is_a_ceiling(
    alarms: int, word: str
) -> None:
    dense = said({"a": (50, 50)}, model="dense", negatives=300)
    p = dense.probabilities[:, 1].copy()
    p[50 : 50 + alarms] = 0.9
    pruned = replace(dense, model="pruned", probabilities=np.stack([1 - p, p], axis=1))
    for kind in ("change", "minimum"):
        rule = gate({"metric": "false_positive_rate", "rule": kind, "limit": 0.1})
        verdict = evaluate(dense, pruned, rule, validation=in_validation(dense, pruned))
        assert verdict.outcome == word
        assert only(verdict, "hair=a").estimate == pytest.approx(alarms / 300)
        assert only(verdict, "hair=a").limit_upper == 0.1


def test_intersections_are_judged_on_request_only() -> None:
    pair = [said({"a": (80, 80), "b": (80, 80)}, model=m) for m in "dp"]
    skin = np.where(np.arange(200) % 2, "dark", "light")
    pair = [replace(p, groups={**p.groups, "skin": skin}) for p in pair]
    plain = evaluate(*pair, gate(), validation=in_validation(*pair))
    crossed = evaluate(*pair, gate(intersections=True), validation=in_validation(*pair))
    assert (plain.checks, crossed.checks) == (5, 9)
    assert only(crossed, "hair=a & skin=dark").n == 40
    assert "hair=a & skin=dark" in [g.group for g in crossed.groups]


def test_a_threshold_may_come_from_validation_but_never_from_test() -> None:
    dense = said({"a": (100, 100)}, model="dense")
    low = np.where(dense.labels == 1, 0.3, 0.1)
    pruned = replace(dense, model="pruned", probabilities=np.stack([1 - low, low], axis=1))
    chosen = gate(threshold="validation")
    verdict = evaluate(dense, pruned, chosen, validation=in_validation(dense, pruned))
    assert verdict.outcome == "pass"  # at 0.5 every positive would be lost
    assert verdict.thresholds == {
        "baseline": pytest.approx(0.5), "candidate": pytest.approx(0.2),
    }  # fmt: skip
    with pytest.raises(ValueError, match="may not be chosen on test rows"):
        evaluate(dense, pruned, chosen, validation=(dense, pruned))


def broken(p: Predictions, **change: Any) -> Predictions:
    return replace(p, **change)


@pytest.mark.parametrize(
    ("change", "rule", "complaint"),
    [
        ({"probabilities": np.full((120, 2), np.nan)}, TPR, "NaN in 120 rows"),
        ({"labels": np.zeros(120, int)}, TPR, "labels differ"),
        ({"data": "other"}, TPR, "data differ"),
        ({"ids": np.arange(120).astype(str)}, TPR, "ids differ"),
        ({}, {**TPR, "groups": ["skin"]}, "group column skin; the predictions have hair"),
        ({}, {**TPR, "rule": "disparity_change"}, "binds no group"),
    ],
)
def test_what_cannot_be_judged_is_an_error_and_no_verdict(
    change: dict[str, Any], rule: dict[str, Any], complaint: str
) -> None:
    dense, pruned = (said({"a": (100, 100)}, model=m) for m in ("d", "p"))
    with pytest.raises(ValueError, match=complaint):
        evaluate(
            dense, broken(pruned, **change), gate(rule), validation=in_validation(dense, pruned)
        )


def test_predictions_without_group_columns_cannot_pass_for_want_of_checks() -> None:
    pair = [replace(said({"a": (100, 100)}, model=m), groups={}) for m in "dp"]
    with pytest.raises(ValueError, match="binds no group, so it cannot fail"):
        evaluate(*pair, gate(), validation=in_validation(*pair))


def test_validation_predictions_of_another_file_are_refused() -> None:
    pair = [said({"a": (100, 100)}, model=m) for m in "dp"]
    with pytest.raises(ValueError, match="must be of the same file"):
        evaluate(*pair, gate(), validation=in_validation(pair[1], pair[0]))


def test_no_rules_and_unknown_metrics_are_refused_before_anything_is_judged() -> None:
    with pytest.raises(ValueError, match="rules"):
        Gate.model_validate({"threshold": 0.5, "power": 0.8, "intersections": False, "rules": []})
    with pytest.raises(ValueError, match="metric"):
        gate({**TPR, "metric": "niceness"})


def test_a_verdict_survives_json_and_refuses_other_shapes() -> None:
    verdict = put({"a": (100, 90), "b": (0, 0)}, {"a": (100, 80), "b": (0, 0)})
    text = json.dumps(verdict.to_json(), allow_nan=False)
    assert Verdict.from_json(json.loads(text)) == verdict
    for wrong in ({"schema": 3}, {"outcome": "maybe"}, {"novelty": 1}):
        with pytest.raises(ValueError, match="no verdict of schema 2 or 1"):
            Verdict.from_json({**verdict.to_json(), **wrong})
