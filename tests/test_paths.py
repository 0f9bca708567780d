"""One grammar of paths, patterns and sidecars, for tables and folders alike."""

from pathlib import Path
from typing import Any

import galleries
import pandas as pd
import pytest

from faircompress.data.sources.folder import folder
from faircompress.data.sources.table import table


def published(root: Path, slash: str = "/") -> dict[str, Any]:
    """A table whose paths hold the published split and the site."""
    rows = []
    for at, row in enumerate(galleries.people(40)):
        split, site = ("Train", "Val", "TEST")[at % 3], ("north", "south")[at // 3 % 2]
        rows.append(row | {"image": f"{split}/{site}/{at:02d}.jpg"})
    given = galleries.table(root, rows)
    for row in rows:
        row["image"] = row["image"].replace("/", slash)
    galleries.write_csv(root / "data.csv", rows)
    return given | {"pattern": "{split}/{site}/*", "groups": ["site"]}


def test_the_published_split_and_a_group_of_a_table_can_come_from_its_paths(tmp_path: Path) -> None:
    rows = table(**published(tmp_path)).rows
    assert rows["split"].tolist()[:4] == ["train", "validation", "test", "train"]
    assert rows["site"].tolist()[:4] == ["north", "north", "north", "south"]


def test_paths_of_another_system_name_the_same_pictures(tmp_path: Path) -> None:
    raw = table(**published(tmp_path, "\\"))
    assert raw.rows["id"].iloc[4] == "Val/south/04.jpg"
    assert raw.read(4) == galleries.jpeg(4)
    assert raw.notes == ("Paths whose \\ were read as /: 40.",)


def test_a_name_whose_accents_stand_apart_is_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "ju\u0308rgen.jpg").write_bytes(b"x")
    (tmp_path / "data.csv").write_text("image,label\njürgen.jpg,a\nb.jpg,b\nc.jpg,b\n", "utf-8")
    raw = table(root=str(tmp_path), groups=["label"], separator=",")
    assert raw.read(0) == b"x"


def test_a_sidecar_joins_by_picture_or_by_a_column_that_both_have(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {"groups": ["hair"], "sidecar": "more.tsv"}
    rows = [{"image": f"pictures/{k:04d}.jpg", "hair": ("long", "short")[k % 5 == 0]}
            for k in range(125)]  # fmt: skip
    pd.DataFrame(rows[::-1]).to_csv(tmp_path / "more.tsv", sep="\t", index=False)
    raw = table(**given)
    assert raw.rows["hair"].tolist()[:6] == ["short", "long", "long", "long", "long", "short"]
    assert "Rows of the sidecar without a picture: 5." in raw.notes

    people = [{"person": f"p{k}", "hair": ("long", "short")[k % 2]} for k in range(60)]
    galleries.write_csv(tmp_path / "people.csv", people)
    raw = table(**given | {"sidecar": "people.csv", "sidecar_key": "person"})
    assert raw.rows["hair"].tolist()[:5] == ["long", "long", "short", "short", "long"]
    with pytest.raises(ValueError, match=r"sidecar: 2 of 120 pictures have no row in it: .*0118"):
        galleries.write_csv(tmp_path / "people.csv", people[:-1])
        table(**given | {"sidecar": "people.csv", "sidecar_key": "person"})
    with pytest.raises(ValueError, match=r"sidecar_key: the table has no column 'persn'"):
        table(**given | {"sidecar": "people.csv", "sidecar_key": "persn"})


def test_a_sidecar_of_names_without_endings_is_joined_by_a_template(tmp_path: Path) -> None:
    given = galleries.folder(tmp_path, 12)
    names = sorted(path.stem for path in tmp_path.rglob("*.jpg"))
    galleries.write_csv(
        tmp_path / "who.csv", [{"id": n, "hair": str(int(n[-1]) % 2)} for n in names]
    )
    raw = folder(**given | {"sidecar": "who.csv", "image": "{id}.jpg", "groups": ["hair"]})
    found = zip(raw.rows["id"], raw.rows["hair"], strict=True)
    assert all(int(name[-5]) % 2 == int(hair) for name, hair in found)


def test_two_pictures_of_one_name_in_two_folders_are_not_given_one_row(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "1.jpg").write_bytes(b"x")
    (tmp_path / "who.csv").write_text("image,hair\n1.jpg,long\n")
    with pytest.raises(ValueError, match=r"a/1\.jpg and b/1\.jpg have one name; write their paths"):
        folder(root=str(tmp_path), pattern="{label}/*", sidecar="who.csv", groups=["hair"])


def test_two_stars_go_through_folders_and_one_does_not(tmp_path: Path) -> None:
    for at in range(8):
        place = tmp_path / ("x" if at % 2 else "x/deep/er") / ("sad", "glad")[at // 2 % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{at}.jpg").write_bytes(galleries.jpeg(at))
    given: dict[str, Any] = {"root": str(tmp_path), "groups": ["label"]}
    assert folder(**given, pattern="**/{label}/*").classes == ("glad", "sad")
    with pytest.raises(ValueError, match="4 of 8 pictures do not match"):
        folder(**given, pattern="*/{label}/*")


def test_a_row_without_a_name_for_its_picture_has_none(tmp_path: Path) -> None:
    given = galleries.table(tmp_path, galleries.people(12)) | {"image": "pictures/{n}.jpg"}
    (tmp_path / "data.csv").write_text("n,label,gender,person\n0001,a,0,p\n,b,1,q\n0003,b,1,r\n")
    with pytest.raises(FileNotFoundError, match="no path in the table"):
        table(**given).read(1)


def test_parts_of_a_table_with_other_columns_are_refused(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {"file": "part-*.csv"}
    (tmp_path / "part-0.csv").write_text("image,label\na.jpg,1\n")
    (tmp_path / "part-1.csv").write_text("image;lable\nb.jpg;0\n")
    with pytest.raises(ValueError, match=r"part-0\.csv has .* image, label, and part-1\.csv has"):
        table(**given)


def test_the_encoding_of_a_table_can_be_said_and_is_told_not_guessed(tmp_path: Path) -> None:
    text = "image,label,sex\na.jpg,groß,m\nb.jpg,klein,f\nc.jpg,klein,m\n"
    (tmp_path / "data.csv").write_bytes(text.encode("latin-1"))
    given: dict[str, Any] = {"root": str(tmp_path), "groups": ["sex"]}
    with pytest.raises(ValueError, match=r"0xdf.*or say which it is: data\.table\.encoding"):
        table(**given, separator=",")
    assert table(**given, encoding="windows-1252").classes == ("groß", "klein")


def test_decimal_commas_and_semicolons_are_read_and_noted(tmp_path: Path) -> None:
    rows = [row | {"w": f"{1 + k / 2}".replace(".", ",")} for k, row in
            enumerate(galleries.people(20))]  # fmt: skip
    given = galleries.table(tmp_path, rows) | {"weight": "w", "max_weight": 99.0}
    pd.DataFrame(rows).to_csv(tmp_path / "data.csv", sep=";", index=False)
    raw = table(**given)
    assert raw.rows["weight"].astype(float).tolist()[:3] == [1.0, 1.5, 2.0]
    assert raw.notes == (
        "Fields of data.csv are parted by ';'.", "Decimal commas of data.csv were read in: w.",
    )  # fmt: skip
