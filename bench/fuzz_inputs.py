"""What `bench/fuzz.py` feeds to each reader: good inputs, changed until they are hardly any."""

import io
import json
import math
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
ODD_TEXTS = [
    "", " ", "\0", "ß\u202e", "1e999", "-1", "nan", "null", "~", "!!python/object:os.system",
    "../../etc/passwd", "/dev/zero", "a" * 5000, "&a [*a]", "\ud800", "٣", "0x1F",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([10**400, -1, 0, 2**63]),
    st.floats(allow_nan=True), st.sampled_from(ODD_TEXTS), st.text(max_size=8),
    st.dates(), st.binary(max_size=4),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    ),
    max_leaves=5,
)  # fmt: skip


def changed_bytes(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Give good bytes with a few of them changed, taken out, doubled or put in; or any bytes."""

    @st.composite
    def change(draw: st.DrawFn) -> bytes:
        found = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, max(len(found) - 1, 0)))
            kind = draw(st.sampled_from(["set", "cut", "take", "double", "put", "big"]))
            if kind == "set" and found:
                found[at] = draw(st.integers(0, 255))
            elif kind == "cut":
                del found[at:]
            elif kind == "take":
                del found[at : at + draw(st.integers(1, 64))]
            elif kind == "double":
                found[at:at] = found[at : at + draw(st.integers(1, 200))]
            elif kind == "put":
                found[at:at] = draw(st.binary(max_size=8))
            else:
                found[at : at + 4] = draw(
                    st.sampled_from([b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4])
                )
        return bytes(found)

    return st.one_of(change(), change(), change(), st.binary(max_size=300))


def changed_values(good: Any) -> st.SearchStrategy[Any]:
    """Give a good document with some of its values, keys or branches changed."""

    @st.composite
    def change(draw: st.DrawFn) -> Any:
        found = json.loads(json.dumps(good))
        for _ in range(draw(st.integers(1, 3))):
            found = _one_changed(draw, found)
        return found

    return change()


def _one_changed(draw: st.DrawFn, found: Any) -> Any:
    """Change one place, found by going down as far as the draw likes."""
    keys = (
        list(found)
        if isinstance(found, dict)
        else list(range(len(found)))
        if isinstance(found, list)
        else []
    )
    if not keys or draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(keys))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        del found[key]
    elif kind == 1 and isinstance(found, dict):
        found[draw(st.text(max_size=8) | st.integers())] = found.pop(key)
    elif kind == 2 and isinstance(found, dict):
        found[draw(st.sampled_from(["limit", "rule", "metric", "x", "name"]))] = draw(VALUES)
    else:
        found[key] = _one_changed(draw, found[key])
    return found


def yaml_bytes(value: Any) -> bytes:
    """Return a document as YAML; of a value that YAML cannot write, its Python form."""
    try:
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode(
            "utf-8", "surrogatepass"
        )
    except (yaml.YAMLError, ValueError, TypeError):
        return repr(value).encode("utf-8", "surrogatepass")


def params() -> st.SearchStrategy[bytes]:
    """Give params.yaml, changed in its values or in its letters."""
    text = (ROOT / "params.yaml").read_bytes()
    return st.one_of(changed_values(yaml.safe_load(text)).map(yaml_bytes), changed_bytes([text]))


def rules() -> st.SearchStrategy[bytes]:
    """Give a file of rules, changed."""
    gate = yaml.safe_load((ROOT / "params.yaml").read_text())["gate"]
    return st.one_of(
        changed_values(gate).map(yaml_bytes), changed_values(gate["rules"]).map(yaml_bytes),
        changed_bytes([yaml_bytes(gate)]),
    )  # fmt: skip


def rule_texts() -> st.SearchStrategy[str]:
    """Give rules as they are typed."""
    words = st.sampled_from(
        ["change", "gap", "minimum", "flips", "excess_loss", "disparity_change", "auroc",
         "true_positive_rate", "0.1", "champion", "5%", "5 points", "-1", "nan", "1e-400", "∞"]
    )  # fmt: skip
    good = st.sampled_from(["change auroc 0.03", "flips 0.1", "minimum accuracy 0.5", "size 0.5"])
    any_words = st.lists(words | st.text(string.printable, max_size=6), max_size=5).map(" ".join)
    return st.one_of(any_words, any_words, st.tuples(good, words).map(" ".join), good)


def csv_tables() -> st.SearchStrategy[bytes]:
    """Give tables of predictions as text, changed."""
    rows = [f"r{i},{i % 2},{i / 20},{1 - i / 20},{'fm'[i % 2]},p{i // 2}" for i in range(20)]
    text = "\n".join(["id,label,baseline,candidate,sex,person", *rows])
    seeds = [
        text,
        text.replace(",", ";"),
        text.replace(",", "\t"),
        '"' + text.replace("\n", '"\n"'),
    ]
    cells = st.lists(st.lists(SCALARS.map(str), min_size=1, max_size=6), min_size=1, max_size=6)
    made = cells.map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
    )
    encoded = [s.encode(how) for s in seeds for how in ("utf-8", "utf-16", "latin-1")]
    return st.one_of(changed_bytes(encoded), made)


def parquet_tables() -> st.SearchStrategy[bytes]:
    """Give Parquet files, changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    seeds = []
    for how in ("snappy", "none"):
        table = pa.table(
            {"id": [str(i) for i in range(9)], "label": [0, 1, None] * 3,
             "p": [0.5, math.nan, 1.0] * 3,
             "sex": pa.array(list("fmf") * 3).dictionary_encode(), "image": [b"x"] * 9,
             "nested": [[1]] * 9, "when": pa.array([0] * 9, pa.timestamp("ns"))}
        )  # fmt: skip
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression=how)
        seeds.append(buffer.getvalue())
    return changed_bytes(seeds)


def pictures() -> st.SearchStrategy[bytes]:
    """Give image files of many kinds, changed."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    seeds = []
    for mode in ("RGB", "L", "P", "RGBA", "I;16", "CMYK", "1"):
        picture = Image.fromarray(pixels)
        picture = picture.convert(mode) if mode != "I;16" else Image.new(mode, (7, 9), 999)
        for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
            buffer = io.BytesIO()
            try:
                picture.save(buffer, kind)
            except (OSError, ValueError):
                continue
            seeds.append(buffer.getvalue())
    return changed_bytes(seeds)


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


def predictions() -> st.SearchStrategy[bytes]:
    """Give saved predictions, changed in their bytes or in the facts beside them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = {"classes": ["a", "b"], "model": "m" * 64, "data": "d" * 64, "max_weight": [],
             "fixed_counts": []}  # fmt: skip
    table = pa.table(
        {"id": ["1", "2"], "label": [0, 1], "weight": [1.0, 1.0], "p:0": [0.5, 0.2],
         "p:1": [0.5, 0.8], "group:sex": ["f", "m"]}
    )  # fmt: skip

    def packed(found: Any) -> bytes:
        buffer = io.BytesIO()
        text = json.dumps(found, default=str)
        pq.write_table(table.replace_schema_metadata({b"faircompress": text}), buffer)
        return buffer.getvalue()

    return st.one_of(changed_values(facts).map(packed), changed_bytes([packed(facts)]))
