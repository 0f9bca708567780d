import json
from pathlib import Path
from typing import Any

import galleries
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from faircompress.config import params
from faircompress.config.overrides import overridden
from faircompress.data.sources.table import table
from faircompress.stages.source import source
from faircompress.stages.validate import validate
from faircompress.support import files
from faircompress.validation.checks import UnfitData

PARAMS = Path(__file__).parents[1] / "params.yaml"


def test_columns_are_chosen_and_their_values_named_binned_and_dropped(tmp_path: Path) -> None:
    rows = [
        {"image": "a.jpg", "smile": 1, "gender": "m", "age": 29, "who": "A", "of": "tr"},
        {"image": "b.jpg", "smile": 0, "gender": "f", "age": 30, "who": "B", "of": "tr"},
        {"image": "c.jpg", "smile": 1, "gender": "?", "age": 31, "who": "C", "of": "te"},
        {"image": "d.jpg", "smile": 0, "gender": "f", "age": 60, "who": "D", "of": "te"},
        {"image": "e.jpg", "smile": 0, "gender": "m", "age": 12, "who": "E", "of": "va"},
    ]
    galleries.table(tmp_path, rows)
    raw = table(
        root=str(tmp_path),
        label={"column": "smile", "names": {"0": "no smile", "1": "smile"}},
        groups={
            "sex": {"column": "gender", "names": {"f": "female", "m": "male"}, "drop": ["?"]},
            "age": {"bins": {"young": [0, 30], "old": [30, None]}},
        },
        split={"column": "of", "names": {"tr": "train", "va": "validation", "te": "test"}},
        identity="who",
    )
    assert raw.classes == ("no smile", "smile") and raw.groups == ("sex", "age")
    assert raw.rows["id"].tolist() == ["a.jpg", "b.jpg", "d.jpg", "e.jpg"]
    assert raw.rows["label"].tolist() == [1, 0, 0, 0]
    assert raw.rows["sex"].tolist() == ["male", "female", "female", "male"]
    assert raw.rows["age"].tolist() == ["young", "old", "old", "young"]
    assert raw.rows["identity"].tolist() == ["A", "B", "D", "E"]
    assert raw.rows["split"].tolist() == ["train", "train", "test", "validation"]
    assert raw.notes == ("Rows left out for gender '?': 1.",) and raw.drawn == ""
    assert raw.read(2) == galleries.jpeg(3)


def test_without_a_split_people_are_cut_whole_and_stay_when_others_come(tmp_path: Path) -> None:
    rows = galleries.people(300)
    fewer = table(**galleries.table(tmp_path / "a", rows[:200])).rows
    all_of = table(**galleries.table(tmp_path / "b", rows)).rows
    assert all_of.groupby("identity")["split"].nunique().max() == 1
    assert fewer["split"].tolist() == all_of["split"].tolist()[:200]


def test_without_identities_equal_pictures_go_together(tmp_path: Path) -> None:
    rows = galleries.people(100)
    given = galleries.table(tmp_path, rows) | {"identity": None, "test": 0.4}
    for row in range(0, 100, 2):  # every second picture copies the one before, as another format
        with Image.open(tmp_path / rows[row]["image"]) as picture:
            picture.save(tmp_path / rows[row + 1]["image"], "PNG")
    raw = table(**given)
    sides = raw.rows["split"].tolist()
    assert sides[::2] == sides[1::2] and set(sides) == {"train", "validation", "test"}
    assert raw.drawn == "splits by pixels, seed 1"


