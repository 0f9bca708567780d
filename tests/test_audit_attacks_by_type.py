"""Attempts to get a pass by what Python and pandas allow: types, indices, spellings, twins.

The candidate misses two in five of the positives of group b. Each attempt comes to the same fail as
the plain table, or is refused in a sentence.
"""

import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_audit_attacks import COLUMNS, outcome, rows

import faircompress
from faircompress.support.errors import InputError

pytestmark = pytest.mark.usefixtures("in_empty_folder")
Spoil = Callable[[pd.DataFrame], pd.DataFrame]
HARMED, UNHARMED = rows(), rows(harmed=False)
HELD = UNHARMED.assign(part="validation", id="v" + UNHARMED.id)  # of the same people and scores


def mostly(column: str, value: object) -> Spoil:
    """Write another value where the candidate does harm."""
    return lambda df: df.assign(**{column: df[column].astype(object).where(~df.hit, value)})


@pytest.mark.parametrize(
    "same",
    [
        lambda df: df.assign(g=pd.Categorical(df.g, ["a", "b", "nobody"])),
        lambda df: df.assign(y=pd.Categorical(df.y, [1, 0, 2], ordered=True)),
        lambda df: df.assign(y=df.y.astype("boolean"), s=df.s.astype("Float64")),
        lambda df: df.assign(s=[decimal.Decimal(str(x)) for x in df.s]),
        lambda df: df.assign(s=pd.arrays.SparseArray(df.s.to_numpy())),
        lambda df: df.set_axis(np.zeros(len(df), int), axis=0),
        mostly("g", "b\u00a0"),
        mostly("y", " 1.0"),
    ],
)
def test_another_type_or_spelling_is_the_same_table(same: Spoil) -> None:
    assert outcome(same(HARMED)) == "fail"


@pytest.mark.parametrize(
    "spoil",
    [
        mostly("s", None), mostly("s", "nan"), mostly("s", np.inf), mostly("s", 1 + 1e-12),
        mostly("s", "90%"), mostly("s", -0.1), mostly("y", pd.NA), mostly("y", 2), mostly("g", ""),
        lambda df: df.assign(s=df.s + 0j), lambda df: df.assign(s=pd.to_datetime("2020-01-01")),
        lambda df: pd.concat([df, UNHARMED[["s"]]], axis=1),
        lambda df: pd.concat([df.rename(columns={"s": "1"}), UNHARMED.s.rename(1)], axis=1),
    ],
)  # fmt: skip
def test_what_is_no_number_no_class_or_stands_twice_is_refused(spoil: Spoil) -> None:
    assert outcome(spoil(HARMED)) == "refused"


@pytest.mark.parametrize("weight", ["inf", "nan", "1e400", "0x10", "", "5e-324", "-1", "0", False])
def test_a_weight_that_is_no_finite_number_above_0_is_refused(weight: object) -> None:
    assert outcome(mostly("w", weight)(HARMED), weight="w", max_weight=1.0) == "refused"


@pytest.mark.parametrize("most", [np.nan, np.inf, 0, -1, 1e-300, "20"])
def test_a_cap_that_bounds_nothing_is_refused(most: Any) -> None:
    assert outcome(HARMED, weight="w", max_weight=most) == "refused"


@pytest.mark.parametrize("column", ["s_1.0", "s_ 1", "s_1 "])
def test_a_second_column_of_one_class_does_not_replace_the_first(column: str) -> None:
    df = HARMED.assign(d_0=1 - HARMED.d, d_1=HARMED.d, s_0=1 - HARMED.s, s_1=HARMED.s)
    starred = {"baseline": "d_*", "candidate": "s_*"}
    with pytest.raises(InputError, match="are both of class '1'; one a class is needed"):
        faircompress.audit(df.assign(**{column: UNHARMED.s}), **{**COLUMNS, **starred})


