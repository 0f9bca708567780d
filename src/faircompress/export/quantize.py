"""An exported network in fewer bits: half precision, or 8-bit integers.

Neither predicts quite what the network does, so each file is judged on its own predictions.
"""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from faircompress.data.dataset import TABLE, decode, hash_position, load_encoded, load_facts
from faircompress.export.ports import INPUT, OUTPUT
from faircompress.export.to_onnx import finished
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

BATCH = 32  # pictures at once while ranges are found
LAYERS = ("Conv", "Gemm", "MatMul")  # computed in integers; all else stays in float32


def calibration_pictures(validated: Path, *, count: int, balanced: bool) -> np.ndarray:
    """Return training pictures on which ranges of activations are found.

    Which ones is drawn by their ids: the same on every machine, whatever the order of the rows.

    Args:
        validated: Folder that ``validate`` wrote.
        count: How many; all, if there are fewer.
        balanced: Take alike from each cell of label and groups, as far as it reaches; otherwise
            as they come, so that rare groups hardly have a say.

    Returns:
        uint8 ``(pictures, height, width, 3)``.
    """
    facts = load_facts(validated)
    cells = list(dict.fromkeys(["label", *facts.groups]))
    train = [("split", "==", "train")]
    rows = pq.read_table(validated / TABLE, columns=["id", *cells], filters=train).to_pandas()
    rows["lot"] = [hash_position(name, salt="calibration") for name in rows["id"]]
    rows = rows.sort_values("lot")
    if balanced:
        rows["turn"] = rows.groupby(cells, dropna=False).cumcount()
        rows = rows.sort_values(["turn", "lot"])
    chosen: Sequence[str] = rows["id"].iloc[:count].tolist()
    encoded = load_encoded(validated, "train", chosen)
    return np.stack([decode(encoded[name]) for name in chosen])


def to_fp16(content: bytes) -> bytes:
    """Return a file that computes in half precision; pixels and probabilities stay as they were.

    The softmax stays in float32, since probabilities of 11 bits would tie.

    Args:
        content: Bytes of the float32 file.
    """
    import onnx
    from onnxruntime.quantization.onnx_model import ONNXModel
    from onnxruntime.transformers import float16

    model = onnx.load_from_string(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that tiny weights become 0
        half = float16.convert_float_to_float16(
            model,
            keep_io_types=True,
            op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, "Softmax"],
        )
    ONNXModel(half).topological_sort()  # casts were put at the end
    _keep_probabilities_whole(half.graph)
    return _named(half, content, "fp16")


def to_int8(content: bytes, images: np.ndarray, *, weight_bits: int) -> bytes:
    """Return a file whose layers compute in 8-bit integers (static quantization, QDQ).

    Weights are scaled by channel, activations by tensor, to their extremes on ``images``.
    Activations are unsigned: with signed ones ONNX Runtime is half as fast on x86.

    Args:
        content: Bytes of the float32 file.
        images: uint8 ``(pictures, height, width, 3)``, on which ranges of activations are found.
        weight_bits: 8, or 7 for x86 processors without VNNI, where sums of 8-bit products overflow.

    Raises:
        ValueError: If there is no picture, or a layer stayed in float32.
    """
    import onnx
    from onnxruntime import quantization

    if not len(images):
        raise InputError("8-bit ranges are found on pictures, and there is none")
    model = onnx.load_from_string(content)
    quantization.quant_utils.add_pre_process_metadata(model)  # the exporter did that
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "int8.onnx"
        quantization.quantize_static(
            model,
            file,
            _Pictures(images),
            op_types_to_quantize=list(LAYERS),
            per_channel=True,
            reduce_range=weight_bits == 7,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        quantized = onnx.load(file)
    _refuse_float_layers(quantized)
    return _named(quantized, content, "int8")


def _keep_probabilities_whole(graph: "GraphProto") -> None:
    """Let the softmax write the output itself; the conversion rounds it to half precision first."""
    by_output = {node.output[0]: node for node in graph.node}
    node, casts = by_output[OUTPUT], []
    while node.op_type == "Cast":
        casts.append(node)
        node = by_output[node.input[0]]
    for cast in casts:
        graph.node.remove(cast)
    node.output[0] = OUTPUT


class _Pictures:
    """Pictures as ONNX Runtime's calibration wants them: a batch a call, then None."""

    def __init__(self, images: np.ndarray) -> None:
        self.batches = iter(images[at : at + BATCH] for at in range(0, len(images), BATCH))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {INPUT: batch}


def _refuse_float_layers(model: "ModelProto") -> None:
    weights = {tensor.name for tensor in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type in LAYERS]
    left = [node.name for node in layers if node.input[1] in weights]
    if left:
        raise InputError(
            f"{len(left)} of {len(layers)} layers stayed in float32, such as {left[0]}; the file "
            "would not be what its name says. Take int8 out of export.precisions."
        )


def _named(model: "ModelProto", origin: bytes, precision: str) -> bytes:
    """Return the bytes of a model that says of itself what its origin said, and its precision."""
    import onnx

    said = {prop.key: prop.value for prop in onnx.load_from_string(origin).metadata_props}
    return finished(model, {**said, "precision": precision})
