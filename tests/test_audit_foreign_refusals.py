"""What an ONNX file does not tell is asked for by name; what cannot be used says why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from auditing import run
from foreign import WEIGHTS, asked, pictures, table, write
from onnx import TensorProto, helper

NORMAL: dict[str, Any] = {"scale": "1/255"}
PLAIN = (
    "faircompress audit --baseline a.onnx --candidate a.onnx --data pictures.parquet --label y "
    "--group g --id id --rule 'change accuracy 0.5'"
)


@pytest.fixture(autouse=True)
def _shown(in_empty_folder: None) -> None:
    table(pictures())


def refusal(file: str = "a.onnx", **said: Any) -> str:
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        asked(file, **said)
    return str(error.value)


@pytest.mark.parametrize(
    ("written", "said", "words"),
    [
        ({}, {}, "a.onnx takes 'x' tensor(float) (batch, 3, 4, 4): nobody can see what it was"),
        ({}, {"mean": "104,117,123"}, "--scale 1 (0-255) or --scale 1/255 (0-1)"),
        ({}, {"mean": 0, "std": 1}, "--scale 1 (0-255) or --scale 1/255 (0-1)"),
        ({}, {**NORMAL, "mean": "1,2"}, "--mean holds 2 numbers; a.onnx takes 3 channels"),
        ({}, {**NORMAL, "layout": "NHWC"}, "--layout NHWC, but a.onnx takes 'x'"),
        ({}, {**NORMAL, "channels": "grey"}, "--channels grey, but a.onnx takes 3 channels"),
        ({"shape": ("n", "c", "h", "w")}, NORMAL, "name them: --layout NCHW or NHWC"),
        ({"shape": ("n", "c", "h", "w")}, {**NORMAL, "layout": "NCHW"},
         "does not say how many channels it takes; name them: --channels rgb or bgr or grey"),
        ({"shape": ("n", 3, 4, 3)}, NORMAL, "name them: --layout NCHW or NHWC"),
        ({"shape": ("n", 4, 4), "layout": "NHW"}, NORMAL, "name them: --layout CHW or NHW"),
        ({"shape": ("n", 4, 4, 4), "weights": np.ones((4, 2))}, NORMAL,
         "needed are pictures of 1 or 3 channels"),
        ({"kind": "bfloat16"}, {}, "needed are pictures as whole numbers, float32, float16"),
        ({"kind": "int32"}, {}, "nobody can see what it was trained to get"),
        ({"kind": "uint8"}, NORMAL, "--scale, but a.onnx takes uint8, so it normalises"),
        ({"shape": ("n", 3, 8, 8)}, NORMAL, "it takes 8 x 8. Say how they are made so"),
        ({"head": ""}, NORMAL, "no probabilities. If they are logits, say so: --logits"),
        ({"head": ""}, {**NORMAL, "logits": False}, "If they are logits, say so: --logits"),
        ({}, {**NORMAL, "logits": True}, "are probabilities already: they lie in 0-1, sum 1"),
        ({"head": "Sigmoid", "weights": WEIGHTS[:, :1]}, {**NORMAL, "logits": True},
         "are probabilities already (it ends in a Sigmoid)"),
        ({"head": "", "weights": np.full((3, 1), 0.2)}, NORMAL,
         "so they may be either. Say which: --logits or --probabilities"),
        ({"head": "Sigmoid"}, NORMAL, "with a Sigmoid for each of 2 classes"),
        ({"weights": np.hstack([WEIGHTS, WEIGHTS])}, {**NORMAL, "classes": ("0", "1")},
         "gives 4 scores a picture ('headed'), but there are 2 classes: 0, 1"),
        ({"reshape": (-1, 1, 2, 1, 1)}, {**NORMAL, "output": "scores"}, "has no 'scores'"),
        ({"reshape": (1, -1)}, NORMAL, ""),
        ({"weights": np.full((3, 2), np.nan)}, NORMAL, "no finite number for 24 pictures, first"),
    ],
)  # fmt: skip
def test_what_is_not_told_is_asked_for_by_name(
    written: dict[str, Any], said: dict[str, Any], words: str
) -> None:
    write("a.onnx", **written)
    if words:
        assert words in refusal(**said)
    else:  # two scores in a row of their own: one picture a run is right
        assert "1 picture a run" in asked("a.onnx", **said).notes[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"layout": "WHCN"}, "--layout is 'WHCN'; needed is one of NCHW, NHWC, CHW, HWC, NHW"),
        ({"mean": "a,b,c"}, "--mean holds 'a'; needed is a number, such as 0.5 or 1/255"),
        ({"std": "0"}, "--std holds '0'; needed is a number above 0"),
        ({"scale": "1/0"}, "--scale holds '1/0'"),
        ({"resize": "4x4x3"}, "--resize is '4x4x3'; needed is a side"),
        ({"candidate": "scale"}, "--candidate-with: 'scale' has no value; write scale=VALUE"),
        ({"candidate": "scal=1"}, "--candidate-with: there is no 'scal'. Did you mean 'scale'?"),
        ({"baseline": {"std": 0}}, "--baseline-with std holds '0'"),
        ({"scale": 1, "crop": "9"}, "--crop: the picture of 'r0' has 4 x 4 before a crop"),
    ],
)
def test_an_option_that_holds_nonsense_is_named(said: dict[str, Any], words: str) -> None:
    write("a.onnx")
    assert words in refusal(**said)


def changed(change: Callable[[onnx.GraphProto], object], **written: Any) -> None:
    model = write("a.onnx", **written)
    change(model.graph)
    onnx.save(model, "a.onnx")


def info(name: str, kind: int, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def test_several_inputs_words_and_whole_numbers_are_refused() -> None:
    changed(lambda graph: graph.input.append(info("age", TensorProto.FLOAT, ["batch", 1])))
    assert "takes 2 inputs: 'x' tensor(float) (batch, 3, 4, 4), 'age'" in refusal(**NORMAL)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["t"], ["o"])], "words",
        [info("t", TensorProto.STRING, ["n"])], [info("o", TensorProto.STRING, ["n"])],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), "a.onnx")
    assert "takes 't' tensor(string) (n); needed are pictures" in refusal(**NORMAL)
    with_argmax: list[onnx.NodeProto] = [helper.make_node("ArgMax", ["logits"], ["class"], axis=1)]

    def decided(graph: onnx.GraphProto) -> None:
        graph.node.extend(with_argmax)
        graph.output.append(info("class", TensorProto.INT64, None))  # type: ignore[arg-type]

    changed(decided)
    assert asked("a.onnx", **NORMAL).baseline.probabilities.shape == (24, 2)
    assert "If it holds decided classes, audit its predictions as a table" in refusal(
        **NORMAL, output="class"
    )
    assert asked("a.onnx", **NORMAL, output="headed").baseline.probabilities.shape == (24, 2)


def test_a_map_of_pixels_or_boxes_is_no_row_of_scores() -> None:
    changed(
        lambda graph: (
            graph.node.append(helper.make_node("Identity", ["f"], ["pixels"])),
            graph.output.append(info("pixels", TensorProto.FLOAT, None)),  # type: ignore[arg-type]
        )
    )
    words = "gives 'pixels' of shape (1, 3, 4, 4) for 1 picture; needed is one score"
    said = refusal(**NORMAL, output="pixels")
    assert words in said and "Name another output (--output headed)" in said


def test_an_opset_of_the_future_is_told() -> None:
    model = write("a.onnx")
    model.opset_import[0].version = 99
    onnx.save(model, "a.onnx")
    assert "It is written in opset 99; the newest known here is " in refusal(**NORMAL)


def test_words_as_labels_need_names_for_the_scores() -> None:
    import pandas as pd

    write("a.onnx")
    cells = pd.read_parquet("pictures.parquet")
    cells.assign(y=np.where(cells.y, "blond", "dark")).to_parquet("pictures.parquet")
    assert "Name the classes in the order of its scores: --classes" in refusal(**NORMAL)
    named = asked("a.onnx", **NORMAL, classes=("dark", "blond")).baseline
    assert named.classes == ("dark", "blond") and (named.labels == np.arange(24) % 2).all()
    write("a.onnx", classes='["dark", "grey"]')
    write("b.onnx", classes='["dark", "fair"]')
    with pytest.raises(ValueError, match="a.onnx names its classes dark, grey, b.onnx dark, fair"):
        asked("a.onnx", "b.onnx", **NORMAL)


def test_both_files_are_tried_before_the_second_picture_is_read() -> None:
    write("a.onnx")
    write("wrong.onnx", head="")
    cells = pictures()
    table(cells)
    import pandas as pd

    rows = pd.read_parquet("pictures.parquet")
    rows.assign(image=[rows.image[0], *[b"broken"] * 23]).to_parquet("pictures.parquet")
    command = f"{PLAIN} --scale 1/255"
    assert "the picture of 'r1' cannot be read" in run(command).err
    wrong = run(command.replace("--candidate a.onnx", "--candidate wrong.onnx"))
    assert (wrong.code, "wrong.onnx: its scores 'logits'" in wrong.err) == (3, True), wrong.err


def test_options_of_files_are_refused_for_tables() -> None:
    Path("t.csv").write_text("y,p\n0,0.1\n1,0.9\n")
    command = "faircompress audit t.csv --baseline p --candidate p --label y --group y"
    command += " --rule 'change accuracy 0.5'"
    for flag, name in (("--probabilities", "probabilities"), ("--mean 0.5", "mean")):
        assert (
            f"--{name} is said of ONNX files, but there is a table" in run(f"{command} {flag}").err
        )


def test_latency_is_measured_with_the_batch_that_a_file_takes() -> None:
    write("a.onnx", shape=(1, 3, 4, 4))
    rule = "- {rule: latency, limit: 2000 ms, batch: %d}\n- {rule: flips, limit: 0.9}\n"
    command = PLAIN.replace("--rule 'change accuracy 0.5'", "--rules r.yaml") + " --scale 1/255"
    Path("r.yaml").write_text(rule % 4)
    assert "a.onnx takes 1 pictures a run. Write batch: 1" in run(command).err
    Path("r.yaml").write_text(rule % 1)
    assert run(command).code in (0, 2)
