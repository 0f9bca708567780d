"""Tables as well-known data sets have them: what `init` guesses finds the pictures."""

from pathlib import Path
from typing import Any

import galleries
import pandas as pd
import pytest

from faircompress.data.guessing import guess_columns
from faircompress.data.guessing_folder import guess_folder
from faircompress.data.guessing_groups import GUESSED, likely_groups
from faircompress.data.guessing_images import ABSENT
from faircompress.data.guessing_tables import guess_table
from faircompress.data.sources.table import table

ROWS = 48


def written(root: Path, file: str, rows: list[dict[str, Any]], paths: list[str]) -> Path:
    """Write a table and pictures; return the table's path."""
    for seed, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(galleries.jpeg(seed))
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    galleries.write_csv(root / file, rows)
    return root / file


def of_adience() -> tuple[list[dict[str, Any]], list[str]]:
    rows = [
        {"user_id": f"{30601258 + n // 3}@N03", "original_image": f"1{n * 7919 % 997:03d}_o.jpg",
         "face_id": n % 5, "age": "(25, 32)", "gender": "mf"[n // 3 % 2], "x": n % 4, "dx": n % 3}
        for n in range(ROWS)
    ]  # fmt: skip
    form = "faces/{user_id}/coarse_tilt_aligned_face.{face_id}.{original_image}"
    return rows, [form.format_map(row) for row in rows]


def test_paths_that_several_columns_make_are_found_and_people_with_them(tmp_path: Path) -> None:
    rows, paths = of_adience()
    file = written(tmp_path, "fold_0.csv", rows, paths)
    found = guess_columns(file, label="gender").options
    assert found["image"] == ("faces/{user_id}/coarse_tilt_aligned_face.{face_id}.{original_image}")
    assert found["identity"] == "user_id"
    raw = table(root=str(tmp_path), **{**found, "groups": {"x": {}}})
    assert raw.rows["id"].tolist() == paths


def test_no_path_is_made_that_two_rows_share_or_no_file_has(tmp_path: Path) -> None:
    rows, paths = of_adience()
    file = written(tmp_path, "t.csv", rows, [f"{n}.jpg" for n in range(ROWS)])
    guess = guess_columns(file, label="gender")
    assert (guess.options["image"], guess.reasons["image"]) == ("original_image", ABSENT)
    one_each = [f"faces/{row['user_id']}/face.jpg" for row in rows]
    file = written(tmp_path / "2", "t.csv", rows, one_each)
    assert guess_columns(file, label="gender").reasons["image"] == ABSENT


@pytest.mark.parametrize(
    ("file", "begin", "taken"),
    [
        ("CheXpert/{split}.csv", "CheXpert/", "CheXpert/{split}.csv"),
        ("labels/{split}.csv", "images/", "labels/{split}.csv"),
    ],
)
def test_pictures_beside_the_folder_of_the_tables_are_found(
    file: str, begin: str, taken: str, tmp_path: Path
) -> None:
    for first, split in enumerate(("test", "train")):
        paths = [
            f"{begin}{split}/patient{24 * first + n // 2:05d}/view{n % 2}.jpg" for n in range(ROWS)
        ]
        rows = [{"Path": path, "label": n % 2, "Sex": n // 2 % 2} for n, path in enumerate(paths)]
        written(tmp_path, file.format(split=split), rows, paths)
    home, guess = guess_table(str(tmp_path / Path(file).parent))
    assert (home, guess.options["file"], guess.options["image"]) == (tmp_path, taken, "Path")
    raw = table(root=str(home), **guess.options)
    assert len(raw.read(0)) > 100
    (note,) = raw.notes
    assert f"pictures lie in 48 folders such as {begin}test/patient00000" in note
    assert f"data.table.pattern: '{begin}*/{{person}}/*' and data.table.identity: person" in note
    by_person = table(
        root=str(home), pattern=f"{begin}*/{{person}}/*", identity="person", **guess.options
    )
    assert by_person.rows["identity"].nunique() == ROWS and by_person.notes == ()
    assert by_person.rows.groupby("identity")["split"].nunique().max() == 1


def test_folders_of_classes_are_nobodys(tmp_path: Path) -> None:
    paths = [f"{n // 4:03d}.Bird/{n}.jpg" for n in range(100)]
    rows = [{"image": path, "label": n // 4 % 2, "sex": n % 2} for n, path in enumerate(paths)]
    written(tmp_path, "t.csv", rows, paths)
    assert table(root=str(tmp_path), file="t.csv", groups={"sex": {}}).notes != ()
    for row in rows:
        row["label"] = row["image"].split("/")[0]
    written(tmp_path, "t.csv", rows, [])
    assert table(root=str(tmp_path), file="t.csv", groups={"sex": {}}).notes == ()


@pytest.mark.parametrize(
    ("columns", "groups"),
    [
        (["patient_sex", "ageApprox", "dx_type"], ["patient_sex", "ageApprox"]),
        (["Patient Gender", "View Position"], ["Patient Gender"]),
        (["fitzpatrick_scale", "nine_partition"], ["fitzpatrick_scale"]),
        (["Male", "Smiling", "Pale_Skin"], ["Male", "Pale_Skin"]),
        (["stage", "percentage", "page"], ["stage", "percentage", "page"]),  # no word is age
    ],
)
def test_columns_that_tell_who_somebody_is_are_the_groups(
    columns: list[str], groups: list[str]
) -> None:
    cells = pd.DataFrame({name: ["a", "b"] * 10 for name in columns})
    found, why = likely_groups(cells)
    assert found == groups
    others = [name for name in columns if name not in groups]
    assert why == (f"guessed by name; it could also be: {', '.join(others)}" if others else GUESSED)


def test_a_few_names_that_a_pattern_does_not_take_are_left_out_by_name(tmp_path: Path) -> None:
    paths = [f"{20 + n % 30}_{n % 2}_{n % 3}_2017{n:05d}.jpg" for n in range(ROWS)]
    for seed, path in enumerate([*paths, "61_1_20170109.jpg"]):
        (tmp_path / path).write_bytes(galleries.jpeg(seed))
    found = guess_folder(tmp_path, pattern="{age}_{gender}_{race}_*", label="gender").options
    assert found["skip"] == ["61_1_20170109.jpg"]
    assert list(found["groups"]) == ["age", "race"]
    for path in ("a.jpg", "b.jpg", "c.jpg"):  # of too many the pattern is wrong: params says so
        (tmp_path / path).write_bytes(galleries.jpeg(99))
    assert "skip" not in guess_folder(tmp_path, pattern="{age}_{gender}_{race}_*").options
