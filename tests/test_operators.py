"""What torch's exporter knows of operators is read once, and no export changes it for the next."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

from faircompress.export import operators
from faircompress.export.to_onnx import to_onnx
from faircompress.networks.network import Network


def file() -> bytes:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 6 * 6, 2))
    network = Network(net.eval(), "tiny", 2, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
    return to_onnx(network, (8, 8), opset=20, words={})


def test_two_exports_read_it_once_and_write_what_one_does_that_reads_it_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, times = ONNXRegistry.__dict__["from_torchlib"], list[int]()

    def counted(cls: type[Any], opset_version: int = 18) -> Any:
        times.append(opset_version)
        return read.__func__(cls, opset_version)

    monkeypatch.setattr(operators, "KNOWN", {})
    monkeypatch.setattr(ONNXRegistry, "from_torchlib", classmethod(counted))
    first, second = file(), file()
    assert len(times) == 1
    assert ONNXRegistry.__dict__["from_torchlib"].__func__ is counted  # put back
    operators.KNOWN.clear()
    made = ONNXRegistry.__init__

    def otherwise(self: Any) -> None:
        made(self)
        self.what_another_torch_keeps = {}

    monkeypatch.setattr(ONNXRegistry, "__init__", otherwise)
    assert file() == first == second
    assert len(times) == 2 and operators.KNOWN == {}


def test_an_operator_that_one_export_brings_along_is_unknown_to_the_next() -> None:
    op = torch.ops.aten.relu.default
    with operators.known():
        one, other = ONNXRegistry.from_torchlib(), ONNXRegistry.from_torchlib()
    one.register_op(op, lambda x: x)
    assert len(one.get_decomps(op)) == len(other.get_decomps(op)) + 1
    assert set(one.functions) == set(other.functions)
