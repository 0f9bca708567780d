"""What files call their scores, and what labels call them: nothing is guessed by place."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from foreign import WEIGHTS, asked, pictures, softmax, table, write
from onnx import helper

SHOWN = pictures()
MEANS = SHOWN.mean(axis=(1, 2)) / 255
FOUR = np.hstack([WEIGHTS, WEIGHTS[:, :1] - 1, WEIGHTS[:, 1:] / 2])
NORMAL: dict[str, Any] = {"scale": "1/255"}


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(SHOWN)


def labelled(names: list[Any]) -> None:
    cells = pd.read_parquet("pictures.parquet")
    labels = [names[row % len(names)] for row in range(len(cells))]
    cells.assign(y=labels).to_parquet("pictures.parquet")


def refusal(*files: str, **said: Any) -> str:
    with pytest.raises(ValueError) as error:
        asked(*(files or ("a.onnx",)), **{**NORMAL, **said})
    return str(error.value)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 1, 2], [0, 5], [2, 3, 4, 5]])
def test_labels_that_share_some_numbers_with_the_names_of_scores_are_asked_about(
    labels: list[int],
) -> None:
    write("a.onnx", weights=FOUR, classes='["1", "2", "3", "4"]')
    labelled(labels)
    told = refusal()
    assert "but a file names its classes 1, 2, 3, 4" in told and "--classes 0,1,2,3" in told


def test_labels_that_are_names_or_said_to_count_scores_are_taken() -> None:
    write("a.onnx", weights=FOUR, classes='["1", "2", "3", "4"]')
    labelled([1, 2, 3])
    assert asked("a.onnx", **NORMAL).baseline.labels.tolist() == [0, 1, 2] * 8
    labelled([0, 1, 2, 3])
    found = asked("a.onnx", **NORMAL, classes=("0", "1", "2", "3")).baseline
    assert found.labels.tolist() == [0, 1, 2, 3] * 6
    assert found.probabilities == pytest.approx(softmax(MEANS @ FOUR), abs=1e-6)
    write("a.onnx", weights=FOUR, classes='["a", "b", "c", "d"]')
    assert asked("a.onnx", **NORMAL).baseline.labels.tolist() == [0, 1, 2, 3] * 6
    labelled(["a", "1"])
    assert "holds no known class in 12 of 24 rows, first in 'r1', '1'" in refusal()


@pytest.mark.parametrize("text", ["[1, 0]", '["1", "0"]', "[1.0, 0.0]", "[true, false]"])
def test_numbers_are_names_and_the_positive_is_asked_for_where_no_stands_second(text: str) -> None:
    write("a.onnx", classes=text)
    no, yes = ("False", "True") if "true" in text else ("0", "1")
    labelled([0, 1] if no == "0" else [False, True])
    assert f"classes {yes}, {no}; which is the positive? Name both" in refusal()
    expected = softmax(MEANS @ WEIGHTS)
    found = asked("a.onnx", **NORMAL, classes=(no, yes)).baseline
    assert found.probabilities == pytest.approx(expected[:, ::-1], abs=1e-6)
    other_way = asked("a.onnx", **NORMAL, classes=(yes, no)).baseline
    assert other_way.probabilities == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("yes", "no"), ("Positive", "Negative"), ("malignant", "benign"), ("mask", "no_mask"),
        ("t", "f"), ("1", "-1"), ("glaucoma", "normal"), ("DR", "No DR"),
    ],
)  # fmt: skip
def test_files_that_agree_on_the_word_no_as_the_second_do_not_tell_the_positive(
    yes: str, no: str
) -> None:
    for name in ("a.onnx", "b.onnx"):
        write(name, classes=json.dumps([yes, no]))
    labelled([no, yes])
    for files in (("a.onnx",), ("a.onnx", "b.onnx")):
        assert f"classes {yes}, {no}; which is the positive? Name both" in refusal(*files)
    expected = softmax(MEANS @ WEIGHTS)
    found = asked("a.onnx", **NORMAL, classes=(no, yes))
    assert found.baseline.probabilities == pytest.approx(expected[:, ::-1], abs=1e-6)
    assert not any("The positive class" in note for note in found.notes)
    meant = asked("a.onnx", **NORMAL, classes=(yes, no))
    assert meant.baseline.probabilities == pytest.approx(expected, abs=1e-6)
    assert any(f"The positive class is '{no}', the second of two" in one for one in meant.notes)


@pytest.mark.parametrize(
    "names", [["no", "yes"], ["f", "m"], ["m", "f"], ["dark", "fair"], ["1", "2"], ["n", "a"]]
)
def test_two_words_of_which_the_second_does_not_say_no_are_taken_as_the_file_has_them(
    names: list[str],
) -> None:
    write("a.onnx", classes=json.dumps(names))
    labelled(names)
    found = asked("a.onnx", **NORMAL)
    assert found.baseline.probabilities == pytest.approx(softmax(MEANS @ WEIGHTS), abs=1e-6)
    assert not any("The positive class" in note for note in found.notes)


def test_two_files_that_order_two_words_differently_do_not_tell_the_positive() -> None:
    write("a.onnx", classes='["dark", "fair"]')
    write("b.onnx", classes='["fair", "dark"]', weights=WEIGHTS[:, ::-1])
    labelled(["dark", "fair"])
    for files in (("a.onnx", "b.onnx"), ("b.onnx", "a.onnx")):
        assert "dark; which is the positive?" in refusal(*files) or "fair; which" in refusal(*files)
    pair = asked("a.onnx", "b.onnx", **NORMAL, classes=("fair", "dark"))
    assert pair.candidate.probabilities == pytest.approx(pair.baseline.probabilities, abs=1e-6)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"0": "a"}', "[[0], [1]]", "no"])
def test_metadata_that_are_no_list_of_names_are_passed_over(text: str) -> None:
    write("a.onnx", classes=text)
    assert asked("a.onnx", **NORMAL).baseline.classes == ("y=0", "y=1")


def test_names_that_stand_twice_are_refused_as_numbers_too() -> None:
    write("a.onnx", classes='[1, "1"]')
    assert "a.onnx names its classes 1, 1; they must all be different" in refusal()


def test_an_input_without_a_shape_is_taken_once_its_axes_are_named() -> None:
    model = write("a.onnx")
    model.graph.input[0].type.tensor_type.ClearField("shape")
    onnx.save(model, "a.onnx")
    told = refusal()
    assert "takes 'x' tensor(float) without a shape; name its axes and channels" in told
    assert "does not say how many channels" in refusal(layout="NCHW")
    found = asked("a.onnx", **NORMAL, layout="NCHW", channels="rgb").baseline
    assert found.probabilities == pytest.approx(softmax(MEANS @ WEIGHTS), abs=1e-6)
    assert "cannot be asked about pictures of shape" in refusal(layout="flat-HWC", channels="rgb")


def test_a_file_without_inputs_is_no_classifier() -> None:
    model = write("a.onnx")
    graph = model.graph
    del graph.node[:], graph.input[:], graph.initializer[:]
    graph.node.append(helper.make_node("Constant", [], ["headed"], value_floats=[0.3, 0.7]))
    onnx.save(model, "a.onnx")
    assert "a.onnx takes no input, so it gives the same" in refusal()


def test_an_export_names_its_classes_by_words_and_each_once(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    import faircompress

    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(4, 2),
    )  # fmt: skip
    how: dict[str, Any] = {"size": (16, 16), "mean": (0.0,) * 3, "std": (1.0,) * 3}
    path = faircompress.export(net, tmp_path / "net.onnx", classes=[0, np.int64(1)], **how)
    said = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert json.loads(said["classes"]) == ["0", "1"]
    with pytest.raises(ValueError, match=r"classes names 1, 1; name each class once"):
        faircompress.export(net, tmp_path / "net.onnx", classes=[1, "1"], **how)
