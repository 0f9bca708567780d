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

from faircompress.config import params
from faircompress.config.params import Params
from faircompress.config.precisions import stem
from faircompress.data import predictions
from faircompress.data.dataset import encode
from faircompress.data.predictions import Predictions
from faircompress.evaluation.verdict import Verdict
from faircompress.stages.gate import NUMBERS, gate
from faircompress.support import files

PARAMS = Path(__file__).parents[1] / "params.yaml"
RULES = "gate.rules=[{rule: change, metric: true_positive_rate, limit: 0.1, because: a test}]"
SPLITS = ("validation", "test")
TIMES = {"pruned-fp16": 40, "pruned-int8": 30}  # 440 and 330 bytes, of 600


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


def artifacts(root: Path, lost: int, **fewer: int) -> Path:
    """What the stages before the gate leave, without their models.

    Args:
        root: Folder of all artifacts.
        lost: Short-haired blond ones lost in float32.
        fewer: And in other precisions, whose files are smaller.
    """
    exported, losses = root / "export", {"fp32": lost, **fewer}
    for name, loss in {"dense": 0, **{stem(p): n for p, n in losses.items()}}.items():
        files.write_bytes(exported / f"{name}.onnx", name.encode() * TIMES.get(name, 100))
        model = files.sha256(exported / f"{name}.onnx")
        for split in SPLITS:
            path = exported / "predictions" / f"{name}-{split}.parquet"
            predictions.save(said(name.partition("-")[0], split, model, loss), path)
    times = {"batch": 1, "pairs": 5, "speedup": 4.0, "low": 3.5, "high": 4.5,
             "dense": {"median": 8.0}, "pruned": {"median": 2.0}}  # fmt: skip
    where = {"provider": "CPUExecutionProvider", "processor": "p", "threads": 2}
    looks = {files.sha256(exported / f"{stem(p)}.onnx"): 1 for p in losses}
    taken = {precision: [times] for precision in losses}
    files.write_json(exported / "latency.json", {**where, "onnxruntime": "1", "times": taken})
    parity = {"max_difference": 1e-7, "row": "test-001", "flips": 0, "near_ties": 0}
    files.write_json(exported / "parity.json", {f"{stem(p)}-test": parity for p in losses})
    point = {"chosen_by": "half", "threshold": 0.5, "rows": 400,
             "rate_on_decide": 0.5, "rate_on_test": 0.5}  # fmt: skip
    moved = {**point, "chosen_by": "baseline", "threshold": 0.6}
    points = {stem(p): {**moved, "rate_on_test": 0.5 - n / 800} for p, n in losses.items()}
    files.write_json(exported / "operating_points.json", {"dense": point, **points})
    files.write_json(exported / "hidden_groups.json", {})
    layer = {f"{s}_{k}": n for s, n in (("dense", 8), ("pruned", 2))
             for k in ("channels", "macs", "parameters")}  # fmt: skip
    files.write_json(root / "prune" / "layers.json", [{"layer": "stem", **layer}])
    ids = [f"{split}-{i:03d}" for split in SPLITS for i in range(800)]
    picture = encode(np.zeros((8, 8, 3), np.uint8))
    table = pa.table({
        "id": ids, "split": [i.split("-")[0] for i in ids], "image": [picture] * len(ids),
    })  # fmt: skip
    files.write_json(root / "champion.json", {"champion": None, "original_champion": None})
    files.write_json(root / "look.json", {"looks": looks, "test": "t" * 64})
    blank = {"split": "test", "label": 1, "why": "blank", "where": {"hair": "long"}, "rows": 2,
             "weight": 2.0}  # fmt: skip
    files.write_json(root / "validate" / "facts.json", {
        "classes": ["dark", "blond"], "groups": ["hair"], "size": [8, 8], "mean": [0.5] * 3,
        "std": [0.25] * 3, "sha256": "d" * 64, "preparation": {},
        "dropped": [blank, {**blank, "split": "train"}],
    })  # fmt: skip
    pq.write_table(table, root / "validate" / "data.parquet", row_group_size=100)
    return root


