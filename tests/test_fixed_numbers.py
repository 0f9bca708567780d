"""Numbers of test rows that were fixed by design, as an audit is told of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import faircompress
from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import verify

ASKED: dict[str, Any] = {
    "label": "y", "groups": ["sex"], "baseline": "p", "candidate": "q", "id": "row",
    "rules": ["change accuracy 0.1"],
}  # fmt: skip


def table() -> pd.DataFrame:
    """Return 60 rows of each class, of which two positives are lost."""
    y = np.repeat([0, 1], 60)
    df = pd.DataFrame({"y": y, "p": np.where(y, 0.9, 0.1), "row": np.arange(120)})
    df["q"] = df.p.mask(df.row.isin([60, 61]), 0.2)
    return df.assign(sex=np.tile(["f", "m"], 60), who=df.row // 2)


def everyone(**more: Any) -> Any:
    """Return the line on all rows of the verdict."""
    return faircompress.audit(table(), **ASKED, **more).to_frame().set_index("group").loc["all"]


@pytest.mark.parametrize("column", ["y", "label"])
def test_lost_and_gained_are_bounded_apart_where_classes_were_taken_by_number(column: str) -> None:
    # at alpha .0125: lost by Clopper and Pearson of 2 in 120, gained 0
    taken, drawn = everyone(fixed_counts=[column]), everyone()
    assert drawn.lower == pytest.approx(-0.0589, abs=0.002)
    assert taken.lower < drawn.lower


def test_the_second_opinion_derives_it(tmp_path: Path) -> None:
    faircompress.audit(table(), **ASKED, fixed_counts=["y", "sex"]).save(tmp_path)
    used = {m: read(tmp_path / f"predictions-{m}.parquet") for m in ("baseline", "candidate")}
    assert used["baseline"].fixed_counts == ("label", "sex")
    assert verify(json.loads((tmp_path / "verdict.json").read_text("utf-8")), used) == []


def test_another_design_is_another_set_of_rules(tmp_path: Path) -> None:
    book = tmp_path / "looks.jsonl"
    looks = [
        faircompress.audit(table(), **ASKED, ledger=book, fixed_counts=columns).look
        for columns in ((), ("y",), ("y",))
    ]
    assert looks == [1, 2, 2]


def test_a_column_that_numbers_cannot_be_fixed_of_is_refused() -> None:
    with pytest.raises(ValueError, match="fixed_counts names 'age'; needed is the column of the"):
        everyone(fixed_counts=["age"])
    with pytest.raises(ValueError, match="cluster '0' has rows of several of its values"):
        everyone(fixed_counts=["sex"], cluster="who", max_weight=2)
    assert everyone(fixed_counts=["y"], cluster="who", max_weight=2).n == 120
