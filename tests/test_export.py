"""The export stage: two files, their word, and proof that they are what was trained."""

import itertools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from faircompress.compression.criteria.magnitude import magnitude
from faircompress.compression.cut import cut
from faircompress.config import params
from faircompress.data import predictions
from faircompress.data.dataset import encode
from faircompress.evaluation.operating_point import split_validation
from faircompress.export import runtime
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.stages.export import export, params_hash
from faircompress.support.files import read_json, sha256, write_json

ROWS = {"train": 4, "validation": 9, "test": 21}
PARAMS = Path(__file__).parents[1] / "params.yaml"
FILES = ("dense", "pruned", "pruned-fp16", "pruned-int8")
FAST = ("export.latency_repeats=6", "export.latency_batches=[1,4]", "compute.device=cpu")
CHOSEN = params.load(PARAMS, FAST)


def write_validated(folder: Path, *, identities: list[str | None]) -> None:
    """Write what ``validate`` leaves: pictures of noise, three groups, every second one blond."""
    count = sum(ROWS.values())
    noise = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    rows = pd.DataFrame(
        {
            "id": [f"picture-{i}" for i in range(count)],
            "split": [split for split, size in ROWS.items() for _ in range(size)],
            "label": np.arange(count) % 2,
            "identity": pd.Series((identities * count)[:count], dtype="object"),
            "weight": np.where(np.arange(count) % 3, 1.0, 0.5),
            "sha256": [f"{i:064x}" for i in range(count)],
            "hair": np.array(["long", "short", "bald"])[np.arange(count) % 3],
            "image": [encode(picture) for picture in noise],
        }
    )
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), folder / "data.parquet")
    facts = {
        "classes": ["dark", "blond"],
        "groups": ["hair", "label"],
        "size": [32, 32],
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "sha256": "d" * 64,
        "preparation": {"resize": None, "crop": None, "resampler": "bilinear"},
    }
    write_json(folder / "facts.json", facts)


def write_models(artifacts: Path) -> None:
    torch.manual_seed(0)
    dense = Network(networks.build("small", 2).eval(), "small", 2, (0.5,) * 3, (0.25,) * 3)
    rng = torch.Generator()
    net, _ = cut(
        dense.net,
        lambda working, *_: magnitude(working, [], len, rng=rng),
        torch.zeros(1, 3, 32, 32),
        speedup=4,
    )
    networks.save(dense, artifacts / "train" / "model.pt")
    networks.save(Network(net, "small", 2, dense.mean, dense.std), artifacts / "prune" / "model.pt")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "artifacts"
    write_validated(folder / "validate", identities=[None, "ann"])
    write_models(folder)
    return folder


@pytest.fixture(scope="module")
def numbers(artifacts: Path) -> dict[str, Any]:
    return export(CHOSEN, artifacts)


def test_the_stage_leaves_exactly_its_files(artifacts: Path, numbers: dict[str, Any]) -> None:
    folder = artifacts / "export"
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    said = {
        f"predictions/{model}-{split}.parquet"
        for model, split in itertools.product(FILES, ("validation", "test"))
    }
    files = {f"{model}.onnx" for model in FILES}
    told = {"hidden_groups.json", "operating_points.json", "parity.json", "latency.json"}
    assert left == {*files, *told, *said}
    assert not (artifacts / ".export.part").exists()


def test_numbers_are_plain_and_true(artifacts: Path, numbers: dict[str, Any]) -> None:
    json.dumps(numbers, allow_nan=False)
    assert all(isinstance(value, int | float | str) for value in numbers.values())
    for model in FILES:
        file = artifacts / "export" / f"{model}.onnx"
        assert numbers[f"{model}_bytes"] == file.stat().st_size
        assert numbers[f"{model}_sha256"] == sha256(file)
    assert numbers["size_ratio"] > 2
    assert 4 <= numbers["speedup_macs"] < 4.5
    assert numbers["max_difference"] < 1e-5
    assert (numbers["flips"], numbers["provider"]) == (0, "CPUExecutionProvider")
    for batch in (1, 4):
        share = numbers[f"speedup_share_batch_{batch}"]
        speedup = numbers[f"pruned_speedup_batch_{batch}"]
        assert speedup == pytest.approx(share * numbers["speedup_macs"])
        assert all(numbers[f"{model}_ms_batch_{batch}"] > 0 for model in FILES)