def test_pictures_held_in_parquet_are_the_same_data_as_files(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {"identity": None}
    by_path = table(**given)
    columns = {name: [row[name] for row in galleries.people()] for name in galleries.people()[0]}
    held = [{"bytes": by_path.read(row), "path": "x"} for row in range(120)]
    for number, part in enumerate((slice(0, 70), slice(70, 120))):
        shard = {name: values[part] for name, values in (columns | {"image": held}).items()}
        pq.write_table(pa.table(shard), tmp_path / f"part-{number}.parquet")
    in_file = table(**given, file="part-*.parquet")
    assert in_file.rows["id"].iloc[75] == "row 000075"
    assert in_file.rows.drop(columns="id").equals(by_path.rows.drop(columns="id"))
    assert all(in_file.read(row) == by_path.read(row) for row in (0, 75, 119))


def test_parquet_with_paths_codes_and_empty_fields_reads_as_the_csv_would(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {"label": "age", "groups": ["gender"]}
    given |= {"label": {"column": "age", "bins": {"young": [0, 40], "old": [40, 99]}}}
    csv = table(**given)
    people = galleries.people()
    columns = {name: [row[name] for row in people] for name in people[0]}
    columns["age"][3] = None
    pq.write_table(pa.table(columns), tmp_path / "data.parquet")
    parquet = table(**given, file="data.parquet")
    assert parquet.rows["label"].isna().sum() == 1
    assert parquet.rows.drop(columns="label").equals(csv.rows.drop(columns="label"))


def test_a_csv_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    given = galleries.table(tmp_path)
    text = (tmp_path / "data.csv").read_text().replace(",", "; ")
    (tmp_path / "data.csv").write_text(text, encoding="utf-8-sig", newline="\r\n")
    raw = table(**given, separator=";")
    assert raw.classes == ("glad", "sad") and raw.rows["id"][119] == "pictures/0119.jpg"


def test_parts_of_a_table_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    given = galleries.table(tmp_path)
    whole = table(**given).rows
    galleries.write_csv(tmp_path / "part-1.csv", galleries.people()[70:])
    galleries.write_csv(tmp_path / "part-0.csv", galleries.people()[:70])
    assert table(**given, file="part-*.csv").rows.equals(whole)


def test_a_path_can_be_made_of_columns(tmp_path: Path) -> None:
    rows = galleries.people(20)
    given = galleries.table(tmp_path, rows)
    for row in rows:
        row["number"] = row.pop("image")[9:13]
    galleries.write_csv(tmp_path / "data.csv", rows)
    raw = table(**given, image="pictures/{number}.jpg")
    assert raw.rows["id"].iloc[7] == "pictures/0007.jpg"
    assert raw.read(7) == galleries.jpeg(7)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"file": "date.csv"}, r"data\.table\.file: .*date\.csv is missing\. Did you mean"),
        ({"image": "imgae"}, r"data\.table\.image: .*data\.csv has no column 'imgae'.*'image'"),
        ({"image": "{nr}.jpg"}, r"data\.table\.image: .* has no column 'nr'"),
        ({"label": "labl"}, r"data\.table\.label: .* no column 'labl'\. Did you mean 'label'"),
        ({"label": "image"}, r"data\.table\.label: column 'image' has 120 values in 120 rows"),
        ({"groups": []}, r"data\.table\.groups is empty"),
        ({"groups": ["sex"]}, r"data\.table\.groups\.sex: .* no column 'sex'"),
        ({"groups": {"age": {"bins": {"x": [0, 9]}}}}, r"groups\.age: .* are in no bin in 106"),
        ({"identity": "persn"}, r"data\.table\.identity: .*Did you mean 'person'"),
        ({"weight": "w"}, r"data\.table\.weight: .* no column 'w'"),
        ({"split": "label"}, r"data\.table\.split: 'sad' is no split"),
        ({"separator": ";"}, r"data\.table\.image: .* There are: image,label,gender"),
        ({"file": "../data.csv"}, r"data\.csv' lies outside"),
        ({"file": "../*/../*.csv"}, r"other\.csv' lies outside"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(changed: dict, error: str, tmp_path: Path) -> None:
    given = galleries.table(tmp_path / "root")
    (tmp_path / "other.csv").write_text("image,label\n")
    with pytest.raises((ValueError, FileNotFoundError), match=error):
        table(**(given | changed))


def test_a_file_that_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    given = galleries.table(tmp_path)
    (tmp_path / "data.csv").write_bytes("image,label\na.jpg,\xe4\n".encode("latin1"))
    with pytest.raises(ValueError, match=r"data\.table\.file: .*data\.csv is not a text in UTF-8"):
        table(**given)
    (tmp_path / "data.parquet").write_text("image")
    with pytest.raises(ValueError, match=r"data\.parquet is no Parquet table"):
        table(**given, file="data.parquet")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("label;image\nsad;a.jpg;3\nglad;b.jpg;4\n", "Expected 2 fields in line 2, saw 3"),
        ("label;image\nsad;a.jpg\nglad;b.jpg;4\n", "Expected 2 fields in line 3, saw 3"),
    ],
)  # fmt: skip
def test_a_row_with_more_fields_than_columns_loses_none_unseen(
    text: str, error: str, tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"data\.table\.file: .*data\.csv: {error}"):
        table(root=str(tmp_path), groups=["label"], separator=";")


def test_a_path_out_of_the_data_is_not_read(tmp_path: Path) -> None:
    rows = galleries.people(20)
    given = galleries.table(tmp_path / "root", rows)
    rows[3]["image"] = "../secret.jpg"
    galleries.write_csv(tmp_path / "root" / "data.csv", rows)
    with pytest.raises(ValueError, match=r"'\.\./secret\.jpg' lies outside"):
        table(**given).read(3)