@pytest.mark.parametrize(("lost", "word"), [(0, "pass"), (20, "inconclusive"), (120, "fail")])
def test_a_verdict_is_a_result_whatever_it_is(tmp_path: Path, lost: int, word: str) -> None:
    numbers = gate(chosen(), artifacts(tmp_path, lost))
    verdict = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json"))
    text = (tmp_path / "gate" / "report.html").read_text("utf-8")
    assert numbers["outcome"] == verdict.outcome == word
    assert f'class="verdict {word}"' in text
    assert text.count("<img ") == min(lost, 12)
    left = sorted(path.name for path in (tmp_path / "gate").iterdir())
    assert left == ["card.md", "limits.csv", "rates.csv", "report.html", "verdict.json"]
    assert "# Model card" in (tmp_path / "gate" / "card.md").read_text("utf-8")


def test_pictures_that_validate_left_out_are_counted_in_the_verdict(tmp_path: Path) -> None:
    gate(chosen(), artifacts(tmp_path, 0))
    found = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json")).dropped
    assert found is not None
    assert found.sentence == "2 test pictures were dropped (2 blank)."
    ends = {(c.group, c.metric): (c.dropped, c.lower, c.upper) for c in found.changes}
    assert ends["hair=long", "true_positive_rate"] == (2, -2 / 202, 2 / 202)  # of 200, none lost


def test_each_report_says_where_its_own_file_decides(tmp_path: Path) -> None:
    gate(chosen(), artifacts(tmp_path, 0, fp16=20))
    for place, rate in (("report.html", "0.500"), ("fp16/report.html", "0.475")):
        text = (tmp_path / "gate" / place).read_text("utf-8")
        assert "decides at 0.5, which is the threshold 0.600 of its network" in text
        assert f"dense selects 0.500 and pruned {rate} of the test pictures" in text


def test_several_classes_have_no_operating_point(tmp_path: Path) -> None:
    folder = artifacts(tmp_path, 0)
    files.write_json(folder / "export" / "operating_points.json", {})
    gate(chosen(), folder)
    assert "Operating point" not in (tmp_path / "gate" / "card.md").read_text("utf-8")


def test_numbers_are_plain_and_those_of_the_verdict(tmp_path: Path) -> None:
    numbers = gate(chosen(), artifacts(tmp_path, 50))
    short = numbers["groups"]["true_positive_rate"]["hair=short"]
    assert short["baseline"] == 1.0 and short["candidate"] == 0.75 and short["change"] == -0.25
    assert short["lower"] < -0.25 < short["upper"]
    for groups in numbers["groups"].values():
        assert set(groups) == {"all", "hair=long", "hair=short"}
        for rates in groups.values():
            assert set(rates) <= set(NUMBERS) and all(type(x) is float for x in rates.values())
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


def test_a_precision_whose_file_is_gone_is_not_passed_over(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0, int8=0)
    (root / "export" / "pruned-int8.onnx").unlink()
    with pytest.raises(ValueError, match="pruned-int8.onnx is missing.*Run export again"):
        gate(chosen(), root)
    assert not (root / "gate").exists()


def test_a_missing_file_of_predictions_is_named(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0)
    shutil.rmtree(root / "export" / "predictions")
    with pytest.raises(ValueError, match="dense-validation.parquet cannot be read"):
        gate(chosen(), root)


def with_champion(root: Path) -> Path:
    """A champion that says what the dense file says."""
    told = {"version": "3", "sha256": "c" * 64, "not_comparable": None, "predictions": {}}
    for split in SPLITS:
        path = root / "champion" / f"champion-{split}.parquet"
        predictions.save(said("dense", split, "c" * 64, 0), path)
        told["predictions"][split] = files.sha256(path)
    files.write_json(root / "champion.json", {"champion": told, "original_champion": None})
    return root


AGAINST = (
    "gate.rules=[{rule: change, metric: auroc, limit: 0.3, because: a test},"
    " {rule: change, metric: true_positive_rate, limit: 0.1, against: champion, because: a test}]"
)


def test_a_file_is_held_to_the_champion(tmp_path: Path) -> None:
    gate(chosen(AGAINST), with_champion(artifacts(tmp_path, 120)))
    verdict = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json"))
    assert (verdict.outcome, verdict.models["champion"]) == ("fail", "c" * 64)


