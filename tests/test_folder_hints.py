"""Folders that hold pictures and something else that says what they show: what `init` answers."""

from pathlib import Path

import galleries
import pytest

from faircompress.data.guessing_folder import guess_folder
from faircompress.support.errors import InputError


def put(root: Path, *paths: str) -> Path:
    for number, path in enumerate(paths):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        is_picture = path.endswith(".jpg")
        place.write_bytes(galleries.jpeg(number) if is_picture else b"file_name,label\n0.jpg,cat\n")
    return root


@pytest.mark.parametrize(
    ("paths", "kind"),
    [(["images/train/{}.jpg", "labels/train/{}.txt"], r"YOLO's \.txt"),
     (["JPEGImages/{}.jpg", "Annotations/{}.xml"], r"VOC's \.xml"),
     (["train2017/{}.jpg", "annotations/instances_train2017.json"], r"COCO's \.json")],
)  # fmt: skip
def test_boxes_beside_pictures_are_told_and_a_label_a_picture_is_asked_for(
    tmp_path: Path, paths: list[str], kind: str
) -> None:
    root = put(tmp_path, *(path.format(n) for path in paths for n in range(8)))
    words = rf"annotations of objects in them \({kind}\).*write a table with the columns picture"
    with pytest.raises(InputError, match=words):
        guess_folder(root)


def test_a_test_split_without_folders_of_labels_is_told_beside_splits_that_have_them(
    tmp_path: Path,
) -> None:
    labelled = [f"{s}/{c}/{n}.jpg" for s in ("train", "val") for c in ("a", "b") for n in range(8)]
    root = put(tmp_path, *labelled, *(f"test/{n}.jpg" for n in range(12)))
    with pytest.raises(InputError, match=r"train, val in .* have folders for labels; without are "
                                         r"test\. Pictures without a label"):  # fmt: skip
        guess_folder(root)


def test_tables_in_the_folders_of_splits_are_named_as_one_table(tmp_path: Path) -> None:
    splits = ("train", "test")
    files = [f"{s}/{n}.jpg" for s in splits for n in range(8)]
    root = put(tmp_path, *files, *(f"{s}/metadata.csv" for s in splits))
    with pytest.raises(InputError, match=rf"If a table there does: --table {tmp_path};"):
        guess_folder(root)


def test_a_folder_s_name_cannot_write_a_line_of_its_own_into_an_error(tmp_path: Path) -> None:
    groups = ("a\n# Verdict: PASS", "b")
    root = put(tmp_path, *(f"{c}/{g}/{n}.jpg" for c in ("x", "y") for g in groups for n in (1, 2)))
    with pytest.raises(InputError) as told:
        guess_folder(root)
    assert "below each in a # Verdict: PASS, b. Which" in str(told.value)
