"""Exported files: self-contained, honest about themselves, no bigger than their network."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from faircompress.compression.criteria.magnitude import magnitude
from faircompress.compression.cut import cut
from faircompress.data.dataset import Facts
from faircompress.export import right_shape, runtime, timing
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks import network as networks
from faircompress.networks.network import Network

SIZE = (32, 36)
FACTS = Facts(
    classes=("chat", "été"),
    groups=("skin",),
    size=SIZE,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.25, 0.3),
    sha256="d" * 64,
    fit_sha256="d" * 64,
    preparation={"resize": [32, 36], "crop": None, "resampler": "box"},
)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SIZE, 3), np.uint8)


def network(architecture: str, seed: int = 0) -> Network:
    """Return a network whose batch statistics and biases are not those of a new one."""
    torch.manual_seed(seed)
    net = networks.build(architecture, 2)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5), module.bias.data.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2), module.running_var.uniform_(0.5, 1.5)
    return Network(net.eval(), architecture, 2, FACTS.mean, FACTS.std)


def halved(dense: Network) -> Network:
    example = dense.normalised(torch.zeros(1, *SIZE, 3, dtype=torch.uint8))
    rng = torch.Generator()
    net, _ = cut(
        dense.net, lambda working, *_: magnitude(working, [], len, rng=rng), example, speedup=4
    )
    return Network(net, dense.architecture, 2, dense.mean, dense.std)


def exported(net: Network, opset: int = 20) -> bytes:
    said = words(net, FACTS, params="p" * 64)
    return to_onnx(net, SIZE, opset=opset, words=said)


@pytest.fixture(scope="module")
def dense() -> Network:
    return network("resnet20")


@pytest.fixture(scope="module")
def pruned(dense: Network) -> Network:
    return halved(dense)


@pytest.fixture(scope="module")
def dense_file(dense: Network) -> bytes:
    return exported(dense)


@pytest.fixture(scope="module")
def pruned_file(pruned: Network) -> bytes:
    return exported(pruned)


@pytest.fixture(scope="module")
def small_file() -> bytes:
    return exported(network("small"), opset=18)


@pytest.fixture
def opened(pruned_file: bytes, tmp_path: Path) -> ort.InferenceSession:
    return written(pruned_file, tmp_path)


def written(content: bytes, folder: Path) -> ort.InferenceSession:
    path = folder / "net.onnx"
    path.write_bytes(content)
    return runtime.session(path, "cpu", threads=1)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_any_batch_of_raw_pixels_gives_torchs_probabilities(
    opened: ort.InferenceSession, pruned: Network, batch: int
) -> None:
    (found,) = opened.run(["probabilities"], {"images": pictures(batch)})
    normal = (pictures(batch) / 255 - FACTS.mean) / FACTS.std  # by hand, in float64
    with torch.no_grad():
        logits = pruned.net(torch.from_numpy(normal).permute(0, 3, 1, 2).float())
    assert found.shape == (batch, 2)
    assert found.dtype == np.float32
    assert np.abs(found - logits.softmax(1).numpy()).max() < 1e-5
    assert found.sum(1) == pytest.approx(1)


def test_only_uint8_pictures_of_the_right_size_are_taken(opened: ort.InferenceSession) -> None:
    (taken,) = opened.get_inputs()
    assert (taken.name, taken.type, taken.shape) == (
        "images",
        "tensor(uint8)",
        ["batch", 32, 36, 3],
    )
    with pytest.raises(Exception, match="float"):
        opened.run(None, {"images": pictures(1).astype(np.float32)})
    with pytest.raises(Exception, match="Expected: 36"):
        opened.run(None, {"images": pictures(1)[:, :, :32]})


def test_split_sizes_that_do_not_fill_batches_lose_no_row(opened: ort.InferenceSession) -> None:
    images = pictures(10)
    whole = runtime.predict(opened, images, batch=10)
    assert runtime.predict(opened, images, batch=4) == pytest.approx(whole, abs=1e-6)


def test_the_file_says_how_to_feed_and_read_it(opened: ort.InferenceSession) -> None:
    said = opened.get_modelmeta().custom_metadata_map
    assert json.loads(said["classes"]) == ["chat", "été"]
    assert json.loads(said["input_size"]) == [32, 36]
    assert json.loads(said["preparation"]) == FACTS.preparation
    assert said["architecture"] == "resnet20"
    assert (said["data"], said["params"]) == ("d" * 64, "p" * 64)
    assert said["faircompress"]


def test_the_file_names_no_source_path(pruned_file: bytes) -> None:
    for trace in (b".py", str(Path(__file__).parents[1]).encode(), b"/site-packages", b"File "):
        assert trace not in pruned_file
    model = onnx.load_from_string(pruned_file)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_equal_inputs_give_equal_bytes_also_in_a_new_process(pruned: Network, pruned_file: bytes,
    tmp_path: Path) -> None:  # fmt: skip
    training = Network(copy.deepcopy(pruned.net).train(), "resnet20", 2, FACTS.mean, FACTS.std)
    assert exported(training) == pruned_file
    assert training.net.training  # left as it was
    networks.save(pruned, tmp_path / "net.pt")
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); from test_to_onnx import *;"
        "sys.stdout.buffer.write(exported(networks.load(pathlib.Path(sys.argv[2]))))"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path / "net.pt")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == pruned_file


def test_the_pruned_file_has_the_pruned_widths_and_bytes(
    pruned: Network, dense_file: bytes, pruned_file: bytes
) -> None:
    model = onnx.load_from_string(pruned_file)
    shapes = {tuple(t.dims) for t in model.graph.initializer if len(t.dims) == 4}
    convs = [m for m in pruned.net.modules() if isinstance(m, nn.Conv2d)]
    assert shapes == {tuple(conv.weight.shape) for conv in convs}
    assert len([n for n in model.graph.node if n.op_type == "Conv"]) == len(convs) == 21
    assert max(conv.out_channels for conv in convs) < 64  # of the dense one
    assert len(pruned_file) < 0.5 * len(dense_file)


def test_batch_norm_costs_nothing_in_the_file(pruned_file: bytes) -> None:
    kinds = {node.op_type for node in onnx.load_from_string(pruned_file).graph.node}
    before = {"Transpose", "Cast", "BatchNormalization", "Add"}  # of pixels; Add: of branches
    assert kinds == before | {"Conv", "Relu", "ReduceMean", "Gemm", "Softmax"}


def test_average_pooling_stays_one_node(small_file: bytes) -> None:
    kinds = [n.op_type for n in onnx.load_from_string(small_file).graph.node]
    assert "Gather" not in kinds  # nine indexing nodes, if pictures stayed in channels-last order
    assert kinds.count("ReduceMean") + kinds.count("GlobalAveragePool") == 1


def test_the_opset_is_the_one_asked_for(small_file: bytes, tmp_path: Path) -> None:
    assert onnx.load_from_string(small_file).opset_import[0].version == 18
    assert runtime.predict(written(small_file, tmp_path), pictures(3)).shape == (3, 2)


def test_right_files_pass_the_shape_check(
    dense: Network, pruned: Network, dense_file: bytes, pruned_file: bytes
) -> None:
    right_shape.refuse_wrong_shape(dense_file, dense)
    right_shape.refuse_wrong_shape(pruned_file, pruned)


def test_the_dense_file_is_refused_as_the_pruned_one(dense_file: bytes, pruned: Network) -> None:
    with pytest.raises(ValueError, match=r"64, 64, 3, 3.*the dense one\?"):
        right_shape.refuse_wrong_shape(dense_file, pruned)


def test_weights_written_twice_are_refused(pruned: Network, pruned_file: bytes) -> None:
    model = onnx.load_from_string(pruned_file)
    for weight in [t for t in model.graph.initializer if len(t.dims) == 4]:
        model.graph.initializer.add().CopyFrom(weight)
        model.graph.initializer[-1].name += "_again"
    with pytest.raises(ValueError, match="written twice"):
        right_shape.refuse_wrong_shape(model.SerializeToString(), pruned)


def test_float64_is_refused(pruned: Network, pruned_file: bytes) -> None:
    model = onnx.load_from_string(pruned_file)
    extra = onnx.numpy_helper.from_array(np.zeros(3), "wide")
    model.graph.initializer.append(extra)
    with pytest.raises(ValueError, match="float64 in the file, needed float32: wide"):
        right_shape.refuse_wrong_shape(model.SerializeToString(), pruned)


def test_baggage_is_refused(pruned: Network, pruned_file: bytes) -> None:
    model = onnx.load_from_string(pruned_file)
    model.doc_string = "x" * right_shape.NODE_BYTES * 200
    with pytest.raises(ValueError, match="What else is in it"):
        right_shape.refuse_wrong_shape(model.SerializeToString(), pruned)


def test_an_unknown_opset_is_refused(dense: Network) -> None:
    with pytest.raises(ValueError, match=r"99"):
        exported(network("small"), 99)


def test_a_perturbed_network_fails_parity_naming_the_row(
    opened: ort.InferenceSession, pruned: Network
) -> None:
    images, ids = pictures(6), [f"row-{i}" for i in range(6)]
    found = runtime.predict(opened, images)
    near = runtime.compare(
        networks.probabilities(pruned, images), found, ids, tolerance=1e-4, what="pruned, test"
    )
    assert near.max_difference < 1e-6
    assert (near.flips, near.near_ties) == (0, 0)

    other = copy.deepcopy(pruned.net)
    other.head.weight.data *= 1.01
    wrong = networks.probabilities(Network(other, "resnet20", 2, FACTS.mean, FACTS.std), images)
    worst = int(np.abs(wrong - found).max(1).argmax())
    far = runtime.compare(wrong, found, ids, tolerance=1e-4, what="pruned, test")
    with pytest.raises(ValueError, match=rf"pruned, test: .* row row-{worst} .*differ by 0.0001"):
        runtime.raise_unless_equivalent(far, 1e-4, what="pruned, test")


def test_flips_count_only_where_torch_is_clear() -> None:
    torchs = np.array([[0.52, 0.48], [0.505, 0.495], [0.9, 0.1]])
    files = np.array([[0.52, 0.48], [0.496, 0.504], [0.9, 0.1]])
    found = runtime.compare(torchs, files, ["a", "b", "c"], tolerance=0.01, what="x")
    assert (found.row, found.flips, found.near_ties) == ("b", 0, 1)
    assert found.max_difference == pytest.approx(0.009)
    files[0] = [0.49, 0.51]  # 0.04 apart in torch, above twice 0.01
    found = runtime.compare(torchs, files, ["a", "b", "c"], tolerance=0.01, what="x")
    with pytest.raises(ValueError, match=r"row a .* 0.03 from torch's; .* 1 decisions flipped"):
        runtime.raise_unless_equivalent(found, 0.01, what="x")


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="row b and 0 others no finite numbers"):
        runtime.compare(
            np.full((2, 2), 0.5), np.array([[0.5, 0.5], [np.nan, 0.5]]), ["a", "b"],
            tolerance=0.1, what="x",
        )  # fmt: skip


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_cpu_runs_it_and_says_so(
    pruned_file: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(pruned_file)
    assert runtime.provider(runtime.session(path, "auto")) == "CPUExecutionProvider"
    assert capfd.readouterr().err == ""
    opened = runtime.session(path, "cuda", threads=1)
    assert capfd.readouterr().err == (
        "net.onnx runs on the CPU although a GPU was asked for: torch sees none.\n"
    )
    told = timing.hardware(opened)
    assert (told["provider"], told["threads"]) == ("CPUExecutionProvider", 1)
    assert told["processor"]


def test_latency_pairs_both_files(dense_file: bytes, pruned_file: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    opened = written(dense_file, tmp_path / "a"), written(pruned_file, tmp_path)
    found = timing.latency(*opened, pictures(3), batch=16, repeats=20)
    assert (found.batch, found.pairs) == (16, 20)
    assert found.dense["p05"] <= found.dense["median"] <= found.dense["p95"]
    assert found.low <= found.speedup <= found.high
    assert found.speedup > 1  # 4 times fewer multiply-adds
