"""A file is tried before it is believed: do pictures change each other's scores, or chance?"""

from typing import Any

import numpy as np
import onnx
import pytest
from foreign import WEIGHTS, asked, pictures, softmax, table
from onnx import TensorProto, helper, numpy_helper

NORMAL: dict[str, Any] = {"scale": "1/255"}
MEANS = [("ReduceMean", ["u", "axes"], "m", {"keepdims": 0}), ("MatMul", ["m", "w"], "z", {})]
SOFTMAX = ("Softmax", ["z"], "p", {})
MINMAX = [
    ("ReduceMin", ["x"], "low", {"keepdims": 0}), ("ReduceMax", ["x"], "high", {"keepdims": 0}),
    ("Sub", ["high", "low"], "range", {}), ("Sub", ["x", "low"], "up", {}),
    ("Div", ["up", "range"], "u", {}), *MEANS, SOFTMAX,
]  # fmt: skip


def network(
    nodes: list[tuple[str, list[str], str, dict[str, Any]]],
    shape: tuple[int | str, ...] = ("n", 3, "h", "w"),
    **parts: np.ndarray,
) -> None:
    """Write ``a.onnx``; its last node gives the scores."""
    given = {"w": WEIGHTS * 10, "axes": np.array([2, 3]), **parts}
    used = {name for _, inputs, _, _ in nodes for name in inputs}
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [out], **more) for kind, inputs, out, more in nodes],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(nodes[-1][2], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, key) for key, value in given.items() if key in used],
    )
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), "a.onnx")


def refusal(**said: Any) -> str:
    with pytest.raises(ValueError) as error:
        asked("a.onnx", **{**NORMAL, **said})
    return str(error.value)


def stretched(shown: np.ndarray) -> np.ndarray:
    """Each picture's own range brought to 0-1, by hand."""
    found = []
    for one in shown / 255:
        mean = ((one - one.min()) / (one.max() - one.min())).mean(axis=(0, 1))
        found.append(softmax((mean @ WEIGHTS * 10)[None])[0])
    return np.array(found)


@pytest.mark.parametrize("full", [True, False])
def test_a_range_over_the_whole_batch_is_found_whatever_range_the_first_picture_has(
    full: bool, in_empty_folder: None
) -> None:
    shown = pictures()
    if full:  # its negative has this range too
        shown[0, 0, 0], shown[0, 1, 1] = 0, 255
    table(shown)
    network(MINMAX)
    pair = asked("a.onnx", **NORMAL)
    assert "1 picture a run" in pair.notes[0]
    assert pair.baseline.probabilities == pytest.approx(stretched(shown), abs=1e-5)
    network(MINMAX, (2, 3, "h", "w"))
    assert "takes 2 pictures a run, and what it gives for one depends on the others" in refusal()


CLEAR = [  # only a picture brighter than 90 % moves the others, so the first shows nothing
    ("ReduceMax", ["x"], "high", {"keepdims": 0}), ("Sub", ["high", "nine"], "over", {}),
    ("Relu", ["over"], "more", {}), ("Identity", ["x"], "u", {}), *MEANS,
    ("Mul", ["more", "many"], "times", {}), ("Add", ["z", "times"], "moved", {}),
    ("Softmax", ["moved"], "p", {}),
]  # fmt: skip


def test_pictures_of_the_table_are_asked_about_together_and_alone(in_empty_folder: None) -> None:
    shown = pictures()
    shown[0] = 128  # so its negative and its half are as dark
    shown[17] = 250
    table(shown)
    parts = {"nine": np.float32(0.9), "many": np.array([50.0, 0.0], np.float32)}
    network(CLEAR, **{key: np.asarray(value) for key, value in parts.items()})
    pair = asked("a.onnx", **NORMAL)
    mean = shown.mean(axis=(1, 2)) / 255 @ WEIGHTS * 10
    bright = np.maximum(shown.max(axis=(1, 2, 3)) / 255 - 0.9, 0)
    expected = softmax(mean + bright[:, None] * [50, 0])
    assert pair.baseline.probabilities == pytest.approx(expected, abs=1e-5)
    assert "1 picture a run" in pair.notes[0]
    network(CLEAR, (3, 3, "h", "w"), **{key: np.asarray(value) for key, value in parts.items()})
    assert "takes 3 pictures a run, and what it gives for one depends" in refusal()


