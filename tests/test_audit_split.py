"""Validation rows of an audit from Python: told from test rows by a column, they set thresholds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from audit_frames import audit, noisy, numbers

from faircompress.evaluation.operating_point import match_selection_rate


def split_in_two(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(part=np.where(np.arange(len(df)) % 3 == 0, "validation", "test"))


SPLIT: dict[str, Any] = {
    "groups": ["g"], "baseline": "d_1", "candidate": "s_1", "id": "id", "split": "part",
}  # fmt: skip


def test_rows_of_validation_are_not_tested() -> None:
    df = split_in_two(noisy())
    verdict = audit(df, **SPLIT)
    assert verdict.rows == 800
    alone = audit(df[df.part == "test"], **{**SPLIT, "split": None})
    assert numbers(verdict) == numbers(alone)
    by_array = audit(df.drop(columns="part"), **{**SPLIT, "split": df.part.to_numpy()})
    assert numbers(by_array) == numbers(verdict)


def test_the_candidate_may_decide_at_the_selection_rate_of_the_baseline() -> None:
    df = split_in_two(noisy())
    df["s_1"] *= 0.6  # at one half it says yes to hardly anybody
    shy, matched = audit(df, **SPLIT), audit(df, **SPLIT, threshold="baseline")
    held = df[df.part == "validation"]
    match = match_selection_rate(
        held.d_1.to_numpy() >= 0.5, held.s_1.to_numpy(), np.ones(len(held))
    )
    assert shy.outcome == "fail" and matched.outcome == "pass"
    assert matched.thresholds == {"baseline": 0.5, "candidate": match.threshold}
    rate = matched.groups[0].metrics["selection_rate"]
    assert rate.baseline == pytest.approx(rate.candidate, abs=0.03)


def test_the_candidate_may_decide_where_it_is_most_accurate_on_validation() -> None:
    df = split_in_two(noisy())
    df["s_1"] *= 0.6
    verdict = audit(df, **SPLIT, threshold="validation")
    cut = verdict.thresholds["candidate"]
    held = df[df.part == "validation"]
    right = [((held.s_1 >= c) == held.y).mean() for c in (cut, 0.5, 0.25)]
    assert right[0] == max(right) and cut < 0.5


def test_nobody_is_in_validation_and_in_test() -> None:
    df = split_in_two(noisy())
    df["person"] = [f"person {row // 4}" for row in range(len(df))]
    with pytest.raises(ValueError, match="300 of 300 clusters, such as 'person 0', have rows in"):
        audit(df, **SPLIT, cluster="person", max_weight=8)
    df["part"] = np.where(np.arange(len(df)) < 400, "validation", "test")
    assert audit(df, **SPLIT, cluster="person", max_weight=8).rows == 800


@pytest.mark.parametrize("copies", [1, 0.1])
def test_validation_rows_that_are_test_rows_again_under_other_ids_are_told(copies: float) -> None:
    df = split_in_two(noisy())
    test, held = df[df.part == "test"], df[df.part == "validation"]
    again = test.sample(int(copies * len(held)), random_state=0)
    held = pd.concat([held.iloc[len(again) :], again]).assign(part="validation")
    both = pd.concat([test, held]).assign(id=np.arange(len(df)))
    told = [note for note in audit(both, **SPLIT).notes if "test rows again" in note]
    assert len(told) == 1
    count = int(told[0].removeprefix("About ").split()[0])
    assert abs(count - len(again)) <= 2 and "of 400 validation rows" in told[0]


@pytest.mark.parametrize("digits", [2, 9])
def test_other_validation_rows_are_not_taken_for_test_rows(digits: int) -> None:
    verdict = audit(split_in_two(noisy()).round({"d_1": digits, "s_1": digits}), **SPLIT)
    assert not [note for note in verdict.notes if "test rows" in note]
