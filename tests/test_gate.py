import filecmp
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faircompress import files, params, predictions
from faircompress.dataset import encode
from faircompress.params import Params
from faircompress.predictions import Predictions
from faircompress.stages.gate import NUMBERS, gate
from faircompress.verdict.judge import Verdict

PARAMS = Path(__file__).parents[1] / "params.yaml"
RULES = "gate.rules=[{metric: true_positive_rate, binds: change, limit: 0.1}]"
SPLITS = ("validation", "test")


def chosen(*overrides: str) -> Params:
    return params.load(PARAMS, [RULES, *overrides])


def said(side: str, split: str, model: str, lost: int) -> Predictions:
    """200 rows in each cell of hair and label; pruning loses some short-haired blond ones."""
    labels = np.tile([0, 1], 400)
    hair = np.repeat(["long", "short"], 400)
    sure = np.full(800, 0.9)
    if side == "pruned":
        sure[np.flatnonzero((labels == 1) & (hair == "short"))[:lost]] = 0.2
    p = np.where(labels == 1, sure, 1 - sure)
    return Predictions(
        ids=np.array([f"{split}-{i:03d}" for i in range(800)]), labels=labels,
        probabilities=np.stack([1 - p, p], 1), groups={"hair": hair}, identities=None,
        weights=np.ones(800), classes=("dark", "blond"), model=model, data="d" * 64,
    )  # fmt: skip


def artifacts(root: Path, lost: int) -> Path:
    """What the stages before the gate leave, without their models."""
    exported = root / "export"
    for side in ("dense", "pruned"):
        files.write_bytes(exported / f"{side}.onnx", side.encode() * 100)
        model = files.sha256(exported / f"{side}.onnx")
        for split in SPLITS:
            path = exported / "predictions" / f"{side}-{split}.parquet"
            predictions.save(said(side, split, model, lost), path)
    times = {"batch": 1, "pairs": 5, "speedup": 4.0, "low": 3.5, "high": 4.5,
             "dense": {"median": 8.0}, "pruned": {"median": 2.0}}  # fmt: skip
    where = {"provider": "CPUExecutionProvider", "processor": "p", "threads": 2}
    files.write_json(exported / "latency.json", {**where, "onnxruntime": "1", "times": [times]})
    parity = {"max_difference": 1e-7, "row": "test-001", "flips": 0, "near_ties": 0}
    files.write_json(exported / "parity.json", {"pruned-test": parity})
    layer = {f"{s}_{k}": n for s, n in (("dense", 8), ("pruned", 2))
             for k in ("channels", "macs", "parameters")}  # fmt: skip
    files.write_json(root / "prune" / "layers.json", [{"layer": "stem", **layer}])
    ids = [f"{split}-{i:03d}" for split in SPLITS for i in range(800)]
    picture = encode(np.zeros((8, 8, 3), np.uint8))
    table = pa.table({
        "id": ids, "split": [i.split("-")[0] for i in ids], "image": [picture] * len(ids),
    })  # fmt: skip
    files.write_json(root / "champion.json", {"champion": None, "anchor": None})
    files.write_json(root / "look.json", {"look": 1, "test": "t" * 64})
    (root / "validate").mkdir()
    pq.write_table(table, root / "validate" / "data.parquet", row_group_size=100)
    return root


@pytest.mark.parametrize(("lost", "word"), [(0, "pass"), (20, "inconclusive"), (120, "fail")])
def test_a_verdict_is_a_result_whatever_it_is(tmp_path: Path, lost: int, word: str) -> None:
    numbers = gate(chosen(), artifacts(tmp_path, lost))
    verdict = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json"))
    text = (tmp_path / "gate" / "report.html").read_text("utf-8")
    assert numbers["verdict"] == verdict.verdict == word
    assert f'class="verdict {word}"' in text
    assert text.count("<img ") == min(lost, 12)
    left = sorted(path.name for path in (tmp_path / "gate").iterdir())
    assert left == ["card.md", "report.html", "verdict.json"]
    assert "# Model card" in (tmp_path / "gate" / "card.md").read_text("utf-8")


