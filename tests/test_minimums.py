"""A minimum that is missed: is it compression's doing, or was the baseline never good enough?"""

from typing import Any

import pandas as pd
import pytest
from auditing import audited, check_in, hair
from hair_rates import PICTURES, gate, in_validation, only, put, said
from scipy.stats import beta

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.minimums import MinimumMissed, checks_of_baseline, refuse_missed
from faircompress.evaluation.verdict import Verdict

LEAST = {"rule": "minimum", "metric": "true_positive_rate", "limit": 0.9}


def of(baseline: int, candidate: int, rule: dict[str, Any] = LEAST) -> Verdict:
    """Find so many of 200 positives."""
    return put({"a": (200, baseline)}, {"a": (200, candidate)}, gate(rule))


def test_what_the_baseline_misses_too_is_called_the_baselines() -> None:
    verdict = of(150, 150)
    found = only(verdict, "hair=a")
    assert (found.baseline, found.outcome) == (0.75, "fail")
    # Clopper and Pearson of 150 hits in 200, each side at .025
    assert found.baseline_lower == pytest.approx(beta.ppf(0.025, 150, 51))
    assert found.baseline_upper == pytest.approx(beta.ppf(0.975, 151, 50))
    own = "The baseline model's own: 0.750 (0.684, 0.808), which misses it too."
    assert found.reason.endswith(own)
    assert any(own in reason for reason in verdict.reasons)
    assert verdict.next[0].startswith("Train a better dense model")
    assert "misses the minimum of everyone and hair=a too" in verdict.next[0]


def test_what_the_baseline_reaches_was_lost_by_compression() -> None:
    verdict = of(200, 150)
    assert only(verdict, "hair=a").reason.endswith("own: 1.000 (0.982, 1.000), which reaches it.")
    assert verdict.next[0].startswith("Protect everyone and hair=a: prune less")


def test_a_baseline_near_the_minimum_is_called_neither() -> None:
    verdict = of(180, 150)  # .9 itself: bounds .85 and .94
    assert only(verdict, "hair=a").reason.endswith("which is not shown to reach it.")
    assert "if they miss the limit too" in verdict.next[0]


def test_of_a_minimum_that_passes_and_of_other_rules_nothing_is_said() -> None:
    for verdict in (of(150, 200), of(150, 150, {**LEAST, "rule": "change"})):
        found = only(verdict, "hair=a")
        assert (found.baseline_lower, found.baseline_upper) == (None, None)
        assert "own:" not in found.reason


def test_where_lower_is_better_a_minimum_is_a_ceiling_for_the_baseline_too() -> None:
    rule = {"rule": "minimum", "metric": "false_negative_rate", "limit": 0.1}
    assert "0.250 (0.192, 0.316), which misses it too" in only(of(150, 150, rule), "hair=a").reason
    assert "0.000 (0.000, 0.018), which reaches it" in only(of(200, 150, rule), "hair=a").reason


@pytest.mark.parametrize(
    ("hits", "words"),
    [
        (150, "itself misses what is asked of the candidate one, and compressing less will not"),
        (180, "itself is not shown to reach what is asked of the candidate one"),
        (200, None),
    ],
)
def test_validation_rows_tell_before_any_test_row(hits: int, words: str | None) -> None:
    pair = [said({"a": (200, 200)}, model=m) for m in "dp"]
    seen = [said({"a": (200, hits)}, model=m) for m in "dp"]
    verdict = evaluate(*pair, gate(LEAST), validation=in_validation(*seen), captions=PICTURES)
    assert verdict.outcome == "pass"  # validation rows decide nothing
    assert len(verdict.notes) == (words is not None)
    if words:
        assert words in verdict.notes[0] and "true positive rate in hair=a is" in verdict.notes[0]


def test_confirmed_means_an_upper_bound_below_the_minimum() -> None:
    refused = []
    for hits in range(150, 200):
        rows = said({"a": (200, hits)}, model="d")
        checks = checks_of_baseline(rows, gate(LEAST), 0.5, PICTURES)
        try:
            refuse_missed(checks, PICTURES)
        except MinimumMissed:
            refused.append(hits)
    # .975 upper bound of 170 of 200: .8963; of 171: .9003
    assert refused == list(range(150, 171))


def test_an_audit_with_a_split_column_says_what_the_baseline_misses(in_empty_folder: None) -> None:
    rows = hair({"a": 160, "b": 100}, {"a": 160, "b": 100}, positives=200)
    every = [rows.assign(split=name) for name in ("validation", "test")]
    pd.concat(every).assign(picture=range(2 * len(rows))).to_csv("p.csv", index=False)
    verdict = audited(
        "faircompress audit p.csv --label y --group hair --baseline p_dense "
        "--candidate p_small --id picture --split split --rule 'minimum true_positive_rate 0.9'"
    )
    assert "On the validation rows the baseline model itself misses" in verdict["notes"][0]
    assert "misses it too" in check_in(verdict, "hair=b")["reason"]
