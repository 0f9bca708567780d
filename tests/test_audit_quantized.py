"""Files of torch, and what quantizers and converters make of them, as the audit sees them."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from foreign import asked, pictures, table
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)  # fmt: skip
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import nn

SHOWN = pictures(24, (8, 8))
SAID = {"mean": "0.5", "std": "0.25"}
PLANES = torch.from_numpy(((SHOWN / 255 - 0.5) / 0.25).astype(np.float32)).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    ).eval()
    net[-1].weight.data *= 3
    return net


@pytest.fixture(scope="module")
def exported(network: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.onnx.export(
        network, (PLANES[:2],), buffer, dynamo=False, opset_version=17, input_names=["input"],
        output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )  # fmt: skip
    return buffer.getvalue()


@pytest.fixture(scope="module")
def expected(network: nn.Module) -> np.ndarray:
    with torch.no_grad():
        return network(PLANES).softmax(1).double().numpy()


@pytest.fixture(autouse=True)
def _here(in_empty_folder: None, exported: bytes) -> None:
    table(SHOWN)
    Path("torch.onnx").write_bytes(exported)


class Calibration(CalibrationDataReader):
    def __init__(self) -> None:
        self.left: Iterator[dict[str, np.ndarray]] = iter([{"input": PLANES.numpy()}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


def differs(file: str, expected: np.ndarray) -> float:
    found = asked("torch.onnx", file, **SAID, logits=True)
    assert found.baseline.probabilities == pytest.approx(expected, abs=1e-5)
    return float(np.abs(found.candidate.probabilities - expected).max())


@pytest.mark.parametrize("form", list(QuantFormat))
def test_int8_of_both_forms_is_near_the_network(form: QuantFormat, expected: np.ndarray) -> None:
    quant_pre_process("torch.onnx", "ready.onnx")
    quantize_static("ready.onnx", "int8.onnx", Calibration(), quant_format=form)
    kinds = {node.op_type for node in onnx.load("int8.onnx").graph.node}
    assert ("QLinearConv" in kinds) == (form == QuantFormat.QOperator)
    assert 0 < differs("int8.onnx", expected) < 0.05


@pytest.mark.parametrize("keep", [True, False])
def test_half_precision_is_near_the_network(keep: bool, expected: np.ndarray) -> None:
    half = convert_float_to_float16(onnx.load("torch.onnx"), keep_io_types=keep)
    onnx.save(half, "half.onnx")
    assert 0 < differs("half.onnx", expected) < 0.01


def test_dynamic_int8_gives_a_picture_the_same_scores_whatever_it_is_tested_with(
    expected: np.ndarray,
) -> None:
    quant_pre_process("torch.onnx", "ready.onnx")
    quantize_dynamic("ready.onnx", "dynamic.onnx", weight_type=QuantType.QUInt8)
    pair = asked("torch.onnx", "dynamic.onnx", **SAID, logits=True)
    assert "1 picture a run" in pair.notes[1] and "a run" not in pair.notes[0]
    whole = pair.candidate.probabilities
    table(SHOWN[:2])
    some = asked("torch.onnx", "dynamic.onnx", **SAID, logits=True).candidate.probabilities
    assert np.array_equal(some, whole[:2])
    assert np.abs(whole - expected).max() < 0.1
