"""Pictures of one table that lie in several folders which no column names."""

from pathlib import Path
from typing import Any

import galleries
import pytest
from test_rows_first import chosen

from faircompress.data.guessing import guess_columns
from faircompress.validation import rows_first


def parts(root: Path, folders: tuple[str, ...] = ("part_1", "part_2")) -> Path:
    """A table sorted by folder, whose column has names without ending."""
    rows = galleries.people(240)
    for at, row in enumerate(rows):
        row["image_id"] = f"ISIC_{at:04d}"
        path = root / folders[at * len(folders) // len(rows)] / f"{row.pop('image')[9:]}"
        path = path.with_name(f"{row['image_id']}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(galleries.jpeg(at))
    galleries.write_csv(root / "meta.csv", rows)
    return root / "meta.csv"


@pytest.mark.parametrize(
    ("folders", "template"),
    [
        (("part_1", "part_2"), "*/{image_id}.jpg"),
        (("a/x", "b/x", "c/x"), "*/x/{image_id}.jpg"),
        (("all/a", "all/b"), "all/*/{image_id}.jpg"),
        (("a", "b/c"), "**/{image_id}.jpg"),
        (("only",), "only/{image_id}.jpg"),
    ],
)
def test_init_finds_them_and_the_source_reads_them(
    folders: tuple[str, ...], template: str, tmp_path: Path
) -> None:
    file = parts(tmp_path, folders)
    guess = guess_columns(file, label="label", groups=["gender"])
    assert guess.options["image"] == template
    given = {**guess.options, "root": str(tmp_path), "file": file.name, "max_weight": None}
    raw = rows_first.read_rows(chosen(given).data)
    assert raw.rows["id"].iloc[0] == f"{folders[0]}/ISIC_0000.jpg"
    assert raw.rows["id"].iloc[-1] == f"{folders[-1]}/ISIC_0239.jpg"
    assert raw.read(239) == galleries.jpeg(239)


def options(root: Path, file: Path, image: str) -> dict[str, Any]:
    return {"root": str(root), "file": file.name, "image": image, "groups": ["gender"]}


def test_a_name_that_two_folders_have_is_not_guessed_and_refused(tmp_path: Path) -> None:
    file = parts(tmp_path)
    (tmp_path / "part_2" / "ISIC_0003.jpg").write_bytes(galleries.jpeg(1))
    with pytest.raises(ValueError, match=r"may be part_1/ISIC_0003\.jpg or part_2/ISIC_0003"):
        rows_first.read_rows(chosen(options(tmp_path, file, "*/{image_id}.jpg")).data)
    with pytest.raises(ValueError, match=r"\* stands for folders, not in a name such as"):
        rows_first.read_rows(chosen(options(tmp_path, file, "part_1/{image_id}*")).data)


def test_a_picture_that_is_in_none_is_missing_by_the_path_that_was_asked_for(
    tmp_path: Path,
) -> None:
    file = parts(tmp_path)
    (tmp_path / "part_1" / "ISIC_0000.jpg").unlink()
    raw = rows_first.read_rows(chosen(options(tmp_path, file, "*/{image_id}.jpg")).data)
    with pytest.raises(FileNotFoundError, match=r"\*/ISIC_0000\.jpg"):
        raw.read(0)


def test_a_sidecar_needs_no_folders(tmp_path: Path) -> None:
    file = parts(tmp_path)
    rows = [{"image_id": f"ISIC_{at:04d}", "site": "ab"[at % 2]} for at in range(240)]
    galleries.write_csv(tmp_path / "sites.csv", rows)
    given = options(tmp_path, file, "*/{image_id}.jpg")
    raw = rows_first.read_rows(
        chosen(given | {"sidecar": "sites.csv", "groups": ["gender", "site"]}).data
    )
    assert raw.rows["site"].tolist()[:4] == ["a", "b", "a", "b"]


def test_columns_of_people_are_known_by_words_however_they_are_joined(tmp_path: Path) -> None:
    rows = [row | {"Patient ID": row.pop("person")} for row in galleries.people()]
    galleries.table(tmp_path, rows)
    assert guess_columns(tmp_path / "data.csv").options["identity"] == "Patient ID"