def test_predictions_are_the_files_own(artifacts: Path, numbers: dict[str, Any]) -> None:
    folder = artifacts / "export"
    said = predictions.load(folder / "predictions" / "pruned-test.parquet")
    assert list(said.ids) == [f"picture-{i}" for i in range(13, 34)]
    assert list(said.labels[:3]) == [1, 0, 1]
    assert list(said.groups) == ["hair", "label"]
    assert list(said.groups["hair"][:3]) == ["short", "bald", "long"]
    assert list(said.groups["label"][:3]) == ["blond", "dark", "blond"]
    assert list(said.weights[:3]) == [1.0, 1.0, 0.5]
    assert (said.classes, said.data) == (("dark", "blond"), "d" * 64)
    assert said.model == numbers["pruned_sha256"]

    noise = np.random.default_rng(0).integers(0, 256, (34, 32, 32, 3), np.uint8)
    opened = runtime.session(folder / "pruned.onnx", "cpu", threads=1)
    assert said.probabilities == pytest.approx(runtime.predict(opened, noise[13:]), abs=1e-6)


def test_a_row_of_nobody_known_stands_for_itself(artifacts: Path, numbers: dict[str, Any]) -> None:
    said = predictions.load(artifacts / "export" / "predictions" / "dense-validation.parquet")
    assert said.identities is not None
    assert list(said.identities[:4]) == ["picture-4", "ann", "picture-6", "ann"]


def test_parity_and_latency_are_told_by_split_and_batch(
    artifacts: Path, numbers: dict[str, Any]
) -> None:
    parity = read_json(artifacts / "export" / "parity.json")
    assert set(parity) == {
        f"{model}-{split}" for model in FILES for split in ("test", "validation")
    }
    exact = [parity[f"{model}-{split}"] for model in FILES[:2] for split in ("test", "validation")]
    assert max(found["max_difference"] for found in exact) == numbers["max_difference"] < 1e-5
    assert parity["pruned-int8-test"]["max_difference"] > parity["pruned-fp16-test"][
        "max_difference"] > 1e-6  # fmt: skip
    latency = read_json(artifacts / "export" / "latency.json")
    assert latency["threads"] == torch.get_num_threads()
    assert set(latency["times"]) == {"fp32", "fp16", "int8"}
    for times in latency["times"].values():
        assert [(time["batch"], time["pairs"]) for time in times] == [(1, 6), (4, 6)]
        assert all(time["low"] <= time["speedup"] <= time["high"] for time in times)
        assert all(time["pruned"]["p95_high"] is None for time in times)  # 59 runs would tell


def rerun(artifacts: Path, folder: Path, *overrides: str) -> dict[str, Any]:
    """Export the same models anew."""
    for stage in ("validate", "train", "prune"):
        if not (folder / stage).exists():
            shutil.copytree(artifacts / stage, folder / stage)
    return export(params.load(PARAMS, [*FAST, *overrides]), folder)


def test_a_rerun_gives_the_same_files(
    artifacts: Path, numbers: dict[str, Any], tmp_path: Path
) -> None:
    again = rerun(artifacts, tmp_path)
    for model in FILES:
        assert again[f"{model}_sha256"] == numbers[f"{model}_sha256"]


def test_without_identities_rows_are_independent(artifacts: Path, tmp_path: Path) -> None:
    write_validated(tmp_path / "validate", identities=[None])
    rerun(artifacts, tmp_path, "export.precisions=[fp32]")
    said = predictions.load(tmp_path / "export/predictions/dense-validation.parquet")
    assert said.identities is None