def checked(place: Path, given: dict[str, Any], *overrides: str) -> dict[str, float]:
    raw = overridden(PARAMS, ["data.resize=[8, 8]", "checks.min_subgroup=1", *overrides])
    raw["data"] |= {"name": "table", "table": given}
    chosen = params.check(raw)
    files.write_json(place / "artifacts" / "source.json", source(chosen, place / "artifacts"))
    return validate(chosen, place / "artifacts")


def dirty(root: Path) -> dict[str, Any]:
    """A table with a picture twice, a label and a picture missing, and an odd size and mode."""
    rows = galleries.people()
    given = galleries.table(root, rows)
    pictures = [root / row["image"] for row in rows]
    rows[1]["label"] = rows[0]["label"]
    pictures[1].write_bytes(pictures[0].read_bytes())  # of the same person
    pictures[4].unlink()
    Image.linear_gradient("L").resize((20, 12)).save(pictures[6])
    rows[9]["label"] = ""
    galleries.write_csv(root / "data.csv", rows)
    return given


def test_a_dirty_table_is_refused_by_its_rows_and_fit_once_params_say_what_to_do(
    tmp_path: Path,
) -> None:
    given = dirty(tmp_path / "root")
    with pytest.raises(UnfitData) as refused:
        checked(tmp_path, given)
    assert "1 of 120 pictures cannot be read (1 missing)" in str(refused.value)
    assert "1 of 120 rows have no label" in str(refused.value)
    assert "pictures/0004.jpg" in str(refused.value) and "pictures/0009.jpg" in str(refused.value)

    told = given | {"label": {"column": "label", "drop": [""]}}
    numbers = checked(tmp_path, told, "checks.quarantine=0.01")
    assert numbers["dropped"] == 1
    assert sum(numbers[f"rows_{split}"] for split in ("train", "validation", "test")) == 118
    found = json.loads((tmp_path / "artifacts/validate/findings.json").read_text())
    warned = {finding["check"] for finding in found if not finding["ok"]}
    assert warned == {
        "no picture is set aside", "no picture stands twice in a split", "all pictures are RGB",
    }  # fmt: skip
    notes = {f["check"]: f["sentence"] for f in found if f["severity"] == "note"}
    assert notes["note of the source"] == "Rows left out for label '': 1."
    assert "label=glad 0." in notes["drawn by hash: splits by identity, seed 1"]
    assert numbers["warnings"] == 3


def test_a_group_that_may_not_be_called_so_is_refused_with_a_cure(tmp_path: Path) -> None:
    given = galleries.table(tmp_path / "root") | {"groups": {"size": {"column": "gender"}}}
    with pytest.raises(ValueError, match=r"called 'size'.*groups: \{my_size: \{column: size\}\}"):
        checked(tmp_path, given)


def test_a_group_that_train_lacks_is_told_in_one_word_which_absent_subgroups_takes(
    tmp_path: Path,
) -> None:
    rows = [
        row | {"gender": sex, "split": split, "image": f"{split}/{sex}/{row['image']}",
               "person": f"{split} {row['person']} {sex}"}
        for split, sexes in {"train": "f", "validation": "fm", "test": "fm"}.items()
        for sex in sexes
        for row in galleries.people(20)
    ]  # fmt: skip
    given = galleries.table(tmp_path / "root", rows) | {"split": "split"}
    with pytest.raises(UnfitData, match=r"'train sex=m' has none\.\nAll findings"):
        checked(tmp_path, given)
    absent = "checks.absent_subgroups=['train sex=m']"
    assert checked(tmp_path, given, absent)["smallest_cell"] == 10


def test_parts_that_spell_a_number_with_and_without_decimals_have_one_class_and_one_person(
    tmp_path: Path,
) -> None:
    rows = [row | {"label": at % 2, "person": at // 2} for at, row in enumerate(galleries.people())]
    given = galleries.table(tmp_path, rows)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for number, kind in enumerate((int, float)):
        part = {
            name: [kind(v) if isinstance(v, int) else v for v in values[number::2]]
            for name, values in columns.items()
        }
        pq.write_table(pa.table(part), tmp_path / f"part-{number}.parquet")
    raw = table(**given | {"file": "part-*.parquet"})
    assert raw.classes == ("0", "1") and set(raw.rows["sex"]) == {"0", "1"}
    assert raw.rows["identity"].nunique() == 60
    named = {"column": "label", "names": {"0.0": "sad", "1": "glad"}}
    assert table(**given | {"file": "part-*.parquet", "label": named}).classes == ("sad", "glad")
