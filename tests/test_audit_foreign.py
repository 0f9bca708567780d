"""ONNX files of any origin are asked as their makers would: the same probabilities come out."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from auditing import run
from foreign import WEIGHTS, asked, pictures, sigmoid, softmax, table, write
from PIL import Image

import faircompress
from faircompress.data.predictions import load

SHOWN = pictures()
MEANS = SHOWN.mean(axis=(1, 2))  # of each colour, 0-255
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
IMAGENET = {"mean": MEAN, "std": STD}
NORMALISED = (MEANS / 255 - MEAN) / STD


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(SHOWN)


def same(found: np.ndarray, expected: np.ndarray, within: float = 1e-5) -> None:
    assert found == pytest.approx(expected, abs=within)
    assert np.ptp(expected[:, 1]) > 0.05  # pictures differ, so nothing is alike by chance


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("kind", ["float32", "float16", "float64"])
def test_pixels_are_normalised_as_mean_and_std_say(layout: str, kind: str) -> None:
    shape = ("batch", 3, 4, 4) if layout == "NCHW" else ("batch", 4, 4, 3)
    write("a.onnx", layout=layout, kind=kind, shape=shape, name="pixel_values")
    found = asked("a.onnx", **IMAGENET).baseline.probabilities
    same(found, softmax(NORMALISED @ WEIGHTS), 2e-3 if kind == "float16" else 1e-5)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ({"scale": "1/255"}, MEANS / 255),
        ({"scale": 1, "mean": "127.5", "std": "127.5"}, MEANS / 127.5 - 1),
        ({"mean": 0.5, "std": 0.5}, MEANS / 127.5 - 1),
        ({"channels": "bgr", "scale": 1, "mean": "104,117,123", "std": 57},
         (MEANS[:, ::-1] - [104, 117, 123]) / 57),
    ],
)  # fmt: skip
def test_scale_and_order_of_channels_are_as_said(said: dict[str, Any], values: np.ndarray) -> None:
    write("a.onnx")
    same(asked("a.onnx", **said).baseline.probabilities, softmax(values @ WEIGHTS))


@pytest.mark.parametrize("layout", ["NCHW", "NHW"])
def test_grey_pictures_are_as_pillow_makes_them(layout: str) -> None:
    shape = ("batch", 1, 4, 4) if layout == "NCHW" else ("batch", 4, 4)
    write("grey.onnx", layout=layout, shape=shape, weights=3 * WEIGHTS[2:])
    grey = np.array([np.asarray(Image.fromarray(one).convert("L")).mean() for one in SHOWN])
    found = asked("grey.onnx", layout=layout, scale="1/255").baseline.probabilities
    same(found, softmax(grey[:, None] / 255 @ (3 * WEIGHTS[2:])))


@pytest.mark.parametrize(("layout", "shape"), [("CHW", (3, 4, 4)), ("HWC", (4, 4, 3))])
def test_a_file_without_an_axis_of_pictures_is_asked_one_by_one(
    layout: str, shape: tuple[int, ...]
) -> None:
    write("one.onnx", layout=layout, shape=shape, reshape=(2,))
    found = asked("one.onnx", layout=layout, scale="1/255").baseline.probabilities
    same(found, softmax(MEANS / 255 @ WEIGHTS))


@pytest.mark.parametrize("kind", ["int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_pixels_in_whole_numbers_of_more_than_8_bits_are_fed_as_they_are(kind: str) -> None:
    write("whole.onnx", kind=kind, weights=WEIGHTS / 255)
    same(asked("whole.onnx", scale="1").baseline.probabilities, softmax(MEANS / 255 @ WEIGHTS))
    if not kind.startswith("u"):
        shifted = asked("whole.onnx", scale="1", mean="128").baseline.probabilities
        same(shifted, softmax((MEANS - 128) / 255 @ WEIGHTS))
    with pytest.raises(ValueError, match="in whole numbers, pixels 0-255 would become 2 steps"):
        asked("whole.onnx", scale="1/255")


@pytest.mark.parametrize("batch", [1, 7, 24])
def test_a_fixed_batch_is_fed_as_it_is_and_the_last_filled_up(batch: int) -> None:
    write("fixed.onnx", shape=(batch, 3, 4, 4))
    found = asked("fixed.onnx", scale="1/255").baseline.probabilities
    same(found, softmax(MEANS / 255 @ WEIGHTS))


def test_a_batch_of_one_that_only_the_network_knows_is_found_by_trying() -> None:
    write("hidden.onnx", reshape=(1, 2))
    pair = asked("hidden.onnx", scale="1/255")
    same(pair.baseline.probabilities, softmax(MEANS / 255 @ WEIGHTS))
    assert "1 picture a run" in pair.notes[0]


def test_a_file_in_which_pictures_change_each_others_scores_is_fed_one_by_one() -> None:
    model = write("batchy.onnx", head="")
    grown = onnx.compose.add_prefix(model, "")
    node = onnx.helper.make_node("ReduceMax", ["logits"], ["most"], keepdims=1)
    grown.graph.node.extend([node, onnx.helper.make_node("Sub", ["logits", "most"], ["less"])])
    grown.graph.node.append(onnx.helper.make_node("Sub", ["logits", "less"], ["swapped"]))
    grown.graph.output[0].name = "less"
    onnx.save(grown, "batchy.onnx")  # each score minus the largest of the whole batch
    logits = NORMALISED @ WEIGHTS
    found = asked("batchy.onnx", logits=True, **IMAGENET)
    same(found.baseline.probabilities, softmax(logits))
    assert "1 picture a run" in found.notes[0]
    write("seven.onnx", shape=(7, 3, 4, 4), head="")
    fixed = onnx.load("batchy.onnx")
    fixed.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 7
    onnx.save(fixed, "batchy.onnx")
    with pytest.raises(ValueError, match="depends on the others"):
        asked("batchy.onnx", logits=True, **IMAGENET)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (-1, 1, 1, 1)])
@pytest.mark.parametrize("head", ["Sigmoid", ""])
def test_one_score_of_any_shape_is_of_the_second_class(shape: tuple[int, ...], head: str) -> None:
    write("one.onnx", weights=WEIGHTS[:, 1:], reshape=shape, head=head)
    said = {} if head else {"logits": True}
    found = asked("one.onnx", scale="1/255", **said).baseline.probabilities
    same(found, sigmoid(MEANS / 255 @ WEIGHTS[:, 1:]))


@pytest.mark.parametrize("shape", [(-1, 2), (-1, 2, 1, 1)])
@pytest.mark.parametrize("head", ["Softmax", "", "LogSoftmax"])
def test_two_scores_of_any_shape_are_of_the_two_classes(shape: tuple[int, ...], head: str) -> None:
    write("two.onnx", reshape=shape, head=head)
    said = {} if head == "Softmax" else {"logits": True}
    found = asked("two.onnx", **IMAGENET, **said).baseline.probabilities
    same(found, softmax(NORMALISED @ WEIGHTS))


def test_both_files_may_differ_in_everything() -> None:
    write("dense.onnx", layout="NHWC", kind="uint8", shape=("n", 4, 4, 3), weights=WEIGHTS / 255)
    write("small.onnx", shape=(1, 1, 2, 2), weights=WEIGHTS[:1, 1:], head="", name="in",
          classes='["1", "0"]', reshape=(1,))  # fmt: skip
    only_small = {"candidate": "scale=1/255 logits resize=2x2"}
    with pytest.raises(ValueError, match="dense.onnx names none. Name them in the order"):
        asked("dense.onnx", "small.onnx", **only_small)
    pair = asked("dense.onnx", "small.onnx", classes=("0", "1"), **only_small)
    same(pair.baseline.probabilities, softmax(MEANS / 255 @ WEIGHTS))
    small = [Image.fromarray(one).resize((2, 2), Image.Resampling.BILINEAR) for one in SHOWN]
    grey = np.array([np.asarray(one.convert("L")).mean() for one in small])
    turned = sigmoid(grey[:, None] / 255 @ WEIGHTS[:1, 1:])[:, ::-1]  # it names class 1 first
    same(pair.candidate.probabilities, turned)
    assert pair.images is not None and pair.images.shape == (24, 4, 4, 3)
    assert pair.notes[1] == (
        "small.onnx was given resize 2x2, float32 NCHW in 'in', grey, pixel / 255, 1 picture a "
        "run; its 'shaped' was read as logits."
    )


def test_pictures_of_many_sizes_are_resized_where_it_is_said_how() -> None:
    mixed = [*pictures(12, (4, 6)), *pictures(12, (8, 4))]
    table(mixed)
    write("a.onnx")
    assert "takes 4 x 4. Say how" in refusal("a.onnx", scale="1/255")
    write("any.onnx", shape=("n", 3, "h", "w"))
    assert "Resize and crop them first" in refusal("any.onnx", scale="1/255")
    found = asked("a.onnx", scale="1/255", resize="4", crop="4").baseline.probabilities
    cut = []
    for one in mixed:
        height, width = one.shape[:2]
        side = (4 * width // min(height, width), 4 * height // min(height, width))
        shrunk = np.asarray(Image.fromarray(one).resize(side, Image.Resampling.BILINEAR))
        top, left = (shrunk.shape[0] - 4) // 2, (shrunk.shape[1] - 4) // 2
        cut.append(shrunk[top : top + 4, left : left + 4].mean(axis=(0, 1)))
    same(found, softmax(np.array(cut) / 255 @ WEIGHTS))


def refusal(file: str, **said: Any) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        asked(file, **said)
    return str(error.value)


def test_the_command_and_python_ask_alike() -> None:
    write("dense.onnx")
    write("small.onnx", head="")
    command = (
        "faircompress audit --baseline dense.onnx --candidate small.onnx --data pictures.parquet "
        "--label y --group g --id id --rule 'change accuracy 0.5' --layout NCHW --mean 0.5 "
        "--std 0.5 --candidate-with logits --out out"
    )
    assert run(command).code != 3, run(command).err
    verdict = faircompress.audit_files(
        "dense.onnx", "small.onnx", "pictures.parquet", label="y", groups=["g"], id="id",
        rules=["change accuracy 0.5"], mean=0.5, std=0.5, candidate_with={"logits": True},
    )  # fmt: skip
    expected = softmax((MEANS / 127.5 - 1) @ WEIGHTS)
    assert verdict.pair is not None
    for side in ("baseline", "candidate"):
        saved = load(Path("out") / f"predictions-{side}.parquet").probabilities
        same(saved, expected)
        same(getattr(verdict.pair, side).probabilities, expected)
    report = Path("out/summary.md").read_text()
    assert "small.onnx was given float32 NCHW" in report.replace("\\_", "_")
