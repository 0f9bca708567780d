"""Where a table may mean several things, `init` asks or tells: no wrong picture, label or split."""

import json
from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.config.new_project import Source, create
from faircompress.config.params import load
from faircompress.data.csv_text import read_csv
from faircompress.data.guessing import guess_columns
from faircompress.data.guessing_folder import guess_folder
from faircompress.data.guessing_images import ABSENT
from faircompress.data.guessing_tables import guess_table
from faircompress.data.sources.table import table
from faircompress.data.whose import likely
from faircompress.support.errors import InputError

ROWS = 40
ORDER = np.random.default_rng(0).permutation(ROWS)


def pictures(root: Path, *forms: str) -> None:
    """Write pictures; ``{}`` in a form is their number."""
    for form in forms:
        for number in range(ROWS):
            path = root / form.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(galleries.jpeg(number))


def written(root: Path, **columns: Any) -> Path:
    """Write a table with a label and a group beside the given columns; return its path."""
    given = {**columns, "target": np.arange(ROWS) % 2, "sex": np.arange(ROWS) // 2 % 2}
    pd.DataFrame(given).to_csv(root / "t.csv", index=False)
    return root / "t.csv"


def test_the_numbers_of_rows_are_no_names_of_pictures(tmp_path: Path) -> None:
    pictures(tmp_path, "images/{}.jpg")
    pd.DataFrame(
        {"id": ORDER, "target": np.arange(ROWS) % 2, "sex": np.arange(ROWS) // 2 % 2}
    ).to_csv(tmp_path / "t.csv")  # with the row's number in a column without a name
    assert guess_columns(tmp_path / "t.csv").options["image"] == "images/{id}.jpg"


def test_two_columns_that_name_other_pictures_are_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    file = written(tmp_path, patient_id=ORDER, image_id=ORDER[::-1])
    with pytest.raises(InputError, match=r"'patient_id' and 'image_id' .* Give --image"):
        guess_columns(file)
    file = written(tmp_path, stem=ORDER, name=[f"{n}.jpg" for n in ORDER])  # the same ones
    assert guess_columns(file).options["image"] == "name"
    file = written(
        tmp_path, left=[f"{n}.jpg" for n in ORDER], right=[f"{n}.jpg" for n in ORDER[::-1]]
    )
    with pytest.raises(InputError, match="'left' and 'right' .* not the same ones"):
        guess_columns(file)


def test_masks_are_not_the_pictures(tmp_path: Path) -> None:
    pictures(tmp_path, "annotations/{}.png", "images/{}.png")
    file = written(tmp_path, image=[f"{n}.png" for n in ORDER])
    assert guess_columns(file).options["image"] == "images/{image}"
    columns = {
        "mask": [f"annotations/{n}.png" for n in ORDER],
        "image": [f"images/{n}.png" for n in ORDER],
    }
    guess = guess_columns(written(tmp_path, **columns))
    assert guess.options["image"] == "image"
    assert guess.reasons["image"].endswith("it could also be: mask")


def test_pictures_of_one_name_in_two_places_are_asked_about_or_told_apart_by_the_split(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, "front/{}.jpg", "side/{}.jpg")
    file = written(tmp_path, image=[f"{n}.jpg" for n in ORDER])
    with pytest.raises(InputError, match=r"several places by one name: front/\{image\}, side/\{im"):
        guess_columns(file)
    other = tmp_path / "2"
    pictures(other, "train/{}.jpg", "test/{}.jpg")
    parts = np.repeat(["train", "test"], ROWS // 2)
    file = written(other, image=[f"{n}.jpg" for n in ORDER], part=parts)
    found = guess_columns(file).options
    assert (found["image"], found["split"]) == ("{part}/{image}", "part")


def test_pictures_of_another_data_set_beside_are_not_taken(tmp_path: Path) -> None:
    pictures(tmp_path, "other/images/{}.jpg")
    (tmp_path / "mine").mkdir()
    file = written(tmp_path / "mine", image=[f"images/{n}.jpg" for n in ORDER])
    home, guess = guess_table(str(file))
    assert (home, guess.options["image"], guess.reasons["image"]) == (
        file.parent, "image", ABSENT,
    )  # fmt: skip


def test_a_weight_in_kilograms_is_told_and_not_taken(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    names = [f"{n}.jpg" for n in ORDER]
    guess = guess_columns(written(tmp_path, image=names, weight=60 + np.arange(ROWS)))
    assert "weight" not in guess.options and "data.table.weight: weight" in guess.notes[-1]
    guess = guess_columns(written(tmp_path, image=names, sample_weight=np.linspace(1, 2, ROWS)))
    assert guess.options["weight"] == "sample_weight"


@pytest.mark.parametrize(
    ("name", "words", "split"),
    [
        ("data_split", ["train", "test"], "data_split"),
        ("set_name", ["Training", "Testing"], "set_name"),
        ("Usage", ["Training", "Public"], {"column": "Usage", "names": {"Training": "train"}}),
        ("is_test", ["0", "1"], {"column": "is_test", "names": {"0": "train", "1": "test"}}),
        ("nine_partition_label", ["benign", "malignant"], None),
        ("subset", ["African", "Asian"], None),
    ],
)
def test_splits_are_known_by_their_words_or_the_name_of_their_column(
    name: str, words: list[str], split: Any, tmp_path: Path
) -> None:
    pictures(tmp_path, "{}.jpg")
    columns = {"image": [f"{n}.jpg" for n in ORDER], name: words * (ROWS // 2)}
    assert guess_columns(written(tmp_path, **columns)).options.get("split") == split


def test_who_somebody_is_is_told_where_it_is_no_group_as_it_stands(tmp_path: Path) -> None:
    pictures(tmp_path, "{}.jpg")
    ages = [f"{n:03d}Y" for n in ORDER]
    guess = guess_columns(written(tmp_path, image=[f"{n}.jpg" for n in ORDER], Age=ages))
    assert list(guess.options["groups"]) == ["sex"]
    assert "Column 'Age' tells who somebody is, but has 40 values, such as" in guess.notes[0]
    assert not any("identity: Age" in note for note in guess.notes)


@pytest.mark.parametrize(
    ("name", "values", "named"),
    [("case", 2, False), ("lesion", 5, False), ("patient_id", 10, True), ("Patient", 4, True),
     ("patient", 2, False)],
)  # fmt: skip
def test_few_values_are_nobodys_name_unless_the_column_is_surely_of_people(
    name: str, values: int, named: bool, tmp_path: Path
) -> None:
    pictures(tmp_path, "{}.jpg")
    columns = {"image": [f"{n}.jpg" for n in ORDER], name: np.arange(ROWS) % values}
    guess = guess_columns(written(tmp_path, **columns))
    assert guess.options.get("identity") == (name if named else None)


def test_a_number_of_patients_at_a_hospital_is_still_told() -> None:
    cells = pd.DataFrame({"hospital_patient_no": [n // 2 for n in range(ROWS)], "Age": ORDER % 20})
    assert list(likely(cells, set())) == ["hospital_patient_no"]


def test_a_range_in_brackets_is_one_class(tmp_path: Path) -> None:
    rows = {"image": [f"{n}.jpg" for n in ORDER], "label": ["(0, 2)", "(25, 32)"] * 20}
    pd.DataFrame({**rows, "sex": ["f", "m"] * 20}).to_csv(tmp_path / "t.csv", index=False)
    found = table(root=str(tmp_path), file="t.csv", groups={"sex": {}})
    assert found.classes == ("(0, 2)", "(25, 32)")


def test_tenths_with_commas_are_numbers_and_ages_with_a_zero_behind_fall_into_bins(
    tmp_path: Path,
) -> None:
    ages = ["20", "20,0", "60", "60,0"] * 10
    lines = [f"{n}.jpg;{'ab'[n % 2]};{age}" for n, age in enumerate(ages)]
    (tmp_path / "t.csv").write_text("image;label;age\n" + "\n".join(lines))
    bins = {"young": [0, 40], "old": [40, None]}
    raw = table(root=str(tmp_path), file="t.csv", groups={"age": {"bins": bins}})
    assert raw.rows["age"].value_counts().to_dict() == {"young": 20, "old": 20}
    tenths = [f"0,{n}" for n in range(1, 10)] + ["0", "1"]
    (tmp_path / "s.csv").write_text("id;p\n" + "\n".join(f"r{n};{p}" for n, p in enumerate(tenths)))
    assert read_csv(tmp_path / "s.csv", key="a test")["p"].tolist()[:2] == ["0.1", "0.2"]


@pytest.mark.parametrize(
    ("folders", "what"),
    [
        (("train_images", "test_images"), "splits"), (("images_001", "images_002"), "parts of one"),
        (("images", "masks"), "masks and pictures"), (("patient_001", "patient_002"), "people"),
    ],
)  # fmt: skip
def test_folders_that_are_no_classes_are_refused(
    folders: tuple[str, str], what: str, tmp_path: Path
) -> None:
    pictures(tmp_path, *(f"{folder}/{{}}.jpg" for folder in folders))
    with pytest.raises(InputError, match=f"look like {what}.*, not classes. Say where"):
        guess_folder(tmp_path)
    assert guess_folder(tmp_path, pattern="{label}/*").options["pattern"] == "{label}/*"


@pytest.mark.parametrize("word", ["a|b", "a, b", "['a', 'b']", "[0, 1]", "{'a': 1}"])
def test_a_cell_that_names_several_classes_is_no_class(word: str, tmp_path: Path) -> None:
    labels = (["a", "b", "a", word] * ROWS)[:ROWS]
    pd.DataFrame(
        {"image": [f"{n}.jpg" for n in range(ROWS)], "label": labels, "sex": ["f", "m"] * 20}
    ).to_csv(tmp_path / "t.csv", index=False)
    given = {"root": str(tmp_path), "file": "t.csv", "groups": {"sex": {}}}
    with pytest.raises(InputError, match=r"10 of 40 rows of column 'label' seem to name several"):
        table(**given)
    names = {"a": "a", "b": "b", word: "both"}
    assert table(**given, label={"names": names}).classes == ("a", "b", "both")


@pytest.mark.parametrize("value", ["-1", "999", "inf"])
def test_a_number_that_stands_for_unknown_is_in_no_open_bin(value: str, tmp_path: Path) -> None:
    ages = [*map(str, range(20, 56)), value, value, value, value]
    pd.DataFrame(
        {"image": [f"{n}.jpg" for n in range(ROWS)], "label": ["a", "b"] * 20, "age": ages}
    ).to_csv(tmp_path / "t.csv", index=False)
    bins = {"young": [None, 40], "old": [40, None]}
    given = {"root": str(tmp_path), "file": "t.csv"}
    with pytest.raises(InputError, match=rf"4 rows of column 'age' are {value}, which stands for"):
        table(**given, groups={"age": {"bins": bins}})
    kept = table(**given, groups={"age": {"bins": bins, "drop": [value]}})
    assert len(kept.rows) == 36


def test_zero_and_one_beside_both_are_three_names_however_fields_are_parted(tmp_path: Path) -> None:
    for words in (["0", "1", "1,0"], ["0", "1", "0,1"]):
        lines = [f"{n}.jpg;{'ab'[n % 2]};{words[n % 3]}" for n in range(30)]
        (tmp_path / "t.csv").write_text("image;label;sex\n" + "\n".join(lines))
        found = table(root=str(tmp_path), file="t.csv", groups={"sex": {}})
        assert sorted(set(found.rows["sex"])) == sorted(words)


def test_the_name_of_a_column_writes_no_key(tmp_path: Path) -> None:
    evil = "x\n    weight: income\n#"
    reason = {"groups": f"guessed by name; it could also be: {evil}"}
    create(tmp_path / "p", Source("table", None, {"groups": {"sex": {}}}, reason), name="p")
    assert load(tmp_path / "p" / "params.yaml").data.table.weight is None  # type: ignore[attr-defined]
    pictures(tmp_path, "{}.jpg")
    columns = {"image": [f"{n}.jpg" for n in ORDER], "View\nposition": ["a", "b"] * 20}
    found = guess_columns(written(tmp_path, **columns))
    assert found.reasons["groups"].endswith("it could also be: View position")


def test_columns_of_lists_and_structs_are_passed_over(tmp_path: Path) -> None:
    png = galleries.jpeg(0)
    rows = {
        "meta": [{"a": 1}] * ROWS, "hash": [b"1234"] * ROWS, "box": [[1, 2]] * ROWS,
        "picture": [{"bytes": png, "path": None}] * ROWS, "label": ["a", "b"] * 20,
        "sex": ["f", "m"] * 20,
    }  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "t.parquet")
    found = guess_columns(tmp_path / "t.parquet").options
    assert (found["image"], list(found["groups"])) == ("picture", ["sex"])
    with pytest.raises(InputError, match="column 'box' of .* holds lists or structs"):
        guess_columns(tmp_path / "t.parquet", label="box")


def test_the_positive_class_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pictures(data, "pictures/{}.jpg")
    file = data / "t.csv"
    labels = ["abnormal", "normal"] * 20
    cells = {"image": [f"pictures/{n}.jpg" for n in range(ROWS)], "label": labels}
    pd.DataFrame({**cells, "sex": np.arange(ROWS) // 2 % 2}).to_csv(file, index=False)
    project = tmp_path / "p"
    done = CliRunner().invoke(app, ["init", str(project), "--table", str(file)])
    assert done.exit_code == 0, done.output
    said = CliRunner().invoke(
        app, ["params", "--project", str(project), "-S", "checks.min_subgroup=1"]
    )
    assert "2 classes (abnormal; positive is normal)" in said.output, said.output


def test_names_of_both_eyes_are_told(tmp_path: Path) -> None:
    names = [f"{n // 2}_{('left', 'right')[n % 2]}.jpg" for n in range(ROWS)]
    rows = {"image": names, "label": ["a", "b"] * 20, "sex": np.arange(ROWS) // 2 % 2}
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    (note,) = table(root=str(tmp_path), file="t.csv", groups={"sex": {}}).notes
    assert "names end in left and right, such as '0_left'" in note
    assert json.dumps(note)