def test_a_champion_whose_predictions_are_missing_is_an_error_and_one_that_cannot_be_trusted_blocks(
    tmp_path: Path,
) -> None:
    root = with_champion(artifacts(tmp_path, 0))
    (root / "champion" / "champion-test.parquet").unlink()
    with pytest.raises(ValueError, match="champion-test.parquet is missing"):
        gate(chosen(AGAINST), root)
    told = {"version": "3", "sha256": None, "predictions": {}, "not_comparable": "ALARM: by hand"}
    files.write_json(root / "champion.json", {"champion": told, "original_champion": None})
    assert gate(chosen(AGAINST), root)["outcome"] == "inconclusive"
    verdict = files.read_json(tmp_path / "gate" / "verdict.json")
    assert "ALARM: by hand" in verdict["reasons"][0]
    assert gate(chosen(), root)["outcome"] == "pass"


def test_precisions_are_judged_in_order_up_to_the_first_that_does_not_pass(tmp_path: Path) -> None:
    numbers = gate(chosen(), artifacts(tmp_path, 0, fp16=20, int8=0))
    assert numbers["precisions"] == {"fp32": "pass", "fp16": "inconclusive"}
    assert (numbers["outcome"], numbers["released"]) == ("pass", "fp32")
    left = {str(p.relative_to(tmp_path / "gate")) for p in (tmp_path / "gate").rglob("verdict.*")}
    assert left == {"verdict.json", "fp16/verdict.json"}
    half = Verdict.from_json(files.read_json(tmp_path / "gate/fp16/verdict.json"))
    assert half.models["candidate"] == files.sha256(tmp_path / "export/pruned-fp16.onnx")
    page = (tmp_path / "gate" / "report.html").read_text("utf-8")
    assert 'href="fp16/report.html"' in page and 'href="int8/report.html"' not in page
    assert 'href="../report.html"' in (tmp_path / "gate/fp16/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("lost", "out"), [((0, 0, 0), "int8"), ((0, 0, 120), "fp16"), ((120, 0, 0), "fp32")]
)
def test_the_smallest_that_passes_goes_out_if_asked(
    tmp_path: Path, lost: tuple[int, int, int], out: str
) -> None:
    root = artifacts(tmp_path, lost[0], fp16=lost[1], int8=lost[2])
    numbers = gate(chosen("gate.promote=smallest"), root)
    assert numbers["evaluated"] == out
    assert numbers["released"] == (None if lost[0] else out)
    verdict = Verdict.from_json(files.read_json(tmp_path / "gate" / "verdict.json"))
    assert verdict.models["candidate"] == files.sha256(root / "export" / f"{stem(out)}.onnx")
    assert verdict.outcome == numbers["outcome"] == ("fail" if lost[0] else "pass")


def test_each_precision_spends_the_alpha_of_its_own_look(tmp_path: Path) -> None:
    root = artifacts(tmp_path, 0, int8=0)
    hashes = [files.sha256(root / "export" / f"{stem(p)}.onnx") for p in ("fp32", "int8")]
    looks = dict(zip(hashes, (1, 2), strict=True))
    files.write_json(root / "look.json", {"looks": looks, "test": "t" * 64})
    gate(chosen(), root)
    seen = [files.read_json(tmp_path / "gate" / place)["look"]
            for place in ("verdict.json", "int8/verdict.json")]  # fmt: skip
    assert seen == [1, 2]
    files.write_json(root / "look.json", {"looks": {hashes[0]: 1}, "test": "t" * 64})
    gate(chosen(), root)
    verdict = files.read_json(tmp_path / "gate/int8/verdict.json")
    assert verdict["look"] is None and "looks were not counted" in verdict["looks"]


def test_a_rule_on_size_is_put_to_the_files(tmp_path: Path) -> None:
    rules = RULES.replace("]", ", {rule: size, limit: 0.5}]")
    numbers = gate(chosen(rules), artifacts(tmp_path, 0))  # 600 bytes for 500
    assert numbers["outcome"] == "fail"


def test_the_gate_needs_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys, faircompress.stages.gate\n"
        "print([m for m in ('torch', 'matplotlib', 'onnx', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
