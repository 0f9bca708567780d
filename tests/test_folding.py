"""Files that decide at one half as they decided at their operating point."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from faircompress.data.dataset import Facts
from faircompress.data.predictions import Predictions
from faircompress.evaluation.operating_point import (
    Choice,
    OperatingPoint,
    choose,
    split_validation,
    with_constant,
)
from faircompress.export import folding, quantize, right_shape, runtime, to_onnx
from faircompress.networks.network import Network

FACTS = Facts(("no", "yes"), ("hair",), (8, 8), (0.5,) * 3, (0.25,) * 3, "d" * 64, {})
PRECISIONS = ("fp32", "fp16", "int8")
ROWS = 600
CHOICES: list[tuple[Choice, float]] = [
    ("baseline", 0.1), ("baseline", 0.83), ("validation", 0.5), (0.3, 0.5)
]  # fmt: skip


def pictures() -> np.ndarray:
    """Single colours, all different in brightness, so that logits spread far."""
    colours = np.random.default_rng(0).integers(0, 256, (ROWS, 1, 1, 3), np.uint8)
    return np.ascontiguousarray(np.broadcast_to(colours, (ROWS, 8, 8, 3)))


@cache
def network(seed: int) -> Network:
    """Return a linear network whose random logits are small for seed 0 and large for later ones."""
    torch.manual_seed(seed)
    head = nn.Linear(3, 2)
    head.weight.data *= 4.0**seed
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()
    return Network(net, "linear", 2, FACTS.mean, FACTS.std)


@cache
def file(seed: int, precision: str) -> bytes:
    words = to_onnx.words(network(seed), FACTS, params="p" * 64)
    whole = to_onnx.to_onnx(network(seed), FACTS.size, opset=20, words=words)
    if precision == "fp16":
        return quantize.to_fp16(whole)
    return whole if precision == "fp32" else quantize.to_int8(whole, pictures(), weight_bits=8)


def said(content: bytes, folder: Path) -> np.ndarray:
    path = folder / "file.onnx"
    path.write_bytes(content)
    return runtime.predict(runtime.session(path, "cpu", threads=1), pictures(), what="")


def chosen(before: np.ndarray, choice: Choice, rate: float = 0.5) -> OperatingPoint:
    """Choose beside a baseline that says yes to a share of the rows."""
    yes = np.arange(len(before)) < rate * len(before)
    labels = (before[:, 1] > np.quantile(before[:, 1], 0.7)).astype(int)
    baseline = np.stack([~yes, yes], 1).astype(float)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(before))
    return choose(choice, baseline=baseline, candidate=before, labels=labels, weights=weights)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_half_decides_every_row_as_the_threshold_did(
    seed: int, precision: str, tmp_path: Path
) -> None:
    before = said(file(seed, precision), tmp_path)
    for choice, rate in CHOICES:
        point = chosen(before, choice, rate)
        after = said(folding.fold(file(seed, precision), point), tmp_path)
        assert list(after[:, 1] >= 0.5) == list(point.selects(before))
        assert list(after.argmax(1) == 1) == list(point.selects(before))
        assert np.abs(after - with_constant(before, point.constant)).max() < 1e-6
        if precision == "fp32" and choice == "baseline":
            assert point.rate_reached == pytest.approx(point.rate_asked, abs=0.003)


def test_the_file_of_8_bits_reaches_the_nearest_rate_that_its_few_scores_allow(
    tmp_path: Path,
) -> None:
    before = said(file(1, "int8"), tmp_path)
    assert len(np.unique(before[:, 1])) < ROWS / 2
    point = chosen(before, "baseline", 0.5)
    assert point.rate_asked is not None
    assert 0 < abs(point.rate_reached - point.rate_asked) < 0.02


def test_probabilities_of_half_precision_are_not_rounded_to_it(tmp_path: Path) -> None:
    found = said(file(1, "fp16"), tmp_path)
    assert (found != found.astype(np.float16)).mean() > 0.9


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_file_tells_its_operating_point_beside_what_it_told_before(
    precision: str, tmp_path: Path
) -> None:
    content = file(0, precision)
    point = chosen(said(content, tmp_path), "baseline", 0.2)
    folded = folding.fold(content, point)
    props = {p.key: p.value for p in onnx.load_from_string(folded).metadata_props}
    told = json.loads(props.pop("operating_point"))
    assert told == {
        "chosen_by": "baseline", "threshold": point.threshold, "constant": point.constant,
        "rate_asked": point.rate_asked, "rate_reached": point.rate_reached, "rows": ROWS,
    }  # fmt: skip
    assert props == {p.key: p.value for p in onnx.load_from_string(content).metadata_props}
    right_shape.refuse_wrong_shape(folded, network(0))
    assert folding.fold(content, point) == folded


def test_torch_says_the_same_with_the_constant_in_its_logits(tmp_path: Path) -> None:
    point = chosen(said(file(1, "fp32"), tmp_path), "baseline", 0.2)
    after = said(folding.fold(file(1, "fp32"), point), tmp_path)
    with torch.no_grad():
        logits = network(1).net(network(1).normalised(torch.from_numpy(pictures())))
        torchs = (logits + torch.tensor([0.0, point.constant])).softmax(1).numpy()
    assert abs(point.constant) > 0.1
    assert np.abs(after - torchs).max() < 1e-5


def test_a_constant_is_not_put_upon_another() -> None:
    point = OperatingPoint("number", 0.3, 0.85, None, 0.5, 9)
    folded = folding.fold(file(0, "fp32"), point)
    with pytest.raises(ValueError, match="has an operating point already"):
        folding.fold(folded, point)


def test_a_file_that_ends_in_no_softmax_is_refused() -> None:
    model = onnx.load_from_string(file(0, "fp32"))
    model.graph.node[-1].op_type = "LogSoftmax"
    with pytest.raises(ValueError, match="ends in LogSoftmax; needed is a softmax"):
        folding.fold(model.SerializeToString(), OperatingPoint("number", 0.3, 0.85, None, 0.5, 9))


def predictions(sure: np.ndarray, identities: np.ndarray | None = None) -> Predictions:
    rows = len(sure)
    return Predictions(
        ids=np.array([f"row-{i}" for i in range(rows)]), labels=np.arange(rows) % 2,
        probabilities=np.stack([1 - sure, sure], 1), groups={}, identities=identities,
        weights=np.ones(rows), classes=("no", "yes"), model="m", data="d",
    )  # fmt: skip


DENSE = predictions(np.linspace(0, 1, 1000))
SHY = predictions(np.linspace(0, 0.5, 1000) ** 2)


def test_the_dense_file_stays_as_it_is_and_the_others_follow_it() -> None:
    points = folding.operating_points("baseline", {"dense": DENSE, "pruned": SHY}, baseline="dense")
    assert (points["dense"].chosen_by, points["dense"].constant) == ("half", 0.0)
    assert points["pruned"].rate_asked == points["dense"].rate_reached
    assert points["pruned"].threshold == pytest.approx(0.0625, abs=1e-3)  # (.5 / 2) squared
    _, decide = split_validation(DENSE.ids, None)
    assert points["pruned"].rows == decide.sum()


def test_a_number_holds_for_all_files_and_one_half_changes_none() -> None:
    told = {"dense": DENSE, "pruned": SHY}
    points = folding.operating_points(0.3, told, baseline="dense")
    assert [point.constant for point in points.values()] == pytest.approx([np.log(7 / 3)] * 2)
    same = folding.operating_points(0.5, told, baseline="dense")
    assert {point.chosen_by for point in same.values()} == {"half"}


def test_rows_that_fit_do_not_choose_the_threshold() -> None:
    tune, _ = split_validation(SHY.ids, None)
    p = np.where(tune[:, None], [0.0, 1.0], SHY.probabilities)
    points = [
        folding.operating_points("baseline", {"dense": DENSE, "pruned": told}, baseline="dense")
        for told in (SHY, replace(SHY, probabilities=p))
    ]
    assert points[0] == points[1]


def test_a_single_person_leaves_nobody_to_choose_a_threshold_on() -> None:
    name = next(n for n in "abcdef" if split_validation(np.array([n]), None)[0].all())
    alone = replace(DENSE, identities=np.full(1000, name))
    with pytest.raises(ValueError, match="1000 validation rows of 1 people leave none"):
        folding.operating_points("baseline", {"dense": alone, "pruned": alone}, baseline="dense")
    half = folding.operating_points(0.5, {"dense": alone, "pruned": alone}, baseline="dense")
    assert half["dense"].rows == 1000


def test_a_threshold_between_several_classes_is_refused() -> None:
    folding.refuse_threshold("baseline", 10)
    folding.refuse_threshold(0.5, 10)
    for choice in ("validation", 0.3):
        with pytest.raises(ValueError, match="there are 10 classes.* Set it to baseline"):
            folding.refuse_threshold(choice, 10)  # type: ignore[arg-type]


def test_rows_that_changed_sides_are_counted_and_too_many_are_refused() -> None:
    points = folding.operating_points("baseline", {"dense": DENSE, "pruned": SHY}, baseline="dense")
    point = points["pruned"]
    _, decide = split_validation(SHY.ids, None)
    right = with_constant(SHY.probabilities, point.constant)
    told = replace(SHY, probabilities=right)
    assert folding.changed_decisions("pruned", point, SHY, told) == 0
    one = right.copy()
    one[np.flatnonzero(decide)[0]] = [0.4, 0.6]
    told = replace(SHY, probabilities=one)
    described = folding.described("pruned", point, SHY, told, told)
    assert described["changed_decisions"] == 1
    assert described["rate_on_decide"] == pytest.approx(point.rate_reached + 1 / decide.sum())
    with pytest.raises(ValueError, match="rows are decided otherwise than at threshold 0.06"):
        folding.changed_decisions("pruned", point, SHY, SHY)  # the constant is not in it
