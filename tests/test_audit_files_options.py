"""What the audit of a table can do, that of two ONNX files can: sparse groups, topping up."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from auditing import TPR, audited, run
from test_audit_onnx import brightness

import faircompress
from faircompress.data.dataset import encode

pytestmark = pytest.mark.usefixtures("in_empty_folder")
GIVEN: dict[str, Any] = {
    "label": "y", "groups": ["hair"], "id": "name", "rules": ["change true_positive_rate 0.1"],
    "ledger": "looks.jsonl",
}  # fmt: skip


@pytest.fixture(autouse=True)
def models(in_empty_folder: None) -> None:
    """Two files that call the same pictures bright."""
    brightness(Path("dense.onnx"), bias=0)
    brightness(Path("small.onnx"), bias=5)


def pictures(start: int, positives: int = 40) -> pd.DataFrame:
    """Bright positives and 20 dark negatives a group; no picture is like another."""
    rows = []
    for hair in ("long", "short"):
        for k in range(positives + 20):
            number = start + len(rows)
            picture = np.full((4, 4, 3), 180 if k < positives else 90, np.uint8)
            picture[0, 0] = number % 200, number // 200, 100
            rows.append({"y": int(k < positives), "hair": hair, "skin": "dark" if k % 8 else "fair",
                         "name": f"p{number}", "image": encode(picture)})  # fmt: skip
    return pd.DataFrame(rows)


def test_pictures_of_fresh_people_top_up_a_look_at_two_files() -> None:
    first, more = pictures(0), pictures(1000)
    first.to_parquet("first.parquet")
    pd.concat([first, more]).to_parquet("both.parquet")
    one = faircompress.audit_files(
        "dense.onnx", "small.onnx", "first.parquet", topping_up=True, **GIVEN
    )
    assert (str(one.outcome), one.parts) == ("inconclusive", 1)
    two = faircompress.audit_files("dense.onnx", "small.onnx", "both.parquet", **GIVEN)
    assert (str(two.outcome), two.parts, two.look, two.rows) == ("pass", 2, 1, len(more))
    again = faircompress.audit_files("dense.onnx", "small.onnx", "both.parquet", tops_up=2, **GIVEN)
    assert again.to_frame().equals(two.to_frame())


def test_files_may_have_small_intersections_left_to_their_groups() -> None:
    pictures(0).to_parquet("first.parquet")
    given = {**GIVEN, "groups": ["hair", "skin"], "ledger": None, "intersections": True}
    found = faircompress.audit_files(
        "dense.onnx", "small.onnx", "first.parquet", sparse="parent", min_rows=10, **given
    )
    fair = [one.group for one in found.sparse]
    assert fair == ["hair=long & skin=fair", "hair=short & skin=fair"]  # 5 positives, 2 negatives
    files = "--baseline dense.onnx --candidate small.onnx --data first.parquet --label y"
    typed = audited(
        f"faircompress audit {files} --group hair --group skin {TPR} --id name --intersections "
        "--sparse parent --min-rows 10"
    )
    assert [one["group"] for one in typed["sparse"]] == fair
    refused = run(f"faircompress audit {files} --group hair {TPR} --min-rows 10")
    assert refused.code == 3 and "min_rows is for sparse" in refused.err
