"""init takes what medical tables bring: boxes, readers, other suffixes, age strings, eyes."""

from pathlib import Path
from typing import Any

import galleries
import pandas as pd
import pytest

from faircompress.data.age_strings import as_years
from faircompress.data.binning import binned
from faircompress.data.guessing import Guess, guess_columns
from faircompress.data.guessing_folder import guess_folder
from faircompress.data.sources.table import table
from faircompress.support.errors import InputError

ROWS = 40


def pictures(root: Path, form: str) -> None:
    for number in range(ROWS):
        path = root / form.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(galleries.jpeg(number))


def guessed(root: Path, rows: int = ROWS, **columns: Any) -> Guess:
    turns = pd.Series(range(rows))
    given = {**columns, "target": turns % 2, "sex": turns // 2 % 2}
    pd.DataFrame(given).to_csv(root / "t.csv", index=False)
    return guess_columns(root / "t.csv")


def test_a_row_a_box_is_told_as_that_with_the_line_that_makes_one_a_picture(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, "{}.jpg")
    image = [f"{n // 3}.jpg" for n in range(3 * ROWS)]
    with pytest.raises(InputError) as told:
        guessed(tmp_path, 3 * ROWS, image=image, x_min=7, y_min=8, width=3)
    assert "120 of 120 rows of" in str(told.value) and "'0.jpg' (3 rows)" in str(told.value)
    assert "a row is a box in a picture (columns x_min, y_min)" in str(told.value)
    line = "table.groupby('image', as_index=False)[['target']].max()"
    assert line in str(told.value)
    one = eval(line, {"table": pd.read_csv(tmp_path / "t.csv")})
    assert len(one) == ROWS and list(one) == ["image", "target"]


def test_boxes_of_named_things_become_whether_a_picture_has_one(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    image = [f"{n // 3}.jpg" for n in range(3 * ROWS)]
    label = ["cat" if n < ROWS else "dog" if n % 2 else "owl" for n in range(3 * ROWS)]
    with pytest.raises(InputError, match="whether a box is 'cat'") as told:
        guessed(tmp_path, 3 * ROWS, image=image, bbox="[1, 2, 3, 4]", label=label)
    line = (
        "table.assign(there=table['label'].eq('cat')).groupby('image', as_index=False)"
        "[['there']].max()"
    )
    assert line in str(told.value)
    one = eval(line, {"table": pd.read_csv(tmp_path / "t.csv")})
    assert one["there"].sum() == 14  # rows 0 to 39 are of pictures 0 to 13


def test_rows_of_several_readers_are_told_with_the_label_that_most_give(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    image = [f"{n // 3}.jpg" for n in range(3 * ROWS)]
    readers = ["abc"[n % 3] for n in range(3 * ROWS)]
    with pytest.raises(InputError, match="what one reader says of a picture .column rad_id") as e:
        guessed(tmp_path, 3 * ROWS, image=image, rad_id=readers)
    line = (
        "table.groupby('image', as_index=False)[['target']].agg(lambda cells: cells.mode().iloc[0])"
    )
    assert line in str(e.value)
    one = eval(line, {"table": pd.read_csv(tmp_path / "t.csv")})
    assert one["target"].tolist()[:3] == [0, 1, 0]  # 0 1 0, 1 0 1, 0 1 0


def test_rows_that_say_the_same_of_a_picture_are_left_out(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    twice = [f"{n % ROWS}.jpg" for n in range(2 * ROWS)]
    with pytest.raises(InputError, match=r"table\.drop_duplicates\('image'\)"):
        guessed(tmp_path, 2 * ROWS, image=twice)


def test_one_row_a_picture_with_a_box_or_one_picture_twice_is_guessed(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    image = [f"{n}.jpg" for n in range(ROWS)]
    found = guessed(tmp_path, image=image, x_min=range(ROWS), patient=[n // 4 for n in range(ROWS)])
    assert found.options["image"] == "image"
    image[1] = image[0]  # params tells of ids
    assert guessed(tmp_path, image=image).options["image"] == "image"


@pytest.mark.parametrize(
    ("there", "written", "image"),
    [
        ("{}.png", "{}.dcm", "{image.stem}.png"),
        ("png/{}.png", "dicom/{}.dcm", "png/{image.stem}.png"),
        ("x/{}.PNG", "x/{}.png", "x/{image.stem}.PNG"),
        ("x/{}.png", "/home/anna/set/{}.png", "x/{image.name}"),
        ("{}.png", "C:\\data\\{}.png", "{image.name}"),
        ("x/{}.png", "/mnt/a b/{}.jpg", "x/{image.stem}.png"),
    ],
)
def test_paths_of_another_machine_or_with_another_suffix_get_the_template_that_finds_them(
    tmp_path: Path, there: str, written: str, image: str
) -> None:
    pictures(tmp_path, there)
    found = guessed(tmp_path, image=[written.format(n) for n in range(ROWS)])
    assert found.options["image"] == image
    assert "the table's own paths are not there" in found.reasons["image"]
    raw = table(**{**found.options, "root": str(tmp_path)})
    assert raw.rows["id"][3] == there.format(3)
    assert isinstance(raw.read(3), bytes)


def test_a_table_beside_is_joined_by_the_template_too(tmp_path: Path) -> None:
    pictures(tmp_path, "x/{}.png")
    image = [f"/home/anna/{n}.jpg" for n in range(ROWS)]
    split = ["train", "train", "validation", "test"] * (ROWS // 4)
    pd.DataFrame({"image": image, "split": split}).to_csv(tmp_path / "splits.csv", index=False)
    found = guessed(tmp_path, image=image)
    assert found.options["sidecar"] == "splits.csv" and found.options["split"] == "split"
    raw = table(**{**found.options, "root": str(tmp_path)})
    assert raw.rows["split"].tolist() == split


def test_names_that_come_again_in_other_folders_give_no_template(tmp_path: Path) -> None:
    pictures(tmp_path, "x/{}.png")
    image = [f"/home/{'ab'[n % 2]}/{n // 2}.png" for n in range(ROWS)]
    found = guessed(tmp_path, image=image)
    assert (
        found.options["image"] == "image" and "no such picture is there" in found.reasons["image"]
    )


def test_a_column_whose_own_name_ends_in_stem_is_that_column(tmp_path: Path) -> None:
    pictures(tmp_path, "x/{}.png")
    columns = {"image": "b/c.png", "image.stem": range(ROWS)}
    assert guessed(tmp_path, **columns).options["image"] == "x/{image.stem}.png"


def test_ages_as_dicom_writes_them_are_years(tmp_path: Path) -> None:
    ages = pd.Series(["058Y", "006M", None, "", "052W", "000D"], dtype=object)
    assert as_years(ages).tolist() == ["58", "0.5", None, "", "0.996578", "0"]
    for other in (["058Y", "old"], ["58Y"], ["058X"], ["100Y", "7"], ["", None], [None]):
        words = pd.Series(other, dtype=object)
        assert as_years(words) is words
    bins: dict[str, list[float | None]] = {"child": [None, 18], "adult": [18, None]}
    words = pd.Series(["058Y", "006M", None], dtype=object)
    assert binned(words, bins, "age").tolist() == ["adult", "child", None]
    pictures(tmp_path, "{}.jpg")
    found = guessed(
        tmp_path,
        image=[f"{n}.jpg" for n in range(ROWS)],
        age=[f"{n % 20 + 20:03d}Y" for n in range(ROWS)],
    )
    assert found.options["groups"]["age"]["bins"]["low"][0] is None
    assert any("Column 'age' has ages such as '020Y', which bins take as years" in note
               for note in found.notes)  # fmt: skip
    raw = table(**{**found.options, "root": str(tmp_path)})
    assert set(raw.rows["age"]) == {"low", "middle", "high"}


@pytest.mark.parametrize("names", [("OD", "OS"), ("od", "os"), ("left_eye", "right_eye")])
def test_folders_of_right_and_left_eyes_are_no_classes(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        pictures(tmp_path, f"{name}/{{}}.jpg")
    with pytest.raises(InputError, match=r"look like eyes, right and left, not classes.* if they"):
        guess_folder(tmp_path)
    assert guess_folder(tmp_path, pattern="{label}/*").options["pattern"] == "{label}/*"


def test_left_and_right_may_be_classes(tmp_path: Path) -> None:
    for name in ("left", "right"):
        pictures(tmp_path, f"{name}/{{}}.jpg")
    assert guess_folder(tmp_path).options["pattern"] == "{label}/*"
