"""Columns in whatever Python holds them, and classes that are one word written in two ways."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from auditing import run

import faircompress

ASKED: dict[str, Any] = {
    "label": "y", "groups": ["g"], "baseline": "d", "candidate": "s",
    "rules": ["change accuracy 0.1"],
}  # fmt: skip


def table(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    y = np.arange(rows) % 2
    d = (0.2 + 0.6 * y + rng.normal(0, 0.15, rows)).clip(0, 1)
    s = (d + rng.normal(0, 0.01, rows)).clip(0, 1)
    return pd.DataFrame({"y": y, "g": rng.choice(["a", "b"], rows), "d": d, "s": s})


def numbers(df: Any, **more: Any) -> list[list[object]]:
    frame = faircompress.audit(df, **{**ASKED, **more}).to_frame()
    return frame[["estimate", "lower", "upper", "outcome"]].values.tolist()


def said(df: Any, **more: Any) -> str:
    with pytest.raises(faircompress.FaircompressError) as told:
        faircompress.audit(df, **{**ASKED, **more})
    return str(told.value)


def as_objects(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize("column", ["bytes", "arrays", "half floats"])
def test_columns_are_the_same_in_whatever_they_are_held(column: str) -> None:
    rows, plain = table(), table()
    if column == "bytes":
        rows["y"] = as_objects([str(one).encode() for one in rows.y])
        rows["g"] = as_objects([one.encode() for one in rows.g])
    elif column == "arrays":
        rows["d"] = as_objects([np.array(one) for one in rows.d])
    else:
        plain["d"] = rows.d.astype("float16").astype(float)
        rows["d"] = pd.Series(rows.d.astype("float16"), dtype=pd.ArrowDtype(pa.float16()))
    assert numbers(rows) == numbers(plain)


def test_a_group_of_single_precision_is_called_as_it_was_written() -> None:
    rows = table().assign(g=lambda t: t.g.map({"a": 0.1, "b": np.inf}).astype("float32"))
    groups = set(faircompress.audit(rows, **ASKED).to_frame().group)
    assert groups == {"all", "g=0.1", "g=inf"}


def test_a_path_in_python_tells_what_a_column_holds_as_the_command_does(tmp_path: Path) -> None:
    table().assign(d=[[one] for one in table().d]).to_parquet(tmp_path / "p.parquet")
    assert "column 'd' of the table holds list<" in said(tmp_path / "p.parquet")


def test_days_are_no_weights() -> None:
    rows = table().assign(w=pd.Timestamp("2026-01-01"))
    assert "column 'w' of the table is no finite number in 600 of 600" in said(rows, weight="w")


@pytest.mark.parametrize(
    ("label", "decided"),
    [
        ({0: 0, 1: 1}, {0: False, 1: True}),
        ({0: False, 1: True}, {0: 0, 1: 1}),
        ({0: "FALSE", 1: "TRUE"}, {0: "false", 1: "true"}),
    ],
)
def test_true_is_1_where_classes_are_decided(label: dict, decided: dict) -> None:  # type: ignore[type-arg]
    rows = table()
    right = rows.assign(d=(rows.d > 0.5) * 1, s=(rows.s > 0.5) * 1)
    other = right.assign(y=rows.y.map(label), d=right.d.map(decided), s=right.s.map(decided))
    assert numbers(other) == numbers(right)


def test_a_label_of_both_1_and_true_has_two_classes() -> None:
    rows = table()
    mixed = as_objects([bool(y) if k % 3 else int(y) for k, y in enumerate(rows.y)])
    assert numbers(rows.assign(y=mixed)) == numbers(rows)


@pytest.mark.usefixtures("in_empty_folder")
def test_one_table_may_say_true_and_the_other_1() -> None:
    rows = table().rename_axis("id").reset_index()
    rows[["id", "y", "g", "d"]].to_csv("d.csv", index=False)
    rows.assign(y=rows.y.astype(bool))[["id", "y", "s"]].to_csv("s.csv", index=False)
    asked = "--id id --label y --group g --baseline d --candidate s --rule 'change accuracy 0.1'"
    ended = run(f"faircompress audit d.csv s.csv {asked}")
    assert ended.code == 0, ended.err


def test_decided_words_that_differ_in_capitals_are_told() -> None:
    rows = table()
    words = rows.assign(y=rows.y.map({0: "no", 1: "yes"}), d="Yes", s="no")
    assert "Write 'yes' as the label does, not 'Yes'." in said(words, classes=["no", "yes"])
    three = rows.assign(y=np.array(["x", "y", "z"])[np.arange(600) % 3], d="X", s="x")
    assert "Write 'x' as the label does, not 'X'." in said(three)
