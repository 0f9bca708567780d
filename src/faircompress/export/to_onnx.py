"""A network as one self-contained ONNX file, which takes raw pixels and gives probabilities.

Who deploys the file needs nothing else: normalisation and softmax are inside, class names and
preparation are in its metadata. It names no path of the machine that wrote it.
"""

import json
import logging
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

import faircompress
from faircompress.data.dataset import Facts
from faircompress.export.attention import folded
from faircompress.export.operators import known
from faircompress.export.planes import normalise_at_once
from faircompress.export.ports import INPUT, OUTPUT
from faircompress.export.settled import settled
from faircompress.export.stops import why_stopped
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.network import Network
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

SIDES = {INPUT: {0: torch.export.Dim("batch", min=1)}}  # that may change
WHOLE = 2**31  # numbers; constants of any size are computed once, as standardised weights are


class Deployed(nn.Module):
    """A network between raw pixels and probabilities, as the exported file is.

    Pixels are normalised as planes: in ONNX Runtime that takes a fraction of the time of
    normalising them as they lie, which for a pruned network would be as long as all its
    convolutions.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.net = evaluating(copied(network.net).cpu())
        mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (network.mean, network.std))
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, images: Tensor) -> Tensor:
        """Return probabilities ``(batch, classes)`` of uint8 ``(batch, height, width, 3)``."""
        # contiguous: in channels-last order torch exports average pooling as nine indexing nodes
        planes = images.float().permute(0, 3, 1, 2).contiguous()
        logits: Tensor = self.net(planes * self.scale + self.shift)
        return logits.softmax(1)


def words(network: Network, facts: Facts, *, params: str) -> dict[str, str]:
    """Return what a file says about itself: how to feed it, how to read it, where it is from.

    The commit is not among it, so that the same network is the same file whatever else changed
    in the code; the registry keeps it beside the file.

    Args:
        network: What is exported.
        facts: Of the data it learnt from.
        params: Hash of the choices that led to it.
    """
    return {
        "architecture": network.architecture,
        "classes": json.dumps(facts.classes),
        "data": facts.fit_sha256,
        "faircompress": faircompress.__version__,
        "input_size": json.dumps(facts.size),
        "params": params,
        "precision": "fp32",
        "preparation": json.dumps(facts.preparation, sort_keys=True),
    }


def to_onnx(
    network: Network, size: tuple[int, int], *, opset: int, words: Mapping[str, str]
) -> bytes:
    """Write a network as the bytes of an ONNX file; equal inputs give equal bytes.

    Args:
        network: Network to export; left as it was.
        size: Height and width of the pictures it will get, pixels.
        opset: Version of ONNX's operators.
        words: Metadata of the file.

    Returns:
        A file from ``images``, uint8 ``(batch, height, width, 3)`` with any batch, to
        ``probabilities``, float32 ``(batch, classes)``.

    Raises:
        ValueError: If the exporter does not know the opset, or an operation of the network.
    """
    fixed = replace(network, net=settled(network.net, size))
    deployed = evaluating(Deployed(fixed))
    try:
        model = _exported(deployed, size, opset)
    except torch.onnx.OnnxExporterError as error:
        why = why_stopped(deployed, deployed.net, _example(size), SIDES, error)
        raise InputError(
            f"torch {torch.__version__} cannot write {network.architecture} to ONNX ({why})"
        ) from error
    if not model.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        raise InputError(
            f"the number of pictures is written into {network.architecture}: its file would take "
            "two, and no other number. Is there len(x) in its forward? Write x.shape[0]"
        )
    normalise_at_once(model)
    found = {entry.domain: entry.version for entry in model.opset_import}
    if found.get("") != opset:
        raise InputError(
            f"export.opset is {opset}, but torch {torch.__version__} wrote {network.architecture} "
            f"in opset {found.get('')}. Set one it knows, for instance 20."
        )
    return finished(model, words)


def finished(model: "ModelProto", words: Mapping[str, str]) -> bytes:
    """Return a checked model as bytes, with nothing said in it but ``words``."""
    import onnx

    _strip(model)
    onnx.helper.set_model_props(model, dict(sorted(words.items())))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _example(size: tuple[int, int]) -> Tensor:
    return torch.zeros(2, *size, 3, dtype=torch.uint8)


def _exported(deployed: Deployed, size: tuple[int, int], opset: int) -> "ModelProto":
    noisy = logging.getLogger("torch.onnx")
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad(), known(), folded():
            warnings.simplefilter("ignore")  # of the exporter's own making, about its own insides
            program = torch.onnx.export(
                deployed,
                (_example(size),),
                dynamo=True,
                opset_version=opset,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=SIDES,
                external_data=False,
                verbose=False,
            )
    finally:
        noisy.setLevel(level)
    if program is None:
        raise InputError("torch.onnx.export gave no program")
    if _computes_weights(program.model_proto.graph):
        from onnxscript import optimizer

        optimizer.optimize_ir(program.model, input_size_limit=WHOLE, output_size_limit=WHOLE)
    return program.model_proto


def _computes_weights(graph: "GraphProto") -> bool:
    """Tell whether a file would compute a convolution's weights for each picture anew."""
    there = {tensor.name for tensor in graph.initializer}
    return any(node.op_type == "Conv" and node.input[1] not in there for node in graph.node)


def _strip(model: "ModelProto") -> None:
    """Take out source paths, stack traces and what can be inferred; none of it is used."""
    model.ClearField("doc_string")
    del model.metadata_props[:]
    for function in model.functions:
        function.ClearField("doc_string")
        del function.metadata_props[:], function.value_info[:]
        for node in function.node:
            _strip_part(node)
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
    for graph in _graphs(model.graph):
        del graph.value_info[:]
        _strip_part(graph)
        for part in (*graph.node, *graph.initializer, *graph.input, *graph.output):
            _strip_part(part)
        for node in graph.node:
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
                if attribute.HasField("t"):
                    _strip_part(attribute.t)


def _strip_part(part: Any) -> None:
    part.ClearField("doc_string")
    del part.metadata_props[:]


def _graphs(graph: "GraphProto") -> Iterator["GraphProto"]:
    """Give a graph and all graphs inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)
            for inner in attribute.graphs:
                yield from _graphs(inner)


def numel(dims: Iterable[Any]) -> int:
    """Return how many numbers a tensor of these dimensions has."""
    return int(math.prod(dims))
