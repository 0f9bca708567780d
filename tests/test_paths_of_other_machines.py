"""Paths that another machine or system wrote, whose pictures lie in several folders here."""

import csv
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from test_folder_guesses import tree

from faircompress.data.guessing import guess_columns
from faircompress.data.sources.table import table
from faircompress.support.errors import InputError

PATHS = [f"{folder}/{n}.jpg" for folder in ("a", "b") for n in range(20)]


def written(root: Path, cells: list[str]) -> Path:
    rows = [[cell, "yes" if n % 2 else "no", "fm"[n // 2 % 2]] for n, cell in enumerate(cells)]
    with (root / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "label", "sex"], *rows])
    return root / "t.csv"


@pytest.mark.parametrize(
    ("before", "image"),
    [
        ("/home/jane/set/", "{path.tail2}"),
        ("C:\\set\\", "{path.tail2}"),
        ("set/", "{path.tail2}"),
        ("./", "path"),
        ("", "path"),
    ],
)
def test_each_row_gets_its_own_picture_of_equal_names(
    before: str, image: str, tmp_path: Path
) -> None:
    tree(tmp_path, *PATHS)
    file = written(
        tmp_path, [before + p.replace("/", "\\" if "\\" in before else "/") for p in PATHS]
    )
    guess = guess_columns(file)
    assert guess.options["image"] == image and "no such" not in guess.reasons["image"]
    raw = table(root=str(tmp_path), **guess.options)
    for row, path in enumerate(PATHS):
        assert raw.read(row) == (tmp_path / path).read_bytes()


def test_paths_that_begin_at_the_root_of_this_machine_are_there(tmp_path: Path) -> None:
    tree(tmp_path, *PATHS)
    guess = guess_columns(written(tmp_path, [f"{tmp_path}/{path}" for path in PATHS]))
    assert guess.options["image"] == "path" and "no such" not in guess.reasons["image"]
    raw = table(root=str(tmp_path), **guess.options)
    assert raw.read(25) == (tmp_path / PATHS[25]).read_bytes()


@pytest.mark.parametrize("write", [lambda name: unicodedata.normalize("NFD", name), quote])
def test_names_written_otherwise_are_found_in_deeper_folders(write: object, tmp_path: Path) -> None:
    names = [f"\u00fc {n}.jpg" for n in range(40)]
    tree(tmp_path, *(f"pictures/{name}" for name in names))
    guess = guess_columns(written(tmp_path, [write(name) for name in names]))  # type: ignore[operator]
    raw = table(root=str(tmp_path), **guess.options)
    assert raw.read(7) == (tmp_path / "pictures" / names[7]).read_bytes()


def test_a_tail_of_fewer_parts_than_asked_for_is_the_whole_path(tmp_path: Path) -> None:
    tree(tmp_path, *PATHS)
    file = written(tmp_path, PATHS)
    raw = table(root=str(tmp_path), file=file.name, image="{path.tail5}", groups=["sex"])
    assert raw.read(0) == (tmp_path / PATHS[0]).read_bytes()
    with pytest.raises(InputError, match="has no column 'path.tail1'"):
        table(root=str(tmp_path), file=file.name, image="{path.tail1}", groups=["sex"])