def test_pruned_files_decide_at_the_dense_files_rate(
    artifacts: Path, numbers: dict[str, Any]
) -> None:
    folder = artifacts / "export"
    dense = predictions.load(folder / "predictions" / "dense-validation.parquet")
    _, decide = split_validation(dense.ids, dense.identities)
    assert numbers["decide_rows"] == decide.sum()
    points = read_json(folder / "operating_points.json")
    assert (points["dense"]["chosen_by"], numbers["dense_threshold"]) == ("half", 0.5)
    for model in FILES:
        point = points[model]
        assert numbers[f"{model}_threshold"] == point["threshold"]
        assert point["changed_decisions"] == 0
        for split in ("validation", "test"):
            said = predictions.load(folder / "predictions" / f"{model}-{split}.parquet")
            rows = decide if split == "validation" else np.ones(len(said.ids), bool)
            rate = np.average(said.probabilities[rows, 1] >= 0.5, weights=said.weights[rows])
            name = "decide" if split == "validation" else "test"
            assert numbers[f"{model}_selection_rate_{name}"] == pytest.approx(rate)
        told = runtime.session(folder / f"{model}.onnx", "cpu").get_modelmeta()
        assert ("operating_point" in told.custom_metadata_map) == (model != "dense")
    assert points["pruned"]["rate_asked"] == numbers["dense_selection_rate_decide"]


def test_at_one_half_the_files_are_the_networks_own(
    artifacts: Path, numbers: dict[str, Any], tmp_path: Path
) -> None:
    half = rerun(artifacts, tmp_path, "export.threshold=0.5", "export.precisions=[fp32]")
    assert half["dense_sha256"] == numbers["dense_sha256"]
    assert half["pruned_sha256"] != numbers["pruned_sha256"]
    network = networks.load(artifacts / "prune" / "model.pt")
    noise = np.random.default_rng(0).integers(0, 256, (34, 32, 32, 3), np.uint8)
    opened = runtime.session(tmp_path / "export" / "pruned.onnx", "cpu")
    assert "operating_point" not in opened.get_modelmeta().custom_metadata_map
    found = runtime.predict(opened, noise)
    assert found == pytest.approx(networks.probabilities(network, noise), abs=1e-6)


def test_only_what_is_asked_for_is_written(artifacts: Path, tmp_path: Path) -> None:
    for stage in ("validate", "train", "prune"):
        shutil.copytree(artifacts / stage, tmp_path / "artifacts" / stage)
    less = ("export.precisions=[fp32]", "export.latency_repeats=5", "compute.device=cpu")
    alone = params.load(PARAMS, less)
    export(alone, tmp_path / "artifacts")
    left = {path.name for path in (tmp_path / "artifacts/export").glob("*.onnx")}
    assert left == {"dense.onnx", "pruned.onnx"}
    assert sha256(tmp_path / "artifacts/export/pruned.onnx") == sha256(
        artifacts / "export/pruned.onnx"
    )


@pytest.mark.parametrize("asked", ["[int8]", "[fp16, fp32]", "[fp32, fp32]", "[]"])
def test_precisions_that_cannot_be_judged_in_order_are_refused(asked: str) -> None:
    with pytest.raises(params.BadParams, match="judged in the order fp32, fp16, int8"):
        params.load(PARAMS, [f"export.precisions={asked}"])


def test_the_gate_is_not_part_of_what_made_a_file() -> None:
    same = params.load(PARAMS, ["gate.power=0.9", "export.int8.pictures=9", "export.threshold=0.4"])
    other = params.load(PARAMS, ["prune.speedup=8"])
    assert params_hash(same) == params_hash(params.load(PARAMS)) != params_hash(other)
    assert math.log2(16) * len(params_hash(other)) == 256
