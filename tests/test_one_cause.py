"""One cause, one message: pictures that are unfit, and splits that were drawn too small."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_checks import clean, failed, limits, look

from faircompress.data.columns import Table, data_set
from faircompress.data.ingest import normalize_rows
from faircompress.validation.checks import inspect_rows, unfit
from faircompress.validation.drawn_shares import larger_shares
from faircompress.validation.findings import Finding


def blank() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("bad", "check"),
    [
        (None, "every picture can be read"),
        (b"no picture", "every picture can be read"),
        (blank(), "no picture is blank"),
    ],
)
@pytest.mark.parametrize("count", [36, 30])
def test_pictures_that_are_unfit_are_told_once_and_not_again_by_what_they_leave(
    bad: bytes | None, check: str, count: int, tmp_path: Path
) -> None:
    rows = clean()
    rows.loc[: count - 1, "picture"] = [bad] * count
    found = [finding.check for finding in unfit(look(rows, tmp_path))]
    assert found == [check]


def test_a_subgroup_that_lacks_rows_is_told_beside_pictures_that_are_unfit(tmp_path: Path) -> None:
    rows = clean().drop(index=0)
    rows.loc[10:20, "picture"] = [None] * 11
    told = failed(look(rows, tmp_path))
    assert "every expected subgroup has 3 pictures" in told and len(told) == 2


def test_a_picture_that_is_set_aside_leaves_its_subgroup_short(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "picture"] = None
    told = failed(look(rows, tmp_path, quarantine=0.05))
    assert list(told) == ["every expected subgroup has 3 pictures", "no picture is set aside"]


def drawn(rows: int, *, split: str | None, **shares: float) -> list[Finding]:
    cells = pd.DataFrame(
        {
            "y": ["0", "1"] * (rows // 2),
            "g": ["a", "a", "b", "b"] * (rows // 4),
            "person": [f"p{k}" for k in range(rows)],
            "part": (["train"] * 4 + ["test"] * 4) * (rows // 8),
        }
    )
    raw = data_set(
        Table(cells, "data.table", "the table"), lambda row: b"", label="y", groups=["g"],
        split=split, identity="person", weight=None, max_weight=None, shares=shares, seed=0,
    )  # fmt: skip
    asked = limits(min_subgroup=20, class_share=[0.0, 1.0])
    return unfit(inspect_rows(normalize_rows(raw), raw.classes, raw.groups, asked, raw.drawn_by)[0])


def test_a_validation_that_was_drawn_too_small_names_the_key_that_makes_it_larger() -> None:
    (found,) = drawn(800, split="part", validation=0.1, test=0.1)  # 100 a subgroup to draw it from
    assert "; validation is drawn: raise data.table.validation (to about 0." in found.sentence
    assert drawn(800, split="part", validation=0.35, test=0.1) == []


def test_splits_that_were_drawn_too_small_name_both_keys() -> None:
    (found,) = drawn(800, split=None, validation=0.05, test=0.05)
    assert "; validation and test are drawn: raise data.table.validation (to" in found.sentence
    assert "and data.table.test (to about 0.15)" in found.sentence
    assert drawn(800, split=None, validation=0.2, test=0.2) == []


def test_rows_too_few_for_any_share_are_not_promised_one() -> None:
    (found,) = drawn(80, split=None, validation=0.1, test=0.1)
    assert "raise" not in found.sentence


def test_a_share_that_is_proposed_gives_half_as_many_rows_again() -> None:
    cells: dict[str, Any] = {"group": "g", "value": "a", "label": 0}
    frame = pd.DataFrame(
        [{**cells, "split": split, "count": count}
         for split, count in (("train", 95), ("validation", 5), ("test", 400))]
    )  # fmt: skip
    told = larger_shares(frame, 10, {"validation": "data.folder.validation"})
    assert told == "; validation is drawn: raise data.folder.validation (to about 0.15)"
    assert larger_shares(frame, 10, {}) == ""
