"""Files in fewer bits are what their names say, and say where they are from."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from faircompress.data.dataset import Facts, encode
from faircompress.export import right_shape, runtime, to_onnx
from faircompress.export.quantize import calibration_pictures, to_fp16, to_int8
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.support.files import write_json

FACTS = Facts(("no", "yes"), ("hair",), (32, 32), (0.5,) * 3, (0.25,) * 3, "d" * 64, {})
CELLS = {("0", "long"): 60, ("0", "short"): 30, ("1", "long"): 9, ("1", "short"): 1}


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    net = networks.build("resnet20", 2).eval()
    return Network(net, "resnet20", 2, FACTS.mean, FACTS.std)


@pytest.fixture(scope="module")
def whole(network: Network) -> bytes:
    words = to_onnx.words(network, FACTS, params="p")
    return to_onnx.to_onnx(network, FACTS.size, opset=20, words=words)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)


def said(content: bytes, folder: Path) -> np.ndarray:
    """Return what a file says of some pictures."""
    path = folder / "file.onnx"
    path.write_bytes(content)
    return runtime.predict(runtime.session(path, "cpu", threads=1), pictures(40))


def small(content: bytes) -> float:
    """Return which share of a file's weights, by number, are not float32."""
    sizes: Counter[bool] = Counter()
    for tensor in onnx.load_from_string(content).graph.initializer:
        sizes[tensor.data_type != onnx.TensorProto.FLOAT] += int(np.prod(tensor.dims))
    return sizes[True] / sizes.total()


def props(content: bytes) -> dict[str, str]:
    return {p.key: p.value for p in onnx.load_from_string(content).metadata_props}


def test_half_precision_takes_half_and_says_nearly_the_same(
    whole: bytes, network: Network, tmp_path: Path
) -> None:
    half = to_fp16(whole)
    assert small(half) > 0.99
    assert len(half) / len(whole) < 0.55
    right_shape.refuse_wrong_shape(half, network)
    difference = np.abs(said(half, tmp_path) - said(whole, tmp_path)).max()
    assert 0 < difference < 5e-3
    assert props(half) == {**props(whole), "precision": "fp16"}


@pytest.mark.parametrize("weight_bits", [7, 8])
def test_integers_take_a_quarter_and_say_nearly_the_same(
    weight_bits: int, whole: bytes, network: Network, tmp_path: Path
) -> None:
    quantized = to_int8(whole, pictures(40), weight_bits=weight_bits)
    assert small(quantized) > 0.95
    assert len(quantized) / len(whole) < 0.4  # scales and names weigh in a small network
    right_shape.refuse_wrong_shape(quantized, network)
    difference = np.abs(said(quantized, tmp_path) - said(whole, tmp_path)).max()
    assert 0 < difference < 0.1
    assert props(quantized) == {**props(whole), "precision": "int8"}
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load_from_string(quantized)
               .graph.initializer if t.data_type == onnx.TensorProto.INT8]  # fmt: skip
    largest = max(int(np.abs(w.astype(int)).max()) for w in weights)
    assert largest == {7: 64, 8: 127}[weight_bits]


def test_equal_pictures_give_equal_files(whole: bytes) -> None:
    one, other = (to_int8(whole, pictures(8), weight_bits=8) for _ in range(2))
    assert one == other
    assert to_fp16(whole) == to_fp16(whole)


def test_the_file_of_another_network_is_refused(whole: bytes) -> None:
    wider = Network(networks.build("small", 2), "small", 2, FACTS.mean, FACTS.std)
    quantized = to_int8(whole, pictures(8), weight_bits=8)
    with pytest.raises(ValueError, match="is not its network: missing"):
        right_shape.refuse_wrong_shape(quantized, wider)


def test_weights_written_twice_are_refused(whole: bytes, network: Network) -> None:
    model = onnx.load_from_string(to_fp16(whole))
    twice = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT16]
    for tensor in twice:
        model.graph.initializer.add().CopyFrom(tensor)
    with pytest.raises(ValueError, match="float16 numbers, its network"):
        right_shape.refuse_wrong_shape(model.SerializeToString(), network)


def test_without_pictures_there_are_no_ranges(whole: bytes) -> None:
    with pytest.raises(ValueError, match="there is none"):
        to_int8(whole, pictures(0), weight_bits=8)


@pytest.fixture
def validated(tmp_path: Path) -> Path:
    """Write 100 training pictures, the first pixel of each telling its cell, and a test picture."""
    cells = [cell for cell, count in CELLS.items() for _ in range(count)] + [("1", "bald")]
    images = pictures(len(cells))
    for image, cell in zip(images, cells, strict=True):
        image[0, 0, 0] = list({**CELLS, ("1", "bald"): 0}).index(cell)
    rows = pd.DataFrame(
        {
            "id": [f"row-{at}" for at in range(len(cells))],
            "split": ["train"] * 100 + ["test"],
            "label": [int(label) for label, _ in cells],
            "hair": [hair for _, hair in cells],
            "image": [encode(image) for image in images],
        }
    )
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), tmp_path / "data.parquet")
    write_json(tmp_path / "facts.json", {
        "classes": ["no", "yes"], "groups": ["hair"], "size": [32, 32], "mean": [0.5] * 3,
        "std": [0.25] * 3, "sha256": "d" * 64, "preparation": {},
    })  # fmt: skip
    return tmp_path


def cells_of(images: np.ndarray) -> list[int]:
    return [int(n) for n in np.bincount(images[:, 0, 0, 0], minlength=5)]


def test_balanced_pictures_come_alike_from_each_cell_as_far_as_it_reaches(validated: Path) -> None:
    found = calibration_pictures(validated, count=40, balanced=True)
    assert cells_of(found) == [15, 15, 9, 1, 0]


def test_unbalanced_pictures_come_as_the_data_do(validated: Path) -> None:
    found = cells_of(calibration_pictures(validated, count=40, balanced=False))
    assert sum(found) == 40
    assert found[0] > 18 > found[1] > found[2]


def test_all_are_taken_where_there_are_fewer(validated: Path) -> None:
    assert cells_of(calibration_pictures(validated, count=400, balanced=True)) == [60, 30, 9, 1, 0]
