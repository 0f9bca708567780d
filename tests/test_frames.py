"""Whatever people call a table in Python is audited alike, or refused with what would do."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

import faircompress
from faircompress.support.errors import InputError

RNG = np.random.default_rng(0)
N = 1200
Y = np.tile([0, 1], N // 2)
SEX = np.repeat(["f", "m"], N // 2)
P = (0.2 + 0.6 * Y + RNG.normal(0, 0.15, N)).clip(0, 1)
Q = (P + RNG.normal(0, 0.01, N)).clip(0, 1)
COLUMNS = {"y": Y, "sex": SEX, "p": P, "q": Q}
NAMED = {"label": "y", "groups": ["sex"], "baseline": "p", "candidate": "q"}
RULE = "change auroc 0.03"


class Stream:
    """A table of another library that speaks Arrow and is no pandas frame."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.table(COLUMNS).__arrow_c_stream__(requested_schema)


def verdict(df: Any, **given: Any) -> pd.DataFrame:
    found = faircompress.audit(df, **{**NAMED, "rules": RULE, **given})
    return found.to_frame().drop(columns="message", errors="ignore")


EXPECTED = verdict(pd.DataFrame(COLUMNS))


@pytest.mark.parametrize(
    "df", [COLUMNS, pa.table(COLUMNS), Stream(), {k: list(v) for k, v in COLUMNS.items()}],
    ids=["mapping", "pyarrow", "arrow stream", "lists"],
)  # fmt: skip
def test_a_table_of_any_library_gives_the_verdict_of_the_frame(df: Any) -> None:
    pd.testing.assert_frame_equal(verdict(df), EXPECTED)


def test_the_path_of_a_table_does_too(tmp_path: Path) -> None:
    pd.DataFrame(COLUMNS).to_parquet(tmp_path / "t.parquet")
    for path in (tmp_path / "t.parquet", str(tmp_path / "t.parquet")):
        pd.testing.assert_frame_equal(verdict(path), EXPECTED)


def test_without_a_table_all_columns_are_arrays_also_tensors_with_a_gradient() -> None:
    given = {
        "label": torch.tensor(Y), "groups": {"sex": SEX},
        "baseline": torch.tensor(P, requires_grad=True), "candidate": Q[:, None],
    }  # fmt: skip
    pd.testing.assert_frame_equal(verdict(None, **given), EXPECTED)


def test_arrays_of_all_classes_are_taken_in_the_order_of_classes() -> None:
    both = {"baseline": np.stack([1 - P, P], 1), "candidate": np.stack([1 - Q, Q], 1)}
    found = verdict(pd.DataFrame(COLUMNS), **both, classes=["0", "1"])
    assert found["baseline"].tolist() == EXPECTED["baseline"].tolist()
    decoys = {"baseline_0": Q, "baseline_1": 1 - Q, "baseline_2": Q}  # columns named alike
    found = verdict(pd.DataFrame({**COLUMNS, **decoys}), **both, classes=["0", "1"])
    assert found["baseline"].tolist() == EXPECTED["baseline"].tolist()
    turned = {name: values[:, ::-1] for name, values in both.items()}
    assert verdict(COLUMNS, **turned, classes=["1", "0"])["outcome"].eq("pass").all()
    with pytest.raises(InputError, match=r"baseline has shape \(1200, 2\), and classes is not gi"):
        verdict(COLUMNS, **both)
    with pytest.raises(InputError, match="and classes names 3"):
        verdict(COLUMNS, **both, classes=["0", "1", "2"])


def test_columns_that_are_counted_are_named_by_their_numbers() -> None:
    counted = pd.DataFrame(COLUMNS).set_axis([0, 1, 2, 3], axis=1)
    found = verdict(counted, label=0, groups=[1], baseline=2, candidate=3)
    assert found["outcome"].tolist() == EXPECTED["outcome"].tolist()


@pytest.mark.parametrize(
    "rules", [RULE, [RULE], {"rule": "change", "metric": "auroc", "limit": 0.03}]
)
def test_one_rule_needs_no_list(rules: Any) -> None:
    pd.testing.assert_frame_equal(verdict(COLUMNS, rules=rules), EXPECTED)


@pytest.mark.parametrize(
    ("df", "why"),
    [(3, "df is a int; needed is a pandas frame, a table that speaks Arrow"),
     (None, "df is None, so label must be an array of values, not a name"),
     ("nowhere.csv", "there is no file nowhere.csv"),
     ({**COLUMNS, "p": P[:5]}, r"df has columns of several shapes: 'y' \(1200,\)"),
     ({"y": pd.Series(Y), "p": pd.Series(P, index=range(1, N + 1))}, "Series of several indexes")],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_what_would_do(df: Any, why: str) -> None:
    with pytest.raises((InputError, FileNotFoundError), match=why):
        verdict(df)


def test_series_of_one_order_are_taken_and_those_of_another_refused() -> None:
    order = RNG.permutation(N)  # as train_test_split leaves it
    label, sex, p = (pd.Series(one, index=order) for one in (Y, SEX, P))
    given = {"label": label, "groups": {"sex": sex}, "candidate": Q}
    pd.testing.assert_frame_equal(verdict(None, **given, baseline=p), EXPECTED)
    mapping = {"y": label, "sex": sex, "q": Q}
    pd.testing.assert_frame_equal(verdict(mapping, baseline=p), EXPECTED)
    with pytest.raises(InputError, match="baseline is a Series with another index"):
        verdict(mapping, baseline=p.set_axis(order[::-1]))
    for df in (None, COLUMNS, pd.DataFrame(COLUMNS)):
        with pytest.raises(InputError, match="is a Series with another index"):
            verdict(df, **given, baseline=p.set_axis(order[::-1]))
