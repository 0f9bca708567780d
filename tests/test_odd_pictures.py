"""Pictures, paths and links as people have them: read where it is certain, else told early."""

import io
from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pytest
from PIL import Image
from test_table import PARAMS, checked

from faircompress.config import params
from faircompress.config.overrides import overridden
from faircompress.data.fingerprint import fingerprint, within
from faircompress.data.guessing import guess_columns
from faircompress.data.picture_files import kind
from faircompress.data.pictures import look
from faircompress.data.sources.table import table
from faircompress.support import files
from faircompress.support.errors import InputError
from faircompress.validation.rows_first import count


def of(root: Path, write: Any = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rows = galleries.people(120)
    given = galleries.table(root, rows)
    if write:
        for row in rows:
            row["image"] = write(row["image"])
        galleries.write_csv(root / "data.csv", rows)
    return given, rows


def checked_rows(given: dict[str, Any]) -> str:
    raw = overridden(PARAMS, ["data.resize=[8, 8]", "checks.min_subgroup=1"])
    raw["data"] |= {"name": "table", "table": given}
    return count(params.check(raw))


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\xff\x0a\x12\x34", "JPEG XL"),
        (b"<!-- drawn --><svg/>", "XML, SVG or HTML"),
        (b"P6\n8 8\n255\n", "PPM"),
    ],
)
def test_a_picture_that_is_not_opened_is_named_with_the_way_to_convert_it(
    start: bytes, name: str
) -> None:
    assert kind(start).startswith(f"{name}, not a picture format that is read; opened are PNG, ")
    assert kind(start).endswith("convert it, for instance by ImageMagick's magick OLD NEW.png")
    assert "convert" not in kind(b"%PDF-1.7")


def test_pictures_that_none_can_be_opened_are_told_with_the_rows(tmp_path: Path) -> None:
    given, rows = of(tmp_path)
    for row in rows:
        (tmp_path / row["image"]).write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(InputError, match=r"none of 20 pictures that were tried can be .* is HEIC"):
        checked_rows(given)


@pytest.mark.parametrize("begin", ["https://example.org/", "s3://bucket/", "file:///data/"])
def test_addresses_are_told_at_once(begin: str, tmp_path: Path) -> None:
    given, _ = of(tmp_path, lambda path: begin + path)
    with pytest.raises(InputError, match=r"120 of 120 paths are addresses, such as .*Download"):
        table(**given)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: f" {path} ",
        lambda path: path.replace("/", "\\"),
        lambda path: path.replace("pictures", "%70ictures"),
        lambda path: f"./{path}",
    ],
)
def test_paths_that_leave_no_doubt_are_read(write: Any, tmp_path: Path) -> None:
    given, _ = of(tmp_path, write)
    raw = table(**given)
    assert raw.read(7) == galleries.jpeg(7)


@pytest.mark.parametrize(
    ("write", "image"),
    [
        (lambda path: path[9:], "pictures/{image}"),
        (lambda path: path[9:-4], "pictures/{image}.jpg"),  # 0001: its zeros stay
        (lambda path: path[:-4], "{image}.jpg"),
        (lambda path: path, "image"),
    ],
)
def test_a_column_of_names_becomes_the_paths_of_the_files_that_are_there(
    write: Any, image: str, tmp_path: Path
) -> None:
    given, _ = of(tmp_path, write)
    guess = guess_columns(tmp_path / "data.csv", groups=["gender"])
    assert guess.options["image"] == image
    assert table(**given | {"image": image}).read(7) == galleries.jpeg(7)


def test_a_column_of_addresses_is_passed_over_for_names_of_files_that_are_there(
    tmp_path: Path,
) -> None:
    given, rows = of(tmp_path)
    for row in rows:
        row["name"], row["image"] = row["image"][9:-4], f"https://example.org/{row['image']}"
    galleries.write_csv(tmp_path / "data.csv", rows)
    assert guess_columns(tmp_path / "data.csv").options["image"] == "pictures/{name}.jpg"
    for row in rows:
        row["name"] = f"other {row['name']}"
    galleries.write_csv(tmp_path / "data.csv", rows)
    assert guess_columns(tmp_path / "data.csv").options["image"] == "pictures/{image.name}"
    for row in rows:
        row["image"] = row["image"].replace(".jpg", "_full.jpg")
    galleries.write_csv(tmp_path / "data.csv", rows)
    with pytest.raises(InputError, match="'image' of .* holds addresses of pictures, and nothing"):
        guess_columns(tmp_path / "data.csv")


def test_names_whose_files_lie_deeper_are_told_with_the_template(tmp_path: Path) -> None:
    given, _ = of(tmp_path, lambda path: path[9:])
    with pytest.raises(FileNotFoundError, match=r"write image: 'pictures/\{COLUMN\}' with your"):
        checked_rows(given)


def test_links_that_lead_nowhere_or_back_are_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "cat").mkdir(parents=True)
    link = tmp_path / "data" / "cat" / "x.jpg"
    for target, words in ((link, "a link to nothing, or to itself"),
                          (link.parent, "a link to a folder of the same data")):  # fmt: skip
        link.symlink_to(target)
        with pytest.raises(InputError, match=words):
            fingerprint(tmp_path / "data", tmp_path / "memory.json")
        link.unlink()
    with pytest.raises(InputError, match="holds a zero byte"):
        within(tmp_path, "a\0b.jpg")


def frames(kind: str) -> bytes:
    drawn = [Image.fromarray(np.full((8, 8, 3), shade, np.uint8)) for shade in (10, 90, 200)]
    buffer = io.BytesIO()
    drawn[0].save(buffer, kind, save_all=True, append_images=drawn[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_a_file_of_several_pictures_is_noticed(kind: str) -> None:
    assert look(frames(kind)).several
    assert not look(frames("MPO")).several  # as phones write every photo
    assert not look(galleries.jpeg(0)).several


def test_several_pictures_in_a_file_are_told_and_stop_nothing(tmp_path: Path) -> None:
    given, rows = of(tmp_path / "root")
    noise = [Image.fromarray(np.random.default_rng(s).integers(0, 256, (8, 8, 3), np.uint8))
             for s in (500, 501)]  # fmt: skip
    noise[0].save(tmp_path / "root" / rows[6]["image"], "TIFF", save_all=True,
                  append_images=noise[1:])  # fmt: skip
    checked(tmp_path, given)
    findings = files.read_json(tmp_path / "artifacts/validate/findings.json")
    assert "1 of 120 do, as animations and many-page TIFF" in str(findings)


def test_rows_of_one_class_are_told_at_once(tmp_path: Path) -> None:
    given, _ = of(tmp_path)
    rows = [{**row, "label": "sad"} for row in galleries.people(120)]
    galleries.write_csv(tmp_path / "data.csv", rows)
    with pytest.raises(InputError, match="all 120 rows are 'sad'; needed: two classes or more"):
        table(**given)
