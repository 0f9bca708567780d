"""What rows alone tell is told before a picture is hashed or decoded, at any size."""

import io
import time
from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from faircompress.cli import main
from faircompress.config import params
from faircompress.config.overrides import overridden
from faircompress.config.params import Params
from faircompress.data.sources import OPEN
from faircompress.stages.source import source
from faircompress.stages.validate import validate
from faircompress.support import files
from faircompress.validation import rows_first
from faircompress.validation.checks import UnfitData

PARAMS = Path(__file__).parents[1] / "params.yaml"


def chosen(given: dict[str, Any], name: str = "table", **checks: object) -> Params:
    raw = overridden(PARAMS, ["data.resize=[8, 8]"])
    raw["data"] |= {"name": name, name: given}
    raw["checks"] |= checks
    return params.check(raw)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faircompress.data.ingest.look", lambda *_, **__: pytest.fail("decoded"))
    monkeypatch.setattr("faircompress.data.splitting.rgb", lambda *_: pytest.fail("decoded"))


def many(root: Path, count: int = 20_000) -> dict[str, Any]:
    """A table of rows whose pictures are 600 files, one picture of one colour again and again."""
    (root / "p").mkdir(parents=True)
    with io.BytesIO() as file:
        Image.new("RGB", (8, 8)).save(file, "PNG")
        picture = file.getvalue()
    for at in range(600):
        (root / "p" / f"{at}.jpg").write_bytes(picture)
    at = np.arange(count)
    cells = pd.DataFrame({"image": [f"p/{k}.jpg" for k in at], "label": at % 2, "sex": at // 2 % 2})
    cells["split"] = np.array(["train", "validation", "test"])[at // 4 % 3]
    cells = cells[~((cells["split"] == "test") & (cells["sex"] == 1) & (cells["label"] == 0))]
    cells.to_csv(root / "data.csv", index=False)
    return {"root": str(root), "groups": ["sex"], "split": "split"}


@pytest.mark.usefixtures("unread")
def test_a_cell_that_is_missing_is_refused_before_anything_is_hashed_or_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = chosen(many(tmp_path / "root"))
    artifacts = tmp_path / "artifacts"
    words = r"test label=0 sex=1 \(0\) has 0"
    start = time.perf_counter()
    with pytest.raises(UnfitData, match=words + r"(?s:.*)Pictures were not looked at yet"):
        rows_first.count(asked)
    with monkeypatch.context() as patch:
        patch.setattr(files, "sha256", lambda path: pytest.fail(f"{path} is hashed"))
        with pytest.raises(UnfitData, match=words):
            source(asked, artifacts)
    files.write_json(artifacts / "source.json", {"name": "table"})
    with pytest.raises(UnfitData, match=words) as refused:
        validate(asked, artifacts)
    assert time.perf_counter() - start < 20
    page = tmp_path / ".checkpoints" / "validate" / "findings.html"
    assert str(refused.value).endswith(str(page)) and "not looked at yet" in page.read_text()
    assert not (artifacts / "validate").exists()


@pytest.mark.usefixtures("unread")
def test_ids_that_repeat_are_counted_first(tmp_path: Path) -> None:
    given = many(tmp_path)
    cells = pd.read_csv(tmp_path / "data.csv")
    cells.assign(image=[f"p/{k % 600}.jpg" for k in range(len(cells))]).to_csv(
        tmp_path / "data.csv", index=False
    )
    with pytest.raises(UnfitData, match=f"{len(cells):,} of {len(cells):,} rows share their id"):
        rows_first.count(chosen(given))


@pytest.mark.usefixtures("unread")
def test_cells_of_splits_that_pixels_will_draw_are_counted_by_what_they_can_have(
    tmp_path: Path,
) -> None:
    rows = galleries.people(120)  # 30 of each label x sex, for three splits
    given = galleries.table(tmp_path, rows) | {"identity": None}
    assert "table has 120 rows, 2 classes" in rows_first.count(chosen(given, min_subgroup=10))
    with pytest.raises(UnfitData, match=r"train label=0 sex=0 \(glad\) has 10 at most"):
        rows_first.count(chosen(given, min_subgroup=11))
    assert set(rows_first.read_rows(chosen(given).data).rows["split"]) == {OPEN}


def test_every_column_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {
        "groups": {"sex": {"column": "gendre"}, "age": {"bins": {"old": [200, None]}}},
        "label": "lable",
        "identity": "persn",
        "weight": "w",
    }
    with pytest.raises(ValueError, match="no column") as error:
        rows_first.count(chosen(given))
    keys = ["groups.sex", "label", "identity", "weight"]
    assert [line.split(": ")[0] for line in str(error.value).splitlines()] == [
        f"data.table.{key}" for key in keys
    ]
    mended = given | {"label": "label", "identity": "person", "weight": None}
    mended["groups"]["sex"] = {"column": "gender", "names": {"0": "f", "1": "m", "2": "x"}}
    with pytest.raises(ValueError, match=r"(?s)groups\.sex: no row.*\n.*groups\.age: no row"):
        rows_first.count(chosen(mended))


def test_pictures_that_are_nowhere_are_noticed_by_a_few(tmp_path: Path) -> None:
    given = galleries.table(tmp_path)
    (tmp_path / "pictures").rename(tmp_path / "Pictures")
    with pytest.raises(FileNotFoundError, match=r"none of 20 pictures .*'pictures/0114\.jpg'"):
        rows_first.count(chosen(given, min_subgroup=1))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("Pictures/{k:04d}.jpg", "There is 'pictures' in .*, not 'Pictures'"),
        ("pictures/{k:04d}.JPG", r"There is '0000\.jpg' in .*pictures, not '0000\.JPG'"),
        ("pictures/{k:04d}", r"is there by the path \{COLUMN\}\.jpg: write image: '\{COL"),
        ("faces/pictures/{k:04d}.jpg", "Without 'faces' it is there: paths must begin at root"),
        ("C:\\work\\pictures\\{k:04d}.jpg", "Without 'C:/work' it is there"),
    ],
)
def test_where_pictures_are_instead_is_told(path: str, words: str, tmp_path: Path) -> None:
    rows = galleries.people()
    given = galleries.table(tmp_path, rows)
    for k, row in enumerate(rows):
        row["image"] = path.format(k=k)
    galleries.write_csv(tmp_path / "data.csv", rows)
    with pytest.raises(FileNotFoundError, match=words):
        rows_first.count(chosen(given, min_subgroup=1))


@pytest.mark.parametrize(
    ("bins", "words"),
    [
        ({"young": [0, 30], "old": [29, None]}, "bins 'young' and 'old' overlap from 29 on"),
        ({"old": [50, None], "all": [None, 60]}, "bins 'all' and 'old' overlap from 50 on"),
        ({"none": [30, 30]}, "bin 'none' is empty: 30 is not below 30"),
        ({"turned": [60, 30]}, "bin 'turned' is empty"),
    ],
)
def test_bins_that_overlap_are_refused_without_a_look_at_the_data(
    bins: dict[str, object], words: str
) -> None:
    groups = {"age": {"bins": bins}}
    with pytest.raises(params.BadParams, match=rf"data\.table\.groups\.age\.bins: {words}"):
        chosen({"groups": groups})


@pytest.mark.usefixtures("in_empty_folder")
def test_the_command_params_reads_the_rows_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = overridden(PARAMS, ["checks.min_subgroup=1"])
    raw["data"] |= {"name": "table", "table": galleries.table(tmp_path / "root")}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    monkeypatch.setattr("sys.argv", ["faircompress", "params"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr()
    assert ended.value.code in (0, None), said.err
    assert said.out == "params.yaml is fine.\n"
    assert "table has 120 rows, 2 classes (glad; positive is sad), and groups by sex" in said.err
    for override, words in {
        "data.table.root=nowhere": "data.table.root: nowhere is not a folder",
        "data.table.groups=[race]": "has no column 'race'",
        "checks.min_subgroup=1000": "fewer than 1000",
    }.items():
        monkeypatch.setattr("sys.argv", ["faircompress", "params", "-S", override])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert ended.value.code == 3 and words in capsys.readouterr().err


def test_data_that_will_be_fetched_is_no_fault(tmp_path: Path) -> None:
    given = {"root": str(tmp_path / "cifar"), "download": True}
    assert "will be fetched" in rows_first.count(chosen(given, "cifar10"))
    with pytest.raises(FileNotFoundError, match=r"set data\.cifar10\.download: true"):
        rows_first.count(chosen(given | {"download": False}, "cifar10"))


def test_a_test_row_heavier_than_may_occur_is_refused_by_the_rows_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    given = many(root, 1200) | {"weight": "w"}
    rows = pd.read_csv(root / "data.csv")
    whole = rows.assign(image=[f"p/{k}.jpg" for k in range(len(rows))], w=1.0)
    whole["split"] = np.array(["train", "validation", "test"])[np.arange(len(rows)) % 3]
    whole.loc[whole.index[2], "w"] = 4.0  # of the test split; validation's heaviest is 1
    whole.to_csv(root / "data.csv", index=False)
    with pytest.raises(ValueError, match=r"weighs 4, more than the 1.5 that one may weigh"):
        rows_first.count(chosen(given))
    assert "1,100 rows" in rows_first.count(chosen(given | {"max_weight": 4}))
