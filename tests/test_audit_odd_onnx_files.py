"""Files that are no ONNX files, or new ones, or call things otherwise than others do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from foreign import WEIGHTS, asked, pictures, table, write
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(pictures())


def refusal(**options: Any) -> str:
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        asked("a.onnx", scale="1/255", **options)
    return str(error.value)


def function(name: str, *nodes: onnx.NodeProto) -> onnx.FunctionProto:
    """Return a function of a file's own, from a to b."""
    operators = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["a"], ["b"], list(nodes), operators)


def with_function(made: onnx.FunctionProto, **how: Any) -> None:
    """Write a file of one score, which goes through a function at the end."""
    model = write("a.onnx", weights=WEIGHTS[:, :1], **how)
    last = model.graph.output[0].name
    model.graph.node.append(helper.make_node(made.name, [last], ["end"], domain="own"))
    model.graph.output[0].name = "end"
    model.functions.append(made)
    model.opset_import.append(helper.make_opsetid("own", 1))
    onnx.save(model, "a.onnx")


def of_the_future() -> None:
    model = write("a.onnx")
    model.ir_version = 99
    onnx.save(model, "a.onnx")


def with_a_strange_function() -> None:
    with_function(function("Head", helper.make_node("Odd", ["a"], ["b"], domain="own")))


def in_eight_bits() -> None:
    """End in numbers of the type bfloat16."""
    model = write("a.onnx")
    node = helper.make_node("Cast", ["headed"], ["end"], to=TensorProto.BFLOAT16)
    model.graph.node.append(node)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("end", TensorProto.BFLOAT16, None))
    onnx.save(model, "a.onnx")


def in_percent() -> None:
    model = write("a.onnx")
    hundred = numpy_helper.from_array(np.array(100, np.float32), "hundred")
    model.graph.initializer.append(hundred)
    model.graph.node.append(helper.make_node("Mul", ["headed", "hundred"], ["end"]))
    model.graph.output[0].name = "end"
    onnx.save(model, "a.onnx")


def a_pointer() -> None:
    Path("a.onnx").write_text("version https://git-lfs.github.com/spec/v1\nsize 9\n")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            of_the_future,
            "Unsupported model IR version: 99, max supported IR version: 13. Export it",
        ),
        (with_a_strange_function, "It uses own.Odd, an operator of its own"),
        (in_eight_bits, "needed are scores as float numbers. Export it so, or audit its"),
        (in_percent, "each row sums to 100: percent, and needed are shares of 1"),
        (a_pointer, "It is a pointer of Git LFS: run git lfs pull."),
        (lambda: Path("a.onnx").mkdir(), "a.onnx is a folder; needed is an ONNX file."),
    ],
)
def test_an_odd_file_is_told_in_its_own_words(written: Callable[[], None], words: str) -> None:
    written()
    message = refusal()
    assert words in message
    assert "onnxruntime_src" not in message


def test_percent_is_not_taken_for_logits() -> None:
    in_percent()
    assert "percent" in refusal(logits=True)


def test_a_function_called_as_an_operator_is_not_taken_for_it() -> None:
    nodes = (
        helper.make_node("Constant", [], ["one"], value_float=1.0),
        helper.make_node("Sub", ["one", "a"], ["b"]),
    )
    with_function(function("Identity", *nodes), head="Sigmoid")  # of the other class
    assert "Say which: --logits or --probabilities" in refusal()
