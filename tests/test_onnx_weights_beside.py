"""ONNX files that keep weights in another file: read beside them, nowhere else, and hashed."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from foreign import WEIGHTS, asked, pictures, softmax, table, write
from onnx import TensorProto, helper

from faircompress.auditing.onnx_files import open_onnx

SHOWN = pictures()
EXPECTED = softmax(SHOWN.mean(axis=(1, 2)) / 255 @ WEIGHTS)


@pytest.fixture(autouse=True)
def _apart(in_empty_folder: None) -> None:
    """A file whose weights lie in ``weights/w.data``."""
    table(SHOWN)
    model = write("whole.onnx")
    Path("weights").mkdir()
    apart = {"save_as_external_data": True, "size_threshold": 50, "location": "weights/w.data"}
    onnx.save(model, "apart.onnx", **apart)


def test_weights_beside_a_file_are_read() -> None:
    pair = asked("whole.onnx", "apart.onnx", scale="1/255")
    assert pair.candidate.probabilities == pytest.approx(EXPECTED, abs=1e-6)
    assert pair.context.sizes["pruned"] == (
        Path("apart.onnx").stat().st_size + Path("weights/w.data").stat().st_size
    )


def test_the_sha256_is_of_all_files_as_sha256sum_lists_them() -> None:
    def of(path: str) -> str:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()

    listed = f"{of('apart.onnx')}  \n{of('weights/w.data')}  weights/w.data"
    before = open_onnx(Path("apart.onnx")).sha256
    assert before == hashlib.sha256(listed.encode()).hexdigest()
    assert open_onnx(Path("whole.onnx")).sha256 == of("whole.onnx")
    changed = bytearray(Path("weights/w.data").read_bytes())
    changed[0] ^= 1
    Path("weights/w.data").write_bytes(changed)
    assert open_onnx(Path("apart.onnx")).sha256 != before


def test_missing_and_short_weights_are_named() -> None:
    Path("weights/w.data").write_bytes(b"12")
    with pytest.raises(ValueError, match=r"apart.onnx cannot be opened as an ONNX file"):
        open_onnx(Path("apart.onnx"))
    Path("weights/w.data").unlink()
    with pytest.raises(FileNotFoundError, match=r"'weights/w.data', but there is no such file"):
        open_onnx(Path("apart.onnx"))


def pointing_at(location: str) -> Path:
    model = onnx.load("apart.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            entry.value = location if entry.key == "location" else entry.value
    Path("pointing.onnx").write_bytes(model.SerializeToString())
    return Path("pointing.onnx")


@pytest.mark.parametrize(
    "location", ["../w.data", "weights/../../w.data", "/etc/hostname", "C:\\w.data", "\\\\host\\w",
                 "", "..\\w.data"],
)  # fmt: skip
def test_weights_outside_the_folder_of_the_file_are_never_read(location: str) -> None:
    Path("..", "w.data").resolve().write_bytes(Path("weights/w.data").read_bytes())
    with pytest.raises(ValueError, match="outside its own folder, so it was not opened"):
        open_onnx(pointing_at(location))


def test_a_link_that_leads_outside_is_not_followed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret").write_bytes(Path("weights/w.data").read_bytes())
    Path("link.data").symlink_to(elsewhere / "secret")
    with pytest.raises(ValueError, match="outside its own folder"):
        open_onnx(pointing_at("link.data"))


def test_weights_that_a_node_keeps_in_another_file_are_found() -> None:
    model = onnx.load("whole.onnx")
    weights = next(part for part in model.graph.initializer if part.name == "w")
    model.graph.initializer.remove(weights)
    Path("node.data").write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="node.data")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=weights))
    Path("node.onnx").write_bytes(model.SerializeToString())
    before = open_onnx(Path("node.onnx")).sha256
    assert asked("node.onnx", scale="1/255").baseline.probabilities == pytest.approx(
        EXPECTED, abs=1e-6
    )
    Path("node.data").write_bytes((2 * WEIGHTS).astype(np.float32).tobytes())
    assert open_onnx(Path("node.onnx")).sha256 != before


def test_no_operator_library_is_loaded_for_a_file() -> None:
    model = onnx.load("whole.onnx")
    model.graph.node[0].op_type, model.graph.node[0].domain = "Launch", "org.example"
    model.opset_import.append(helper.make_opsetid("org.example", 1))
    onnx.save(model, "own.onnx")
    with pytest.raises(ValueError, match=r"It uses org.example.Launch, an operator of its own"):
        open_onnx(Path("own.onnx"))
