"""A column that may say whose picture a row is is guessed or told, never passed over."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faircompress.data.guessing import guess_columns
from faircompress.data.guessing_folder import guess_folder
from faircompress.data.sources.table import table
from faircompress.data.whose import likely, named

ROWS = 60


def cells(**more: list[object]) -> pd.DataFrame:
    given = {
        "image": [f"p{n}.png" for n in range(ROWS)],
        "label": [n % 2 for n in range(ROWS)],
        "sex": [n // 2 % 2 for n in range(ROWS)],
    }
    return pd.DataFrame(given | more)


OWNERS = [f"k-{n // 4}" for n in range(ROWS)]  # 15 of four pictures
NUMBERS = [1000 + n // 4 for n in range(ROWS)]


@pytest.mark.parametrize(
    ("spelt", "found"),
    [("Patient ID", "Patient ID"), ("participant-id", "participant-id"), ("Animal", "Animal"),
     ("lesion_id", "lesion_id"), ("slideId", "slideId"), ("sex", None), ("caseload", None)],
)  # fmt: skip
def test_people_are_known_by_the_name_of_their_column(spelt: str, found: str | None) -> None:
    assert named(["label", spelt]) == found


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("owner", OWNERS, True),
        ("mother_id", NUMBERS, True),
        ("age", NUMBERS, False),  # a measurement
        ("taken", [f"2024-03-{n // 4 + 1:02d}" for n in range(ROWS)], False),
        ("note", [f"note {n}" for n in range(ROWS)], False),  # each row its own
        ("site", ["a", "b", "c"] * 20, False),  # few: a group
        ("box", [[0, n // 4] for n in range(ROWS)], False),
        ("embedding", [np.array([n // 4]) for n in range(ROWS)], False),
        ("tags", [{n // 4} for n in range(ROWS)], False),
    ],
)
def test_values_that_come_again_look_like_people_unless_they_are_numbers_dates_or_few(
    name: str, values: list[object], told: bool
) -> None:
    found = likely(cells(**{name: values}), {"image", "label", "sex"})
    assert found == ({name: 15} if told else {})


def test_two_columns_of_one_name_and_no_row_at_all_are_no_crash() -> None:
    assert likely(pd.DataFrame([["k", "k"]] * ROWS, columns=["x", "x"]), set()) == {}
    assert likely(pd.DataFrame({"owner": []}), set()) == {}


def test_init_and_the_data_set_tell_of_the_column_and_of_none_once_it_is_named(
    tmp_path: Path,
) -> None:
    file = tmp_path / "t.csv"
    cells(owner=OWNERS).to_csv(file, index=False)
    for row in range(ROWS):
        Image.new("RGB", (8, 8), (row, 0, 0)).save(tmp_path / f"p{row}.png")
    guess = guess_columns(file)
    assert "identity" not in guess.options
    (note,) = guess.notes
    assert "column 'owner' has 15 values in 60 rows" in note
    assert "say data.table.identity: owner" in note
    usual = {"root": str(tmp_path), "file": "t.csv", "groups": {"sex": {}}}
    assert table(**usual).notes == guess.notes
    assert table(**usual, identity="owner").notes == ()


def test_a_table_beside_a_folder_names_the_people_of_its_pictures(tmp_path: Path) -> None:
    rows = cells(animal=[f"{n % 2}-{n // 4}" for n in range(ROWS)]).drop(columns=["label", "sex"])
    for row in range(ROWS):
        (tmp_path / "ab"[row % 2]).mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (row, 0, 0)).save(tmp_path / "ab"[row % 2] / f"p{row}.png")
    rows.to_csv(tmp_path / "meta.csv", index=False)
    for groups in ((), ("label",)):  # also where no group is taken from the table
        guess = guess_folder(tmp_path, groups=groups)
        assert guess.options["identity"] == "animal"
        assert guess.options["max_weight"] == 2  # two pictures of each, all of one class
        assert guess.options["sidecar"] == "meta.csv"
        assert guess.notes == ()
