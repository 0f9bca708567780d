import csv
import os
from pathlib import Path

import galleries
import pytest

from faircompress.config import params
from faircompress.data.sources.fitzpatrick17k import fitzpatrick17k
from faircompress.stages.source import source
from faircompress.stages.validate import validate
from faircompress.support import files
from faircompress.validation.checks import UnfitData

PARAMS = Path(__file__).parents[1] / "params.yaml"
BESIDE = Path(__file__).parents[2] / "shared" / "data"
LABELS = Path(os.environ.get("FAIRCOMPRESS_DATA", BESIDE)) / "fitzpatrick17k/fitzpatrick17k.csv"


def test_light_skin_trains_and_darker_skin_tests(tmp_path: Path) -> None:
    raw = fitzpatrick17k(**galleries.fitzpatrick17k(tmp_path))
    counts = raw.rows.groupby(["skin", "split"]).size().to_dict()
    assert counts["light", "train"] == 30  # two types, three conditions, five pictures
    assert counts["medium", "validation"] + counts["medium", "test"] == 30
    assert set(counts) == {
        ("light", "train"), ("medium", "validation"), ("medium", "test"),
        ("dark", "validation"), ("dark", "test"),
    }  # fmt: skip
    assert raw.notes == ("15 rows of unknown skin type (-1) were left out.",)
    assert raw.read(20) == galleries.jpeg(15 + 20)


def real_list() -> list[dict[str, str]]:
    if not LABELS.is_file():
        pytest.skip(f"{LABELS} is absent; set FAIRCOMPRESS_DATA to a folder that has it")
    with LABELS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_real_list_is_cut_as_in_the_thesis(tmp_path: Path) -> None:
    real_list()
    (tmp_path / "images").mkdir()
    (tmp_path / "fitzpatrick17k.csv").symlink_to(LABELS)
    raw = fitzpatrick17k(root=str(tmp_path))
    counts = raw.rows.groupby(["skin", "split"]).size()
    assert counts["light", "train"] == 2947 + 4808
    assert counts["medium"].sum() == 3308 + 2781 and counts["dark"].sum() == 1533 + 635
    for skin in ("medium", "dark"):
        share = counts[skin, "validation"] / counts[skin].sum()
        assert share == pytest.approx(0.25, abs=0.025)
    assert raw.notes[0].startswith("565 rows")


def run(place: Path, root: str, *overrides: str) -> dict[str, float]:
    given = ["data.name=fitzpatrick17k", f"data.fitzpatrick17k.root={root}"]
    given += ["checks.min_subgroup=1"]
    chosen = params.load(PARAMS, [*given, *overrides])
    files.write_json(place / "artifacts" / "source.json", source(chosen, place / "artifacts"))
    return validate(chosen, place / "artifacts")


def test_missing_pictures_of_the_real_list_are_told_and_tolerated_up_to_a_share(
    tmp_path: Path,
) -> None:
    labels = real_list()[::20]
    root = galleries.fitzpatrick17k(tmp_path / "data", labels)["root"]
    known = [row["md5hash"] for row in labels if row["fitzpatrick_scale"] != "-1"]
    for name in known[:8]:
        (Path(root) / "images" / f"{name}.jpg").unlink()
    with pytest.raises(UnfitData, match=rf"8 of {len(known)} .*\(8 missing\).*{known[0]}"):
        run(tmp_path, root, "checks.quarantine=0.005")
    numbers = run(tmp_path, root, "checks.quarantine=0.05")  # no cell is named as absent
    assert numbers["dropped"] == 8
    assert sum(numbers[f"rows_{s}"] for s in ("train", "validation", "test")) == len(known) - 8


def test_a_list_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"data\.fitzpatrick17k\.root: .*fitzpatrick17k\.csv"
    ):
        fitzpatrick17k(root=str(tmp_path))
    given = galleries.fitzpatrick17k(tmp_path / "data")
    path = tmp_path / "data" / "fitzpatrick17k.csv"
    text = path.read_text()
    path.write_text(text.replace("md5hash", "hash"))
    with pytest.raises(ValueError, match=r"has no column 'md5hash'\. Did you mean 'hash'"):
        fitzpatrick17k(**given)
    path.write_text(text.replace(",6,", ",7,"))
    with pytest.raises(ValueError, match=r"fitzpatrick_scale has '7' \(row .*one of 15"):
        fitzpatrick17k(**given)
    path.write_text(text.replace("fitzpatrick_scale", "fitzpatrick"))  # as older copies have it
    assert len(fitzpatrick17k(**given).rows) == 90
