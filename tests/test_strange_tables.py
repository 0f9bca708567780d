"""Tables as other tools leave them: read where it is certain, else told with the cure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_frames import noisy
from auditing import COLUMNS, TPR, audited, hair, run

pytestmark = pytest.mark.usefixtures("in_empty_folder")

WIDE = "--label y --group g --baseline 'd_*' --candidate 's_*' --rule 'change accuracy 0.1'"


def table() -> pd.DataFrame:
    return hair({"long": 90, "short": 80}, {"long": 90, "short": 80})


def test_a_list_of_objects_in_a_file_called_json_is_a_table() -> None:
    table().to_json("p.json", orient="records")
    assert audited(f"faircompress audit p.json {COLUMNS} {TPR}")["rows"] == 240


@pytest.mark.parametrize("orient", ["columns", "split", "index"])
def test_other_json_that_pandas_writes_is_told_with_the_form_that_is_needed(orient: str) -> None:
    table().to_json("p.json", orient=orient)
    ended = run(f"faircompress audit p.json {COLUMNS} {TPR}")
    assert ended.code == 3 and "is one JSON object, not a table, of '" in ended.err
    assert "pandas writes it by to_json(orient='records')" in ended.err


def test_a_text_that_is_called_parquet_is_told_as_text() -> None:
    table().to_csv("p.parquet", index=False)
    ended = run(f"faircompress audit p.parquet {COLUMNS} {TPR}")
    assert "p.parquet is no Parquet file: it begins with 'picture,y,hair,p_dense" in ended.err
    assert "call it p.csv" in ended.err


@pytest.mark.parametrize("written", ["[{}]", "tensor({})", "np.float32({})", "[0.1 {}]"])
def test_scores_as_python_shows_arrays_are_told(written: str) -> None:
    cells = table()
    cells["p_dense"] = cells["p_dense"].map(lambda value: written.format(value))
    cells.to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {COLUMNS} {TPR}")
    assert ended.code == 3 and "Python wrote an array there: write one plain number" in ended.err


@pytest.mark.parametrize("extra", ["total", "pred"])
def test_a_star_that_takes_more_than_classes_names_the_column(extra: str) -> None:
    cells = noisy(classes=3)
    for model in ("d", "s"):
        cells[f"{model}_{extra}"] = 1.0 if extra == "total" else "none"
    cells.to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {WIDE}")
    assert f"--baseline: 'd_*' takes 'd_{extra}' of p.csv, too, and no row has such a class" in (
        ended.err
    )


def test_a_class_that_no_row_has_is_a_class_where_shares_need_it() -> None:
    cells = noisy(classes=3)
    cells = cells[cells["y"] != 2]
    cells.to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {WIDE}")
    assert "no row has such a class" not in ended.err
    assert Path("p.csv").is_file() and np.isclose(cells[["d_0", "d_1", "d_2"]].sum(axis=1), 1).all()
