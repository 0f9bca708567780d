from pathlib import Path
from typing import Any

import galleries
import pytest

from faircompress.data.sources.folder import folder


def test_the_pattern_reads_split_label_and_groups_from_each_path(tmp_path: Path) -> None:
    raw = folder(
        **galleries.folder(tmp_path)
        | {"groups": {"sex": {"names": {"0": "male", "1": "female"}},
                      "age": {"bins": {"young": [0, 45], "old": [45, 90]}}}}
    )  # fmt: skip
    rows = raw.rows.set_index("id")
    one = rows.loc["test/glad/49_1_0007.jpg"]  # row 7: 7 % 4 == 3, 7 // 4 % 2 == 1
    assert (one["split"], raw.classes[one["label"]]) == ("test", "glad")
    assert (one["sex"], one["age"]) == ("female", "old")
    assert raw.classes == ("glad", "sad")
    assert raw.drawn == "validation, out of train, by pixels, seed 1"
    assert rows.index.str.startswith("test/").sum() == (rows["split"] == "test").sum() == 30


def test_a_folder_of_classes_is_cut_and_a_word_may_stand_anywhere(tmp_path: Path) -> None:
    for row in range(60):
        place = tmp_path / ("cats", "dogs")[row % 2] / "deep"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"owner{row // 2}-{('in', 'out')[row // 2 % 2]}.JPG").write_bytes(
            galleries.jpeg(row)
        )
    raw = folder(
        root=str(tmp_path), pattern="{label}/*/{owner}-{where}.jpg", groups=["where"],
        identity="owner",
    )  # fmt: skip
    assert raw.classes == ("cats", "dogs") and set(raw.rows["where"]) == {"in", "out"}
    assert raw.rows.groupby("identity")["split"].nunique().max() == 1
    assert raw.drawn == "splits by identity, seed 1"


def with_sidecar(root: Path, image: str) -> dict[str, Any]:
    """A folder of two classes, and a sidecar whose column ``file`` holds paths or names."""
    paths = [f"{('sad', 'glad')[row % 2]}/{row:02d}.jpg" for row in range(40)]
    for row, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(galleries.jpeg(row))
    galleries.write_csv(
        root / "who.csv",
        [{"file": path if image == "path" else path[-6:], "hair": ("long", "short")[row % 3 == 0]}
         for row, path in enumerate(paths)][::-1],
    )  # fmt: skip
    return {
        "root": str(root), "pattern": "{label}/*", "sidecar": "who.csv", "image": "file",
        "groups": ["hair"],
    }  # fmt: skip


@pytest.mark.parametrize("image", ["path", "name"])
def test_a_sidecar_gives_groups_by_path_or_by_name(image: str, tmp_path: Path) -> None:
    raw = folder(**with_sidecar(tmp_path, image))
    hair = dict(zip(raw.rows["id"], raw.rows["hair"], strict=True))
    assert hair["sad/06.jpg"] == "short" and hair["glad/07.jpg"] == "long"
    assert raw.read(raw.rows["id"].tolist().index("glad/07.jpg")) == galleries.jpeg(7)


def test_a_sidecar_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    given = with_sidecar(tmp_path, "path")
    lines = (tmp_path / "who.csv").read_text().splitlines()
    with pytest.raises(ValueError, match=r"data\.folder\.image: .*no column 'flie'.*'file'"):
        folder(**given | {"image": "flie"})
    with pytest.raises(ValueError, match=r"sidecar: 'hair' is a column of the pictures too"):
        folder(**given | {"pattern": "{label}/{hair}.jpg"})
    (tmp_path / "who.csv").write_text("\n".join(lines[:-2]))
    with pytest.raises(ValueError, match=r"sidecar: 2 of 40 pictures have no row.*glad/01\.jpg"):
        folder(**given)
    (tmp_path / "who.csv").write_text("\n".join([*lines, lines[1]]))
    with pytest.raises(ValueError, match=r"1 pictures stand in it twice: glad/39\.jpg"):
        folder(**given)


def test_a_name_that_does_not_match_is_told_and_can_be_skipped(tmp_path: Path) -> None:
    given = galleries.folder(tmp_path)
    (tmp_path / "train" / "sad" / "61_20170109.jpg").write_bytes(galleries.jpeg(1))
    (tmp_path / "train" / "Thumbs.db").write_bytes(b"no picture")
    (tmp_path / "train" / ".hidden.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1 of 121 pictures do not match.*sad/61_20170109\.jpg"):
        folder(**given)
    raw = folder(**given, skip=["*/61_20170109.jpg"])
    assert len(raw.rows) == 120
    assert raw.notes == ("Pictures left out by skip: 1.", "Files that are no pictures: 1.")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"pattern": "{label}/{label}/*"}, "has a word twice"),
        ({"groups": ["gender"]}, r"groups\.gender: .* no column 'gender'.*There are: split, label"),
        ({"pattern": "{split}/*/{age}_{sex}_*"}, r"data\.folder\.label: .* no column 'label'"),
        ({"split": {"column": "split", "names": {"train": "train"}}}, "no name in 30 rows: 'te"),
        ({"skip": ["*"]}, "0 of 0 pictures do not match.*there are none"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(changed: dict, error: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=error):
        folder(**galleries.folder(tmp_path) | changed)