def test_a_series_of_other_rows_is_not_laid_beside_these() -> None:
    with pytest.raises(InputError, match="candidate is a Series with another index than the table"):
        faircompress.audit(HARMED.sort_values("d"), **{**COLUMNS, "candidate": UNHARMED.s})
    assert outcome(HARMED, candidate=HARMED.s) == "fail"
    for shape in (HARMED[["s"]].to_numpy(), [[x] for x in HARMED.s]):  # one column is a column
        assert outcome(HARMED, candidate=shape) == "fail"
    for shape in (HARMED.s[:-1].to_numpy(), HARMED[["s", "d"]].to_numpy()):
        assert outcome(HARMED, candidate=shape) == "refused"


@pytest.mark.parametrize("limit", [np.nan, np.inf, True, 0, -0.1, 1, 1e-400, "0.05x", None, [0.05]])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    assert (
        outcome(HARMED, rules=[{"rule": "change", "metric": "auroc", "limit": limit}]) == "refused"
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"limit": 0.05, "groups": []}, {"limit": 0.05, "groups": ["nobody"]},
        {"limit": 0.05, "groups": ["label"]}, {"limit": 0.05, "Groups": ["g"]},
        {"limit": 0.05, "against": "champion"}, {"limit": 0.05, "confidence": np.nan},
        {"limit": 0.05, "confidence": 0.4}, {"limit": 0.05, "confidence": True},
    ],
)  # fmt: skip
def test_a_rule_that_would_bind_nothing_is_refused(rule: dict[str, Any]) -> None:
    assert outcome(HARMED, rules=[{"rule": "change", "metric": "auroc", **rule}]) == "refused"


def test_a_rule_twice_or_one_that_no_check_saw_is_refused() -> None:
    wide = "change true_positive_rate 0.9"
    for other in ("change true_positive_rate 0.1", "change false_negative_rate 0.1"):
        assert outcome(HARMED, rules=[wide, other]) == "refused"
    made = {"metric": "auroc", "against": "baseline", "confidence": 0.9, "because": ""}
    for limit, groups in ((5.0, None), (0.05, [])):
        rule = faircompress.Rule.model_construct(rule="change", limit=limit, groups=groups, **made)
        assert outcome(HARMED, rules=[rule]) == "refused"


@pytest.mark.parametrize("threshold", [np.nan, 0, 1, -1, 2, True, "nan"])
def test_a_threshold_outside_0_to_1_is_refused(threshold: Any) -> None:
    assert outcome(HARMED, threshold=threshold) == "refused"


def test_a_threshold_of_numpy_is_a_number() -> None:
    assert outcome(HARMED, threshold=np.float32(0.5)) == "fail"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda df: pd.concat([df, HELD.assign(id=UNHARMED.id)]),
        lambda df: pd.concat([df, HELD.assign(id=UNHARMED.id + " ")]),
        lambda df: pd.concat([mostly("part", "train")(df), HELD]),
        lambda df: pd.concat([mostly("part", None)(df), HELD]),
    ],
)
def test_ids_in_both_splits_and_other_splits_are_refused(spoil: Spoil) -> None:
    assert outcome(spoil(HARMED), id="id", split="part") == "refused"


def test_validation_rows_that_copy_test_rows_hide_no_harm() -> None:
    both = pd.concat([HARMED, HELD])
    assert outcome(both, id="id", split="part", threshold="baseline") == "fail"


def test_the_classes_turned_round_or_named_twice_are_refused() -> None:
    turned = {"classes": ("1", "0"), "rules": ["change true_positive_rate 0.1"]}
    assert outcome(HARMED, **turned) == "refused"
    assert outcome(HARMED, classes=("0", "0", "1")) == "refused"
    assert outcome(HARMED, classes=("0", "1", "2")) == "refused"


def test_a_way_that_is_none_and_a_ledger_that_is_no_file_are_refused(tmp_path: Path) -> None:
    assert outcome(HARMED, ledger="looks.jsonl", looks="Ignore") == "refused"
    assert outcome(HARMED, ledger=str(tmp_path)) == "refused"
    assert outcome(HARMED, id="id", ledger="looks.jsonl", tops_up=True) == "refused"
