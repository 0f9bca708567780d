"""Whether an ONNX file is its network: layer by layer, and not a number more."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from faircompress.export.layer_shapes import Shapes, layers_of_file, layers_of_net
from faircompress.export.planes import ADDED
from faircompress.export.settled import settled
from faircompress.export.to_onnx import numel
from faircompress.networks.layers import numbers_of_positions
from faircompress.networks.network import Network
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

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
    height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:3])
    _refuse_other_layers(model.graph, replace(network, net=settled(network.net, (height, width))))
    _refuse_float64_and_outside(model)
    tensors = {id(t): t for t in network.net.state_dict(keep_vars=True).values()}.values()
    allowed = sum(t.numel() for t in tensors if t.is_floating_point())  # of two names once
    allowed += len(network.mean) + len(network.std) + ADDED + _numbers_of_pooling(network.net)
    allowed += numbers_of_positions(network.net) + network.classes  # the operating point
    uniform = {t.name: numel(t.dims) for t in model.graph.initializer if _is_uniform(t)}
    for kind in ("FLOAT", "FLOAT16", "INT8"):
        of_kind = onnx.TensorProto.DataType.Value(kind)
        numbers = sum(
            numel(t.dims) for t in model.graph.initializer
            if t.data_type == of_kind and t.name not in uniform
        )  # fmt: skip
        if numbers > allowed:
            raise InputError(
                f"the file of {network.architecture} holds {numbers} {kind.lower()} numbers, its "
                f"network {allowed}. Are weights written twice, or is it still the dense size?"
            )
    parts = len(model.graph.node) + len(model.graph.initializer)
    said = sum(len(entry.key) + len(entry.value) for entry in model.metadata_props)
    most = 4 * (allowed + sum(uniform.values())) + NODE_BYTES * (parts + 4) + said
    if len(content) > most:
        raise InputError(
            f"the file of {network.architecture} has {len(content)} bytes; {allowed} numbers in "
            f"{parts} parts explain {most}. What else is in it?"
        )


def _is_uniform(tensor: "TensorProto") -> bool:
    """Tell whether a tensor repeats one number, as the exporter writes for some normalisations.

    Weights do not, but for biases and the like before training.
    """
    import numpy as np
    from onnx import numpy_helper

    if numel(tensor.dims) < 2:
        return False
    values = numpy_helper.to_array(tensor)
    return bool((values == np.ravel(values)[0]).all())


def _refuse_other_layers(graph: "GraphProto", network: Network) -> None:
    """Compare layers by shape; attention may add linear weights that are no layer of torch's."""
    wanted, found = layers_of_net(network.net), layers_of_file(graph)
    missing = wanted - found
    extra = Counter({key: n for key, n in (found - wanted).items() if "convolution" in key[0]})
    if missing or extra:
        raise InputError(
            f"the file of {network.architecture} is not its network: missing "
            f"{_listed(missing)}, in their place {_listed(extra or found - wanted)}. "
            "Is it the file of another network, for instance the dense one?"
        )


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
