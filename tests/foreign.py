"""ONNX files as other tools write them: a picture's mean colours, weighed, and any head."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from faircompress.auditing.file_options import of_both
from faircompress.auditing.pictures import from_files
from faircompress.auditing.rows import Asked, Pair
from faircompress.data.dataset import encode

WEIGHTS = np.array([[0.5, -1.0], [-1.0, 0.25], [0.25, 1.5]], np.float32)  # (channels, scores)
TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16,
         "float64": TensorProto.DOUBLE, "bfloat16": TensorProto.BFLOAT16,
         **{kind: getattr(TensorProto, kind.upper()) for kind in (
             "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64")}}  # fmt: skip
AXES = {"NCHW": [2, 3], "NHWC": [1, 2], "CHW": [1, 2], "HWC": [0, 1], "NHW": [1, 2]}


def write(
    path: str,
    *,
    layout: str = "NCHW",
    kind: str = "float32",
    shape: tuple[int | str, ...] = ("batch", 3, 4, 4),
    head: str = "Softmax",
    weights: np.ndarray = WEIGHTS,
    name: str = "x",
    reshape: tuple[int, ...] | None = None,
    **words: str,
) -> onnx.ModelProto:
    """Write a file; without ``head`` it gives logits, with ``reshape`` scores of that shape."""
    given = weights if "C" in layout else weights[:1]
    parts = {"w": given.astype(np.float32), "axes": np.array(AXES[layout])}
    keep = int(layout == "NHW")
    nodes = [
        helper.make_node("Cast", [name], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f", "axes"], ["mean"], keepdims=keep),
    ]
    means = "mean"
    if layout in ("NHW", "CHW", "HWC"):
        parts["row"] = np.array([-1, len(given)])
        nodes.append(helper.make_node("Reshape", ["mean", "row"], ["flat"]))
        means = "flat"
    nodes.append(helper.make_node("MatMul", [means, "w"], ["logits"]))
    last = "logits"
    if head:
        nodes.append(helper.make_node(head, [last], ["headed"]))
        last = "headed"
    if reshape is not None:
        parts["shape"] = np.array(reshape)
        nodes.append(helper.make_node("Reshape", [last, "shape"], ["shaped"]))
        last = "shaped"
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, TYPES[kind], shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, key) for key, value in parts.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, words)
    onnx.save(model, path)
    return model


def pictures(rows: int = 24, side: tuple[int, int] = (4, 4), seed: int = 0) -> np.ndarray:
    """Random pictures, each of a colour of its own."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(30, 226, (rows, 1, 1, 3))
    return (colours + rng.integers(-30, 30, (rows, *side, 3))).astype(np.uint8)


def table(shown: np.ndarray | list[np.ndarray], path: str = "pictures.parquet") -> None:
    """Write pictures as a table: labels in turn, two groups."""
    rows = np.arange(len(shown))
    cells = {"image": [encode(one) for one in shown], "y": rows % 2, "g": rows // 2 % 2}
    pd.DataFrame({**cells, "id": [f"r{row}" for row in rows]}).to_parquet(path)


def asked(
    one: str, other: str | None = None, *, classes: tuple[str, ...] = (), label: str = "y",
    baseline: Any = None, candidate: Any = None, **both: Any,
) -> Pair:  # fmt: skip
    """Ask two files about ``pictures.parquet``."""
    wanted = Asked(label, ("g",), classes, identifier="id")
    options = of_both(both, baseline, candidate)
    files = Path(one), Path(other or one)
    data = Path("pictures.parquet")
    return from_files(*files, data, wanted, image="image", split="test", options=options)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of rows."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of no and yes, of one column of logits."""
    found: np.ndarray = 1 / (1 + np.exp(-logits))
    return np.hstack([1 - found, found])
