"""An audit of two ONNX files, made here by hand, on tables of pictures."""

import hashlib
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from auditing import TPR, audited, run
from onnx import TensorProto, helper, numpy_helper

from faircompress.auditing.onnx_files import open_onnx
from faircompress.data.dataset import content_sha256, encode
from faircompress.support.files import write_json

FILES = "--baseline dense.onnx --candidate small.onnx"
PLAIN = f"faircompress audit {FILES} --data pictures.parquet --label y --group hair {TPR}"


def brightness(path: Path, *, bias: float, name: str = "images", **words: str) -> None:
    """Write a file that calls a picture positive where its mean is above 128 plus ``bias``."""
    shape = ["batch", 4, 4, 3]
    weights = np.array([[0, 1], [0, 1], [0, 1]], np.float32) / 3
    parts = {"w": weights, "b": np.array([0, -128 - bias], np.float32), "axes": np.array([1, 2])}
    graph = helper.make_graph(
        [
            helper.make_node("Cast", [name], ["x"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "w"], ["product"]),
            helper.make_node("Add", ["product", "b"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "brightness",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value, key) for key, value in parts.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, words)
    onnx.save(model, str(path))


def pictures(level: dict[str, int]) -> pd.DataFrame:
    """80 bright positives and 20 dark negatives a group; positives are so much above 128."""
    rows = []
    for hair, above in level.items():
        for k in range(100):
            value = 128 + above if k < 80 else 100
            image = encode(np.full((4, 4, 3), value, np.uint8))
            rows.append({"y": int(k < 80), "hair": hair, "image": image})
    return pd.DataFrame(rows)


@pytest.fixture(autouse=True)
def here(in_empty_folder: None) -> None:
    """Two files, of which the candidate misses what is 10 above; short-haired positives are."""
    brightness(Path("dense.onnx"), bias=0)
    brightness(Path("small.onnx"), bias=20)
    pictures({"long": 50, "short": 10}).to_parquet("pictures.parquet")


def rates(verdict: dict, group: str) -> tuple[float, float]:
    (found,) = (g for g in verdict["groups"] if g["group"] == group)
    return tuple(found["metrics"]["true_positive_rate"][side] for side in ("baseline", "candidate"))


def test_files_are_asked_about_every_picture_and_known_by_their_sha256() -> None:
    verdict = audited(PLAIN)
    assert verdict["outcome"] == "fail"
    assert rates(verdict, "hair=long") == (1, 1)
    assert rates(verdict, "hair=short") == (1, 0)
    sha256 = hashlib.sha256(Path("small.onnx").read_bytes()).hexdigest()
    assert verdict["models"]["candidate"] == sha256
    report = Path("out/report.html").read_text()
    assert "data:image/jpeg;base64" in report
    assert "small.onnx" in report and "ONNX file" in report


def test_pictures_may_stand_in_a_struct_and_classes_in_the_file() -> None:
    for name in ("dense", "small"):
        brightness(Path(f"{name}.onnx"), bias=0, classes='["dark", "blond"]')
    table = pictures({"long": 50, "short": 10}).rename(columns={"image": "img"})
    table["img"] = [{"bytes": one, "path": ""} for one in table.img]
    table.to_parquet("pictures.parquet")
    verdict = audited(f"{PLAIN} --image img")
    assert verdict["positive"] == "blond"
    assert verdict["outcome"] == "pass"  # the very same bytes: identity
    table.assign(y=np.where(table.y, "blond", "dark")).to_parquet("pictures.parquet")
    assert audited(f"{PLAIN} --image img")["groups"] == verdict["groups"]


def test_a_table_of_validate_says_labels_groups_and_splits_itself(tmp_path: Path) -> None:
    rows = pictures({"long": 50, "short": 10}).rename(columns={"y": "label"})
    tests, held_out = rows.assign(split="test"), rows.assign(split="validation")
    table = pd.concat([tests, held_out], ignore_index=True)
    table.insert(0, "id", [f"r{k}" for k in range(len(table))])
    table["identity"], table["weight"], table["sha256"] = None, 1.0, ""
    Path("validate").mkdir()
    table.to_parquet("validate/data.parquet")
    facts = {"classes": ["dark", "blond"], "groups": ["hair"], "size": [4, 4], "mean": [0, 0, 0],
             "std": [1, 1, 1], "sha256": content_sha256(table), "preparation": {}}  # fmt: skip
    write_json(tmp_path / "validate" / "facts.json", facts)
    command = f"faircompress audit {FILES} --data validate/data.parquet {TPR}"
    verdict = audited(command)
    assert (verdict["rows"], verdict["data"]) == (200, facts["sha256"])
    assert rates(verdict, "hair=short") == (1, 0)
    tuned = audited(f"{command} --validation validate/data.parquet")
    assert tuned["thresholds"]["candidate"] < 1e-3  # 10 above 128 is -10 in logits for this file
    assert tuned["outcome"] == "pass" and rates(tuned, "hair=short") == (1, 1)
    assert "leave it out" in run(f"{command} --label label").err
    assert "no group column 'hare'. Did you mean 'hair'?" in run(f"{command} --group hare").err


def test_rules_on_cost_are_measured_on_the_files() -> None:
    Path("rules.yaml").write_text(
        "- {metric: true_positive_rate, rule: change, limit: 0.1}\n"
        "- {rule: size, limit: 0.5}\n"
        "- {rule: latency, limit: 2000 ms, batch: 2}\n"
    )
    verdict = audited(f"{PLAIN.replace(TPR, '')} --rules rules.yaml")
    size, latency = verdict["costs"]
    assert (size["outcome"], size["estimate"]) == ("fail", 1)  # two files of one shape
    assert (latency["outcome"], latency["batch"]) == ("pass", 2)
    assert "### Fail: the file has at most 0.5 of the baseline file's bytes" in (
        Path("out/summary.md").read_text()
    )
    names = [case.get("classname") for case in ET.parse("out/junit.xml").iter("testcase")]
    assert names == ["true_positive_rate.change"] * 3 + ["size", "latency"]
    assert not any("prune." in step or "export." in step for step in verdict["next"])


def test_thresholds_of_files_are_chosen_on_pictures_that_are_not_tested() -> None:
    table = pictures({"long": 50, "short": 10})
    for split in ("test", "val"):
        table.assign(id=[f"{split}{k}" for k in range(200)]).to_parquet(f"{split}.parquet")
    command = PLAIN.replace("pictures", "test")
    assert "--validation needs --id" in run(f"{command} --validation val.parquet").err
    both = f"{command} --id id --validation"
    assert "are in validation and test" in run(f"{both} test.parquet").err
    assert audited(f"{both} val.parquet")["outcome"] == "pass"


def broken(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.assign(image=[b"no picture", *cells.image[1:]])


def uneven(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.assign(image=[*cells.image[1:], encode(np.zeros((5, 4, 3), np.uint8))])


def larger(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.assign(image=encode(np.zeros((5, 4, 3), np.uint8)))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (broken, "the picture of 'row 1' cannot be read"),
        (uneven, "Resize and crop them first"),
        (larger, "dense.onnx cannot be asked about pictures of shape (5, 4, 3)"),
        (lambda t: t.assign(image="p.png"), "needed are image files"),
        (lambda t: t.drop(columns="image"), "--image: pictures.parquet has no column 'image'"),
        (lambda t: t.assign(y=2), "holds no known class"),
    ],
)
def test_pictures_that_cannot_be_asked_about_are_refused(spoil, words: str) -> None:  # noqa: ANN001
    spoil(pictures({"long": 50, "short": 10})).to_parquet("pictures.parquet")
    ended = run(PLAIN)
    assert (ended.code, words in ended.err) == (3, True), ended.err


def test_files_that_cannot_be_asked_are_refused() -> None:
    assert "no file gone.onnx" in run(PLAIN.replace("small.onnx", "gone.onnx")).err
    Path("text.onnx").write_text("no model")
    ended = run(PLAIN.replace("small.onnx", "text.onnx"))
    assert (ended.code, "text.onnx cannot be opened as an ONNX file" in ended.err) == (3, True)
    assert "no --label" in run(PLAIN.replace("--label y", "")).err
    assert "is no Parquet file" in run(PLAIN.replace("pictures.parquet", "p.csv")).err


def test_a_file_is_evaluated_by_the_bytes_that_were_hashed() -> None:
    opened = open_onnx(Path("small.onnx"))
    brightness(Path("small.onnx"), bias=200)  # takes its place while the audit is running
    bright = np.full((1, 4, 4, 3), 160, np.uint8)
    assert opened.session.run(None, {"images": bright})[0][0, 1] > 0.5
    assert opened.sha256 != hashlib.sha256(Path("small.onnx").read_bytes()).hexdigest()
