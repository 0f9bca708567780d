"""Heads and inputs of other tools: maps, one of many labels, several inputs, flat rows."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from auditing import run
from foreign import WEIGHTS, asked, pictures, sigmoid, softmax, table, write
from onnx import TensorProto, helper, numpy_helper

import faircompress
from faircompress.data.predictions import load

SHOWN = pictures()
MEANS = SHOWN.mean(axis=(1, 2)) / 255
THREE = np.hstack([WEIGHTS, WEIGHTS[:, :1] - 1])  # scores of three labels
NORMAL: dict[str, Any] = {"scale": "1/255"}


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(SHOWN)


def refusal(file: str = "a.onnx", **said: Any) -> str:
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        asked(file, **said)
    return str(error.value)


def changed(change: Callable[[onnx.ModelProto], object], **written: Any) -> None:
    model = write("a.onnx", **written)
    change(model)
    onnx.save(model, "a.onnx")


def mapped(labels: str, keys: list[Any], kind: int) -> Callable[[onnx.ModelProto], None]:
    """Let a network end as classifiers of skl2onnx do: a label, and a map of each picture."""

    def change(model: onnx.ModelProto) -> None:
        graph = model.graph
        named: dict[str, Any] = {"domain": "ai.onnx.ml", labels: keys}
        graph.node.append(helper.make_node("ZipMap", ["headed"], ["maps"], **named))
        graph.node.append(helper.make_node("ArgMax", ["headed"], ["label"], axis=1))
        del graph.output[:]
        number = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        maps = helper.make_sequence_type_proto(helper.make_map_type_proto(kind, number))
        graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, None))
        graph.output.append(helper.make_value_info("maps", maps))
        model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))

    return change


def test_a_map_of_classes_is_read_by_its_keys() -> None:
    expected = softmax(MEANS @ WEIGHTS)
    changed(mapped("classlabels_int64s", [1, 0], TensorProto.INT64))
    assert "which is the positive? Name both" in refusal(**NORMAL)
    found = asked("a.onnx", **NORMAL, classes=("0", "1")).baseline
    assert found.classes == ("y=0", "y=1")
    assert found.probabilities == pytest.approx(expected[:, ::-1], abs=1e-6)
    changed(mapped("classlabels_strings", ["long", "short"], TensorProto.STRING))
    by_name = asked("a.onnx", **NORMAL, classes=("short", "long"), label="y")
    assert by_name.baseline.probabilities == pytest.approx(expected[:, ::-1], abs=1e-6)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_whole_numbers_beside_the_scores_are_passed_over(kind: str) -> None:
    def decided(model: onnx.ModelProto) -> None:
        model.graph.node.append(helper.make_node("ArgMax", ["headed"], ["class"], axis=1))
        info = helper.make_tensor_value_info("class", TensorProto.INT64, None)
        model.graph.output.insert(0, info)

    changed(decided, kind=kind)
    pair = asked("a.onnx", **NORMAL)
    assert pair.baseline.probabilities == pytest.approx(softmax(MEANS @ WEIGHTS), abs=1e-6)
    assert "its 'headed' was read as probabilities" in pair.notes[0]


@pytest.mark.parametrize("shape", [(-1, 3), (-1, 3, 1, 1)])
@pytest.mark.parametrize("head", ["Sigmoid", "", "Softmax"])
def test_one_of_several_labels_is_asked_for_by_its_place(head: str, shape: tuple[int, ...]) -> None:
    write("a.onnx", weights=THREE, head=head, reshape=shape)
    said = {**NORMAL, "logits": True} if not head else NORMAL
    found = asked("a.onnx", **said, score="2").baseline.probabilities
    wide = softmax(MEANS @ THREE)[:, 2:]
    expected = np.hstack([1 - wide, wide]) if head == "Softmax" else sigmoid(MEANS @ THREE[:, 2:])
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_of_several_labels_is_asked_for_by_its_name() -> None:
    write("a.onnx", weights=THREE, head="Sigmoid", classes='["bald", "blond", "young"]')
    write("b.onnx", weights=THREE[:, 2:], head="Sigmoid")
    pair = asked("a.onnx", "b.onnx", **NORMAL, baseline={"score": "young"})
    assert pair.baseline.probabilities == pytest.approx(pair.candidate.probabilities)
    assert pair.baseline.classes == ("y=0", "y=1")
    assert "'headed' (score young) was read as probabilities" in pair.notes[0]
    told = refusal(**NORMAL)
    assert "Name the one that is asked about: --score 0 to 2, or bald, blond, young" in told
    assert "name one of 0 to 2, or of bald, blond, young" in refusal(**NORMAL, score="3")
    assert "are probabilities already (it ends in a Sigmoid)" in refusal(
        **NORMAL, score="0", logits=True
    )


def second(shape: list[Any], kind: int, values: np.ndarray) -> Callable[[onnx.ModelProto], None]:
    """Give a network a second input, ``age``, whose sum is added to its first score."""

    def change(model: onnx.ModelProto) -> None:
        graph = model.graph
        graph.input.insert(0, helper.make_tensor_value_info("age", kind, shape))
        graph.initializer.append(numpy_helper.from_array(values, "spread"))
        graph.node.append(helper.make_node("Cast", ["age"], ["floats"], to=TensorProto.FLOAT))
        graph.node.append(helper.make_node("MatMul", ["floats", "spread"], ["more"]))
        graph.node.append(helper.make_node("Add", ["logits", "more"], ["moved"]))
        graph.node.append(helper.make_node("Softmax", ["moved"], ["both"]))
        graph.output[0].name = "both"

    return change


SPREAD = np.array([[1.0, 0.0], [2.0, 0.0]], np.float32)


@pytest.mark.parametrize(
    ("shape", "kind", "value", "added"),
    [
        (["batch", 2], TensorProto.FLOAT, "0.5", 1.5),
        (["batch", 2], TensorProto.INT64, "1,2", 5.0),
        ([1, 2], TensorProto.FLOAT, "1,2", 5.0),
        (["batch", 2], TensorProto.BOOL, "true", 3.0),
        (["batch", "any"], TensorProto.FLOAT16, "age.npy", 5.0),
        ([1, 2], TensorProto.DOUBLE, [[1.0, 2.0]], 5.0),
    ],
)
def test_a_second_input_gets_its_constant(
    shape: list[Any], kind: int, value: Any, added: float
) -> None:
    np.save("age.npy", np.array([[1.0, 2.0]]))
    changed(second(shape, kind, SPREAD))
    constant = f"age={value}" if isinstance(value, str) else {"age": value}
    pair = asked("a.onnx", **NORMAL, constant=constant)
    expected = softmax(MEANS @ WEIGHTS + [added, 0])
    assert pair.baseline.probabilities == pytest.approx(expected, abs=1e-6)
    assert ", with age = " in pair.notes[0]


def test_a_second_input_of_one_file_alone_or_without_a_value_is_asked_for() -> None:
    write("plain.onnx")
    changed(second(["batch", 2], TensorProto.FLOAT, SPREAD))
    pair = asked("plain.onnx", "a.onnx", **NORMAL, candidate="constant=age=0")
    assert pair.candidate.probabilities == pytest.approx(pair.baseline.probabilities, abs=1e-6)
    told = refusal(**NORMAL)
    assert "a.onnx takes 2 inputs: 'age' tensor(float) (batch, 2), 'x' tensor(float)" in told
    assert "--input NAME" in told and "--constant" in told and "as a table" in told
    assert "Give each other one its value" in refusal(**NORMAL, input="x")
    for said, words in {
        "ago=0": "--constant: a.onnx has no input 'ago'; it takes 'age'",
        "age": "--constant is 'age'; write an input and its value, such as age=0.5",
        "age=old": "--constant age holds 'old'; needed are numbers",
        "age=1,2,3": "a value of shape (3,) does not fit one picture",
        "age=a.npy": "--constant age: there is no file a.npy",
    }.items():
        assert words in refusal(**NORMAL, constant=said)


@pytest.mark.parametrize(("layout", "channels"), [("flat-HWC", 3), ("flat-CHW", 3), (None, 1)])
def test_pictures_as_rows_of_numbers_are_told_by_how_many_there_are(
    layout: str | None, channels: int
) -> None:
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(16 * channels, 2)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["l"]), helper.make_node("Softmax", ["l"], ["p"])
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "flat", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(weights)])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weights, "w")],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), "a.onnx")
    rows = SHOWN if layout == "flat-HWC" else SHOWN.transpose(0, 3, 1, 2)
    if channels == 1:
        from PIL import Image

        rows = np.array([np.asarray(Image.fromarray(one).convert("L")) for one in SHOWN])
    else:
        assert "Say in which order: --layout flat-HWC" in refusal(**NORMAL)
        assert "it can be flat-HWC or flat-CHW" in refusal(**NORMAL, layout="NCHW")
    found = asked("a.onnx", **NORMAL, layout=layout).baseline.probabilities
    assert found == pytest.approx(softmax(rows.reshape(24, -1) / 255 @ weights), abs=1e-5)
    words = f"rows of {16 * channels} numbers, but a picture of 3 x 3 has 9 (grey) or 27"
    assert words in refusal(**NORMAL, resize="3x3")


def test_signed_bytes_are_pixels_less_128() -> None:
    write("a.onnx", kind="int8", weights=WEIGHTS / 100)
    found = asked("a.onnx", scale=1, mean=128).baseline.probabilities
    assert found == pytest.approx(softmax((MEANS * 255 - 128) @ WEIGHTS / 100), abs=1e-6)


def test_the_command_and_python_take_the_same_options() -> None:
    changed(second(["batch", 2], TensorProto.FLOAT, SPREAD))
    command = (
        "faircompress audit --baseline a.onnx --candidate a.onnx --data pictures.parquet --label y "
        "--group g --id id --rule 'change accuracy 0.5' --scale 1/255 --input x --constant age=1,2 "
        "--score 1 --out out"
    )
    assert run(command).code != 3, run(command).err
    verdict = faircompress.audit_files(
        "a.onnx", "a.onnx", "pictures.parquet", label="y", groups=["g"], id="id",
        rules=["change accuracy 0.5"], scale=1 / 255, constant={"age": [1, 2]}, score=1,
    )  # fmt: skip
    expected = softmax(MEANS @ WEIGHTS + [5, 0])
    assert verdict.pair is not None
    for found in (verdict.pair.candidate, load(Path("out/predictions-candidate.parquet"))):
        assert found.probabilities == pytest.approx(expected, abs=1e-6)
        assert found.model == hashlib.sha256(Path("a.onnx").read_bytes()).hexdigest()