@pytest.mark.parametrize("shape", [("n", 3, "h", "w"), (1, 3, 4, 4), (3, 3, 4, 4)])
def test_a_file_that_draws_random_numbers_is_refused(
    shape: tuple[int | str, ...], in_empty_folder: None
) -> None:
    table(pictures())
    drawn = [
        ("Identity", ["x"], "u", {}), *MEANS,
        ("RandomUniformLike", ["z"], "noise", {"low": -1.0, "high": 1.0}),
        ("Add", ["z", "noise"], "noisy", {}), ("Softmax", ["noisy"], "p", {}),
    ]  # fmt: skip
    network(drawn, shape)
    assert "gives other scores for the same picture when it is asked twice" in refusal()


def test_as_many_numbers_as_were_found_are_no_scores(in_empty_folder: None) -> None:
    table(pictures())
    some = [
        ("Identity", ["x"], "u", {}), MEANS[0], ("Reshape", ["m", "flat"], "row", {}),
        ("Greater", ["row", "half"], "found", {}), ("Compress", ["row", "found"], "scores", {}),
    ]  # fmt: skip
    network(some, flat=np.array([-1]), half=np.array(0.45, np.float32))
    told = refusal(logits=True)
    assert "gives 'scores' of " in told and "numbers for some pictures, of " in told
    network(some, flat=np.array([-1]), half=np.array(2, np.float32))
    assert "gives 'scores' of shape (0,) for 1 picture; needed is one score" in refusal()


def test_a_file_that_computes_otherwise_from_so_many_pictures_on_is_fed_one_by_one(
    in_empty_folder: None,
) -> None:
    shown = np.concatenate([pictures()] * 3)  # more than are tried at first
    shown[:, 0, 0, 0] = np.arange(len(shown))
    table(shown)
    sign = [
        ("Shape", ["x"], "shape", {}), ("Gather", ["shape", "zero"], "count", {}),
        ("Less", ["count", "many"], "few", {}), ("Identity", ["x"], "u", {}), *MEANS,
        ("Neg", ["z"], "turned", {}), ("Where", ["few", "z", "turned"], "s", {}),
        ("Softmax", ["s"], "p", {}),
    ]  # fmt: skip
    network(sign, zero=np.array(0), many=np.array(len(shown) - 1))
    expected = softmax((shown / 255).mean(axis=(1, 2)) @ WEIGHTS * 10)
    pair = asked("a.onnx", **NORMAL)
    assert pair.baseline.probabilities == pytest.approx(expected, abs=1e-5)
    assert "1 picture a run" in pair.notes[0]


@pytest.mark.parametrize("softmax_after", [False, True])
def test_scores_that_are_sorted_by_size_are_no_scores_of_classes(
    softmax_after: bool, in_empty_folder: None
) -> None:
    table(pictures())
    ends = [("TopK", ["z", "two"], "top", {}), ("Softmax", ["top"], "p", {})]
    ends = ends if softmax_after else [SOFTMAX, ("TopK", ["p", "two"], "top", {})]
    network([("Identity", ["x"], "u", {}), *MEANS, *ends], two=np.array([2]))
    model = onnx.load("a.onnx")
    top = next(node for node in model.graph.node if node.op_type == "TopK")
    top.output.append("places")
    onnx.save(model, "a.onnx")
    assert "out of a TopK: the largest scores first, so nothing says which class" in refusal()


def test_a_file_without_outputs_is_refused(in_empty_folder: None) -> None:
    table(pictures())
    network([("Identity", ["x"], "u", {}), *MEANS, SOFTMAX])
    model = onnx.load("a.onnx")
    del model.graph.output[:]
    onnx.save(model, "a.onnx")
    assert "a.onnx gives no output, so it has no scores" in refusal()
