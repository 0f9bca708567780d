"""Files of networks that `bench/fuzz.py` feeds to their readers: ONNX, weights, our own."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_inputs import ODD_TEXTS, changed_bytes, changed_values
from hypothesis import strategies as st


def onnx_files() -> st.SearchStrategy[bytes]:
    """Give ONNX files, changed in their bytes or in their parts."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["a"]),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["y"], transB=1),
        helper.make_node("Softmax", ["y"], ["p"], axis=1),
    ]
    shapes: list[tuple[str, list[str | int | None]]] = [("x", ["n", 3, 8, 8]), ("p", ["n", 2])]
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
             for n, s in shapes]  # fmt: skip
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], [kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"classes": '["a", "b"]'})
    good = model.SerializeToString()

    @st.composite
    def parts(draw: st.DrawFn) -> bytes:
        found = onnx.load_model_from_string(good)
        node = found.graph.node[draw(st.integers(0, 3))]
        kind = draw(st.integers(0, 6))
        if kind == 0:
            node.op_type = draw(st.sampled_from(["Nothing", "Loop", "If", "Conv", ""]))
        elif kind == 1:
            node.domain = draw(st.sampled_from(["com.microsoft", "me", "\0"]))
        elif kind == 2:
            node.input[0] = draw(st.sampled_from(["", "x", "p", "nowhere", "y"]))
        elif kind == 3:
            found.metadata_props[0].value = draw(st.sampled_from(ODD_TEXTS[:12]))
        elif kind == 4:
            weights = found.graph.initializer[0]
            weights.data_location = TensorProto.EXTERNAL
            place = weights.external_data.add()
            place.key, place.value = (
                "location",
                draw(st.sampled_from(["../x", "/etc/passwd", "", "w", "."])),
            )
        elif kind == 5:
            found.opset_import[0].version = draw(st.sampled_from([0, -5, 2**40, 99]))
        else:
            shape = found.graph.input[0].type.tensor_type.shape
            shape.dim[draw(st.integers(0, 3))].dim_value = draw(
                st.sampled_from([0, -1, 2**31, 2**62])
            )
        return bytes(found.SerializeToString())

    return st.one_of(parts(), changed_bytes([good]))


def checkpoints() -> st.SearchStrategy[bytes]:
    """Give files of weights, of PyTorch and of safetensors, changed; one would run a command."""
    import pickle

    import torch

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return exec, ("raise SystemExit('a checkpoint ran code')",)

    seeds = []
    states: list[Any] = [
        {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2)},
        {"state_dict": {"module.fc.weight": torch.ones(2, 3)}, "epoch": 3},
        [torch.ones(1)], {"a": {"state_dict": 1}},
    ]  # fmt: skip
    for state in states:
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(state, buffer, _use_new_zipfile_serialization=zipped)
            seeds.append(buffer.getvalue())
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    seeds.append(len(head).to_bytes(8, "little") + head + bytes(4))
    seeds.append(pickle.dumps({"w": Evil()}))
    return changed_bytes(seeds)


def networks() -> st.SearchStrategy[bytes]:
    """Give a saved network, changed in its bytes or in its words."""
    import torch

    from faircompress.networks.network import build

    weights = build("small", 2).state_dict()
    words = {"architecture": "small", "classes": 2, "mean": (0.5,) * 3, "std": (0.5,) * 3}

    def packed(found: Any) -> bytes:
        buffer = io.BytesIO()
        torch.save(found, buffer)
        return buffer.getvalue()

    def told(found: Any) -> bytes:
        return packed({**found, "weights": weights} if isinstance(found, dict) else found)

    plain = {**words, "mean": [0.5] * 3, "std": [0.5] * 3}
    return st.one_of(changed_values(plain).map(told), changed_bytes([packed(words)]))
