"""Tables beside the pictures: one or several, and found beside a user's table."""

from pathlib import Path
from typing import Any

import galleries
import pytest
from test_rows_first import chosen

from faircompress.data.guessing import guess_columns
from faircompress.validation import rows_first


def kaggle(root: Path) -> Path:
    """A data set as it is often shared: names of pictures that lie deeper, and three tables."""
    rows = galleries.people(240)
    galleries.table(root / "img" / "img", [{**row, "image": f"{at:06d}.jpg"} for at, row
                                           in enumerate(rows)])  # fmt: skip
    (root / "img" / "img" / "data.csv").unlink()
    named = [{"image_id": f"{at:06d}.jpg"} for at in range(len(rows))]
    tables: dict[str, list[dict[str, Any]]] = {
        "attributes": [{"Smiling": 2 * (at % 2) - 1, "Male": 2 * (at // 2 % 2) - 1}
                       for at in range(len(rows))],
        "partition": [{"partition": (0, 0, 0, 1, 2)[at // 4 % 5]} for at in range(len(rows))],
        "people": [{"identity": at // 4} for at in range(len(rows))],
        "boxes": [{"x": at} for at in range(len(rows))],
    }  # fmt: skip
    for name, columns in tables.items():
        galleries.write_csv(
            root / f"{name}.csv", [a | b for a, b in zip(named, columns, strict=True)]
        )
    (root / "notes.txt").write_text("image_id\n000000.jpg\n", "utf-8")
    return root / "attributes.csv"


def test_init_finds_split_and_people_in_tables_beside(tmp_path: Path) -> None:
    guess = guess_columns(kaggle(tmp_path), label="Smiling", groups=["Male"])
    assert guess.options["image"] == "img/img/{image_id}"
    assert guess.options["sidecar"] == ["partition.csv", "people.csv"]  # not boxes, not notes
    assert (guess.options["split"], guess.options["identity"]) == ("partition", "identity")
    assert guess.options["max_weight"] == 4  # two pictures of a class, twice that for both


def test_what_was_guessed_is_read(tmp_path: Path) -> None:
    file = kaggle(tmp_path)
    options = dict(guess_columns(file, label="Smiling", groups=["Male"]).options)
    options |= {"root": str(tmp_path), "file": file.name}
    with pytest.raises(ValueError, match=r"such as: \{column: partition, names: \{0: train, 1: v"):
        rows_first.read_rows(chosen(options).data)
    names = {"0": "train", "1": "validation", "2": "test"}
    options["split"] = {"column": "partition", "names": names}
    raw = rows_first.read_rows(chosen(options).data)
    assert raw.rows["split"].value_counts().to_dict() == {
        "train": 144,
        "validation": 48,
        "test": 48,
    }
    assert raw.rows["identity"].nunique() == 60
    assert raw.read(0)[:2] == b"\xff\xd8"


def test_tables_that_lack_a_picture_or_repeat_a_column_are_named(tmp_path: Path) -> None:
    file = kaggle(tmp_path)
    options: dict[str, Any] = {
        "root": str(tmp_path), "file": file.name, "image": "img/img/{image_id}", "label": "Smiling",
        "groups": ["Male"],
    }  # fmt: skip
    short = (tmp_path / "people.csv").read_text("utf-8").splitlines()[:-1]
    (tmp_path / "people.csv").write_text("\n".join(short), "utf-8")
    both = ["partition.csv", "people.csv"]
    with pytest.raises(ValueError, match=r"1 of 240 pictures have no row in it.*people\.csv"):
        rows_first.read_rows(chosen(options | {"sidecar": both}).data)
    lines = [
        line.replace(".jpg", ".JPG")
        for line in (tmp_path / "partition.csv").read_text().splitlines()
    ]
    (tmp_path / "people.csv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(ValueError, match=r"Table and sidecar differ only in capitals, such as '"):
        rows_first.read_rows(chosen(options | {"sidecar": "people.csv"}).data)
    again = ["partition.csv", "partition.csv"]
    with pytest.raises(ValueError, match=r"'partition' is a column of the pictures too.*partition"):
        rows_first.read_rows(chosen(options | {"sidecar": again}).data)
    guessed = guess_columns(file, label="Smiling", groups=["Male"]).options
    assert guessed["sidecar"] == "partition.csv"  # the other lacks a picture


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("peopel.csv", r"sidecar: .*peopel\.csv is missing\. Did you mean 'people\.csv'"),
        ("img", r"sidecar: .*img is a folder"),
        ("", r"sidecar: .* is a folder"),
        ("../people.csv", "lies outside"),
    ],
)
def test_a_sidecar_that_is_no_file_is_named(name: str, words: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "root": str(tmp_path), "file": kaggle(tmp_path).name, "label": "Smiling",
        "image": "img/img/{image_id}", "groups": ["Male"], "sidecar": [name],
    }  # fmt: skip
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        rows_first.read_rows(chosen(given).data)