def test_numbers_are_plain_and_those_of_the_verdict(tmp_path: Path) -> None:
    numbers = gate(chosen(), artifacts(tmp_path, 50))
    short = numbers["groups"]["true_positive_rate"]["hair=short"]
    assert short["dense"] == 1.0 and short["pruned"] == 0.75 and short["change"] == -0.25
    assert short["lower"] < -0.25 < short["upper"]
    for groups in numbers["groups"].values():
        assert set(groups) == {"all", "hair=long", "hair=short"}
        for rates in groups.values():
            assert tuple(rates) == NUMBERS and all(type(x) is float for x in rates.values())
    json.dumps(numbers, allow_nan=False)


def test_an_undefined_rate_is_left_out(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0)
    for path in (root / "export" / "predictions").iterdir():
        known = predictions.load(path)
        hair = np.where(known.labels == 0, known.groups["hair"], "long")
        predictions.save(replace(known, groups={"hair": hair}), path)
    groups = gate(chosen(), root)["groups"]
    assert "hair=short" not in groups["true_positive_rate"]  # no short-haired blond left
    assert "hair=short" in groups["accuracy"]


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    names = ["card.md", "report.html", "verdict.json"]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        gate(chosen(), artifacts(tmp_path / name, 120))
    one, two = (tmp_path / name / "gate" for name in ("one", "two"))
    assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])


def test_predictions_of_another_file_are_refused(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0)
    files.write_bytes(root / "export" / "pruned.onnx", b"another file")
    with pytest.raises(ValueError, match="pruned-test are of file .* but pruned.onnx is"):
        gate(chosen(), root)
    assert not (root / "gate").exists()


def test_a_missing_file_of_predictions_is_named(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0)
    shutil.rmtree(root / "export" / "predictions")
    with pytest.raises(ValueError, match="test.parquet cannot be read"):
        gate(chosen(), root)


def with_champion(root: Path) -> Path:
    """A champion that says what the dense file says."""
    told = {"version": "3", "sha256": "c" * 64, "not_judged": None, "predictions": {}}
    for split in SPLITS:
        path = root / "champion" / f"champion-{split}.parquet"
        predictions.save(said("dense", split, "c" * 64, 0), path)
        told["predictions"][split] = files.sha256(path)
    files.write_json(root / "champion.json", {"champion": told, "anchor": None})
    return root


AGAINST = (
    "gate.rules=[{metric: accuracy, binds: change, limit: 0.9},"
    " {metric: true_positive_rate, binds: champion, limit: 0.1}]"
)


def test_a_file_is_held_to_the_champion(tmp_path: Path) -> None:
    gate(chosen(AGAINST), with_champion(artifacts(tmp_path, 120)))
    verdict = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json"))
    assert (verdict.verdict, verdict.models["champion"]) == ("fail", "c" * 64)


def test_a_champion_that_cannot_be_trusted_is_an_error_where_a_rule_needs_it(
    tmp_path: Path,
) -> None:
    root = with_champion(artifacts(tmp_path, 0))
    (root / "champion" / "champion-test.parquet").unlink()
    with pytest.raises(ValueError, match="champion-test.parquet is missing"):
        gate(chosen(AGAINST), root)
    told = {"version": "3", "sha256": None, "predictions": {}, "not_judged": "ALARM: by hand"}
    files.write_json(root / "champion.json", {"champion": told, "anchor": None})
    with pytest.raises(ValueError, match="ALARM: by hand"):
        gate(chosen(AGAINST), root)
    assert gate(chosen(), root)["verdict"] == "pass"


def test_a_rule_on_size_is_put_to_the_files(tmp_path: Path) -> None:
    rules = RULES.replace("]", ", {binds: size, limit: 0.5}]")
    numbers = gate(chosen(rules), artifacts(tmp_path, 0))  # 600 bytes for 500
    assert numbers["verdict"] == "fail"


def test_the_gate_needs_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys, faircompress.stages.gate\n"
        "print([m for m in ('torch', 'matplotlib', 'onnx', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
