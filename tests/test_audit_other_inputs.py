"""ONNX files that take more than pictures: what may be left out, has a default, or is no number."""

from typing import Any

import numpy as np
import onnx
import pytest
from foreign import asked, pictures, sigmoid, table
from onnx import TensorProto, helper, numpy_helper

from faircompress.support.errors import InputError

SHOWN = pictures()
MEANS = SHOWN.mean((1, 2)) / 255  # (pictures, colours)
COLUMN = np.array([[1.0], [-2.0], [0.5]], np.float32)


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(SHOWN)


def port(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def write(more: onnx.ValueInfoProto, *nodes: onnx.NodeProto, **defaults: Any) -> None:
    """Write a.onnx, the sigmoid of ``logits``, which ``nodes`` make of ``plain`` and one input."""
    first = [
        helper.make_node("ReduceMean", ["x", "axes"], ["means"], keepdims=0),
        helper.make_node("MatMul", ["means", "w"], ["plain"]),
    ]
    parts = {"axes": np.array([2, 3]), "w": COLUMN, **defaults}
    graph = helper.make_graph(
        [*first, *nodes, helper.make_node("Sigmoid", ["logits"], ["p"])], "g",
        [port("x", "n", 3, 4, 4), more], [port("p", "n", 1)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in parts.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, "a.onnx")


def given(**said: Any) -> tuple[np.ndarray, str]:
    pair = asked("a.onnx", scale="1/255", **said)
    return pair.baseline.probabilities, pair.notes[0]


def wanted(added: float) -> np.ndarray:
    return sigmoid(MEANS @ COLUMN + added)


ADD = helper.make_node("Add", ["plain", "bias"], ["logits"])


def of_any_kind(kind: onnx.TypeProto) -> onnx.ValueInfoProto:
    return helper.make_value_info("bias", kind)


def test_an_input_that_a_file_calls_optional_is_left_out_or_given() -> None:
    made = {
        "then_branch": [helper.make_node("OptionalGetElement", ["bias"], ["b"]),
                        helper.make_node("Add", ["plain", "b"], ["t"])],
        "else_branch": [helper.make_node("Identity", ["plain"], ["e"])],
    }  # fmt: skip
    branches = {
        name: helper.make_graph(nodes, name, [], [port(nodes[-1].output[0], "n", 1)])
        for name, nodes in made.items()
    }
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, ["n", 1])
    write(
        of_any_kind(helper.make_optional_type_proto(tensor)),
        helper.make_node("OptionalHasElement", ["bias"], ["has"]),
        helper.make_node("If", ["has"], ["logits"], **branches),
    )
    found, note = given()
    assert np.allclose(found, wanted(0), atol=1e-6) and "with bias left out" in note
    found, note = given(constant="bias=2")
    assert np.allclose(found, wanted(2), atol=1e-6) and "with bias = 2.0" in note


def test_an_input_with_a_default_has_it_unless_it_is_given() -> None:
    write(port("bias", 1), ADD, bias=np.array([3], np.float32))
    assert np.allclose(given()[0], wanted(3), atol=1e-6)
    assert np.allclose(given(constant="bias=-1")[0], wanted(-1), atol=1e-6)
    with pytest.raises(InputError, match=r"no input 'bios'.* 'bias' .*, with a default"):
        given(constant="bios=-1")


def test_an_input_of_undeclared_shape_takes_what_it_is_given_for_each_picture() -> None:
    bias = helper.make_tensor_value_info("bias", TensorProto.FLOAT, None)
    write(bias, helper.make_node("ReduceSum", ["bias", "one"], ["sum"], keepdims=1),
          helper.make_node("Add", ["plain", "sum"], ["logits"]), one=np.array([1]))  # fmt: skip
    with pytest.raises(InputError, match="'bias' tensor.float. of any shape"):
        given()
    for values in ("1,2,0.5", np.array([[1, 2, 0.5]])):
        assert np.allclose(given(constant={"bias": values})[0], wanted(3.5), atol=1e-6)


def test_an_input_of_as_many_numbers_as_one_likes_is_given_all_of_them() -> None:
    write(port("bias", "n", "many"),
          helper.make_node("ReduceSum", ["bias", "one"], ["sum"], keepdims=1),
          helper.make_node("Add", ["plain", "sum"], ["logits"]), one=np.array([1]))  # fmt: skip
    with pytest.raises(InputError, match="does not fit one picture. Give all its numbers by comm"):
        given(constant="bias=1")
    assert np.allclose(given(constant="bias=1,2")[0], wanted(3), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "maker"),
    [(helper.make_tensor_type_proto(TensorProto.STRING, ["n", 1]), "Shape"),
     (helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None)),
      "SequenceLength")],
    ids=["words", "sequence"],
)  # fmt: skip
def test_no_number_is_advised_for_an_input_that_takes_none(
    kind: onnx.TypeProto, maker: str
) -> None:
    write(of_any_kind(kind), helper.make_node(maker, ["bias"], ["unused"]),
          helper.make_node("Identity", ["plain"], ["logits"]))  # fmt: skip
    with pytest.raises(InputError) as refused:
        given()
    words = str(refused.value)
    assert "to which nothing can be given here but numbers; audit its predictions as a t" in words
    assert "--constant" not in words
