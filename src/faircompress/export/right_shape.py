"""Whether an ONNX file is its network: layer by layer, and not a number more."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from faircompress.export.constants import explained
from faircompress.export.layer_shapes import (
    Shapes,
    layers_of_file,
    layers_of_net,
    never_called,
    written_once,
)
from faircompress.export.planes import ADDED
from faircompress.export.settled import settled
from faircompress.export.to_onnx import numel
from faircompress.networks.layers import numbers_of_positions
from faircompress.networks.network import Network
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

NODE_BYTES = 600  # what a node and its names may take beside weights; measured: 60 to 200


def refuse_wrong_shape(content: bytes, network: Network) -> None:
    """Raise unless a file is as wide as its network, and no bigger than its weights.

    Pruned networks are often exported at their dense size: with masks, with weights written
    twice, or from the wrong variable. Here the file is compared with the network layer by layer.

    Args:
        content: Bytes of the ONNX file.
        network: What the file should hold.

    Raises:
        ValueError: If convolutions or linear layers differ in shape, a number is float64, weights
            lie outside the file, or it has more numbers or bytes than the network accounts for.
    """
    import onnx

    model = onnx.load_from_string(content)
    _refuse_float64_and_outside(model)
    height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:3])
    small = replace(network, net=settled(network.net, (height, width)))
    wanted, found = layers_of_net(small.net), layers_of_file(model.graph)
    if missing := wanted - found:
        wanted -= missing & written_once(small.net)
    if not (_other_layers(wanted, found) or _too_much(content, model, network, ())):
        return
    known = explained(model, network)  # costs two exports; few networks have any
    wanted -= never_called(small.net, network.blank((height, width)))
    found -= _convolutions(known.layers - wanted)
    computed = _convolutions(known.of_weights - wanted)
    more = sum(numel(shape) * count for (_, shape), count in computed.items())
    why = _other_layers(wanted, found) or _too_much(content, model, network, known.constants, more)
    if why:
        raise InputError(f"the file of {network.architecture} {why}")


def _too_much(
    content: bytes, model: "ModelProto", network: Network, constants: Collection[str],
    computed: int = 0,
) -> str:  # fmt: skip
    """Say what a file has that its network does not account for; nothing if all is."""
    import onnx

    tensors = {id(t): t for t in network.net.state_dict(keep_vars=True).values()}.values()
    allowed = sum(t.numel() for t in tensors if t.is_floating_point())  # of two names once
    allowed += len(network.mean) + len(network.std) + ADDED + _numbers_of_pooling(network.net)
    allowed += numbers_of_positions(network.net) + network.classes  # the operating point
    allowed += computed
    whole = {t.name: numel(t.dims) for t in model.graph.initializer}
    own = {t.name: _numbers(t) for t in model.graph.initializer if t.name not in constants}
    for kind in ("FLOAT", "FLOAT16", "INT8"):
        of_kind = onnx.TensorProto.DataType.Value(kind)
        held = [t.name for t in model.graph.initializer if t.data_type == of_kind]
        numbers = sum(own.get(name, 0) for name in held)
        if numbers > allowed:
            return (
                f"holds {numbers} {kind.lower()} numbers, its network {allowed}. Are weights "
                "written twice, or is it still the dense size?"
            )
    repeated = sum(whole.values()) - sum(own.values())
    tables = sum(t.nbytes for t in network.net.buffers() if not t.is_floating_point())
    parts = len(model.graph.node) + len(model.graph.initializer)
    said = sum(len(entry.key) + len(entry.value) for entry in model.metadata_props)
    most = 4 * (allowed + repeated) + tables + NODE_BYTES * (parts + 4) + said
    if len(content) > most:
        return (
            f"has {len(content)} bytes; {allowed} numbers in {parts} parts explain {most}. What "
            "else is in it?"
        )
    return ""


def _numbers(tensor: "TensorProto") -> int:
    """Return how many numbers a tensor holds, one where it repeats itself along an axis.

    The exporter writes such for some normalisations, and where a network spreads a weight over
    positions. Weights do not repeat themselves, but for biases and the like before training.
    """
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    for axis in range(values.ndim):
        first = values.take([0], axis) if values.shape[axis] > 1 else values
        if first is not values and (values == first).all():
            values = first
    return int(values.size)


def _other_layers(wanted: Shapes, found: Shapes) -> str:
    """Compare layers by shape; attention may add linear weights that are no layer of torch's."""
    missing, extra = wanted - found, _convolutions(found - wanted)
    if not (missing or extra):
        return ""
    return (
        f"is not its network: missing {_listed(missing)}, in their place "
        f"{_listed(extra or found - wanted)}. Is it the file of another network, for instance the "
        "dense one?"
    )


def _convolutions(layers: Shapes) -> Shapes:
    return Counter({key: n for key, n in layers.items() if "convolution" in key[0]})


def _numbers_of_pooling(net: nn.Module) -> int:
    """Return what uneven pooling may hold: how many values each place averages, and a zero."""
    sizes = [m.output_size for m in net.modules() if isinstance(m, nn.AdaptiveAvgPool2d)]
    return sum(numel(size if isinstance(size, tuple) else (size, size)) + 1 for size in sizes)


def _refuse_float64_and_outside(model: "ModelProto") -> None:
    import onnx

    inferred = onnx.shape_inference.infer_shapes(model).graph
    double = onnx.TensorProto.DOUBLE
    found = [t.name for t in inferred.initializer if t.data_type == double]
    found += [v.name for v in inferred.value_info if v.type.tensor_type.elem_type == double]
    if found:
        raise InputError(f"float64 in the file, needed float32: {', '.join(found[:5])}")
    outside = onnx.TensorProto.EXTERNAL
    elsewhere = [t.name for t in model.graph.initializer if t.data_location == outside]
    if elsewhere:
        raise InputError(f"weights outside the file: {', '.join(elsewhere[:5])}")


def _listed(shapes: Shapes) -> str:
    largest = sorted(shapes.items(), key=lambda item: (-numel(item[0][1]), item[0]))
    named = [f"{count} {kind} {list(shape)}" for (kind, shape), count in largest]
    return ", ".join(named[:4]) + (" ..." if len(named) > 4 else "") if named else "nothing"
