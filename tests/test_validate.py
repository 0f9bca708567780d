import filecmp
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from faircompress.config import params
from faircompress.config.params import Params
from faircompress.data import dataset
from faircompress.data.dataset import (
    content_sha256,
    decode,
    encode,
    load_facts,
    load_split,
    pixel_sha256,
)
from faircompress.stages.source import source
from faircompress.stages.validate import validate
from faircompress.support import files
from faircompress.validation.checks import UnfitData

PARAMS = Path(__file__).parents[1] / "params.yaml"


def faces(root: Path) -> Path:
    """CelebA's layout: three pictures in each of 2 x 2 x 3 cells, in the order of the cells."""
    (root / "img_align_celeba").mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = []
    for at in range(36):
        picture = rng.integers(0, 256, (12, 10, 3), np.uint8)
        (root / "img_align_celeba" / f"{at:06d}.jpg").write_bytes(encode(picture))
        blond, male = (at // 3) % 2, (at // 6) % 2
        lines.append((f"{at:06d}.jpg", 2 * blond - 1, 2 * male - 1, at // 12))
    attributes = "".join(f"{name} {blond} {male}\n" for name, blond, male, _ in lines)
    (root / "list_attr_celeba.txt").write_text("36\nBlond_Hair Male\n" + attributes)
    (root / "identity_CelebA.txt").write_text("".join(f"{n} person-{n}\n" for n, *_ in lines))
    (root / "list_eval_partition.txt").write_text("".join(f"{n} {s}\n" for n, *_, s in lines))
    return root


def settings(root: Path, *more: str) -> Params:
    usual = ["data.name=celeba", f"data.celeba.root={root}", "checks.min_subgroup=3"]
    return params.load(PARAMS, [*usual, *more])


def run(place: Path, root: Path, *more: str) -> dict[str, Any]:
    chosen, artifacts = settings(root, *more), place / "artifacts"
    files.write_json(artifacts / "source.json", source(chosen, artifacts))
    return validate(chosen, artifacts)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faces(tmp_path_factory.mktemp("data") / "celeba")


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("one")
    numbers = run(place, root, "data.resize=8", "data.crop=8")
    assert len(numbers.pop("fit_sha256")) == 64
    assert numbers == {
        "rows_train": 12, "rows_validation": 12, "rows_test": 12,
        "smallest_cell": 3, "dropped": 0, "warnings": 0,
    }  # fmt: skip
    return place / "artifacts" / "validate"


def test_the_same_data_elsewhere_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    run(tmp_path, faces(tmp_path / "copy"), "data.resize=8", "data.crop=8")
    names = ["data.parquet", "facts.json", "findings.html", "findings.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    again = tmp_path / "artifacts" / "validate"
    assert filecmp.cmpfiles(folder, again, names, shallow=False) == (names, [], [])


def test_the_table_has_the_columns_of_the_contract(folder: Path) -> None:
    table = pq.read_table(folder / "data.parquet")
    assert table.column_names == [*dataset.OWN_COLUMNS, "Male"]
    rows = table.to_pandas()
    assert rows["split"].tolist() == ["train"] * 12 + ["validation"] * 12 + ["test"] * 12
    assert rows["id"].is_monotonic_increasing
    pixels = decode(rows.at[5, "image"])
    assert pixels.shape == (8, 8, 3)
    assert pixel_sha256(pixels) == rows.at[5, "sha256"]


def test_facts_are_those_of_the_table(folder: Path) -> None:
    facts, train = load_facts(folder), load_split(folder, "train")
    assert facts.size == (8, 8) and facts.groups == ("Male",)
    assert facts.preparation == {"resize": 8, "crop": 8, "resampler": "bilinear"}
    assert np.allclose(facts.mean, train.images.mean((0, 1, 2)) / 255, atol=1e-6)
    assert np.allclose(facts.std, train.images.std((0, 1, 2)) / 255, atol=1e-6)
    rows = pq.read_table(folder / "data.parquet").drop_columns(["image"]).to_pandas()
    assert content_sha256(rows) == facts.sha256
    assert content_sha256(rows.assign(Male=rows["Male"].iloc[::-1].to_numpy())) != facts.sha256


def test_a_split_is_loaded_in_the_order_of_the_table(folder: Path) -> None:
    test = load_split(folder, "test")
    assert test.rows["id"].tolist() == [f"{at:06d}.jpg" for at in range(24, 36)]
    assert test.labels.tolist() == [0, 0, 0, 1, 1, 1] * 2
    hashes = [pixel_sha256(picture) for picture in test.images]
    assert hashes == test.rows["sha256"].tolist()
    with pytest.raises(ValueError, match="no row of split 'dev'"):
        load_split(folder, "dev")


def test_a_split_larger_than_memory_allows_lies_in_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load_split(folder, "train").images
    monkeypatch.setattr(dataset, "MEMORY", 100)
    large = load_split(folder, "train").images
    assert isinstance(large, np.memmap)
    assert np.array_equal(small, large)


def test_the_page_stands_alone(folder: Path) -> None:
    page = (folder / "findings.html").read_text()
    assert "Fit to train on" in page
    assert "http" not in page and "<script" not in page and str(folder) not in page
    assert page.count("data:image/png;base64,") == 12


def test_unfit_data_leaves_a_page_and_an_older_table_untouched(tmp_path: Path) -> None:
    root = faces(tmp_path / "data")
    run(tmp_path, root)
    before = (tmp_path / "artifacts" / "validate" / "data.parquet").read_bytes()
    (root / "img_align_celeba" / "000007.jpg").write_bytes(b"broken")
    with pytest.raises(UnfitData, match=r"(?s)every picture can be read.*000007\.jpg") as refused:
        run(tmp_path, root)
    page = tmp_path / ".checkpoints" / "validate" / "findings.html"
    assert str(refused.value).endswith(str(page))
    assert "Unfit" in page.read_text() and "000007.jpg" in page.read_text()
    assert not any(f["ok"] for f in json.loads(page.with_suffix(".json").read_text())[:1])
    assert (tmp_path / "artifacts" / "validate" / "data.parquet").read_bytes() == before
    assert not (tmp_path / "artifacts" / ".validate.part").exists()

    numbers = run(tmp_path, root, "checks.quarantine=0.1", "checks.min_subgroup=2")
    assert numbers["dropped"] == 1 and numbers["warnings"] == 1
    assert (
        "000007.jpg" not in load_split(tmp_path / "artifacts/validate", "train").rows["id"].values
    )
    assert not page.exists()
    (lost,) = load_facts(tmp_path / "artifacts/validate").dropped  # a man who is not blond
    assert lost == {
        "split": "train", "label": 0, "why": "undecodable", "where": {"Male": "Male"}, "rows": 1,
        "weight": 1.0,
    }  # fmt: skip


def test_validate_wants_the_source_stage_first(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"source\.json cannot be read"):
        validate(settings(root), tmp_path / "artifacts")


def test_a_table_of_many_row_groups_keeps_every_row(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircompress.data.ingest.GROUP_ROWS", 5)
    monkeypatch.setattr("faircompress.data.ingest.CHUNK", 2)
    run(tmp_path, root)
    table = pq.ParquetFile(tmp_path / "artifacts" / "validate" / "data.parquet")
    assert table.num_row_groups == 9  # 5 + 5 + 2 in each split
    assert len(load_split(tmp_path / "artifacts" / "validate", "validation")) == 12


def test_the_key_of_what_training_reads_changes_with_its_rows_and_not_with_test_rows(
    root: Path, tmp_path: Path
) -> None:
    def key(changed: str, name: str) -> object:
        there = tmp_path / name
        shutil.copytree(root, there)
        pixels = np.random.default_rng(7).integers(0, 256, (12, 10, 3), np.uint8)
        (there / "img_align_celeba" / changed).write_bytes(encode(pixels))
        return run(tmp_path, there)["fit_sha256"]

    before = run(tmp_path, root)["fit_sha256"]
    assert key("000035.jpg", "other-test") == before
    assert key("000000.jpg", "other-train") != before
    assert key("000012.jpg", "other-validation") != before
    assert load_facts(tmp_path / "artifacts/validate").fit_sha256 != before
