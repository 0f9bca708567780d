"""The end of an ONNX network: what its scores come out of, and what that calls them."""

import onnx

STANDARD = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training",
            "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}  # fmt: skip
PASSING_ON = {"Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose",
              "QuantizeLinear", "DequantizeLinear", "Dropout", "ZipMap"}  # fmt: skip
LAST = {"Sigmoid": "Sigmoid", "Softmax": "Softmax", "QLinearSigmoid": "Sigmoid",
        "QLinearSoftmax": "Softmax"}  # fmt: skip
BY_NUMBER = {"Log", "LogSoftmax", "Exp", "Mul", "Div", "Add", "Sub", "Clip", "Slice", "Round"}
LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
KEEPING_ORDER = {"Identity", "Cast", "Normalizer", "Softmax", "Sigmoid"}


def ends_in(model: onnx.ModelProto, output: str) -> str:
    """Return ``Sigmoid`` or ``Softmax`` if an output's scores come right out of one."""
    makers = _makers(model)
    while (node := makers.get(output)) is not None and node.op_type in PASSING_ON and node.input:
        output = node.input[0]
    return "" if node is None else LAST.get(node.op_type, "")


def are_sorted(model: onnx.ModelProto, output: str) -> bool:
    """Tell whether an output's scores are sorted by size: which class one is of then changes.

    The largest alone is none of several, and may be that of a map.
    """
    makers = _makers(model)
    while (node := makers.get(output)) is not None and node.input:
        if node.op_type == "TopK":
            return _number(model, node) != 1
        if node.op_type not in PASSING_ON | {*LAST} | BY_NUMBER:
            return False
        output = node.input[0]
    return False


def _number(model: onnx.ModelProto, top: onnx.NodeProto) -> int | None:
    """Return how many are taken, where that is written into the file."""
    for one in top.attribute:
        if one.name == "k":
            return one.i
    known = (one for one in model.graph.initializer if one.name == top.input[-1])
    values = [int(onnx.numpy_helper.to_array(one).ravel()[0]) for one in known]
    return values[0] if values else None


def keys_of(model: onnx.ModelProto, output: str) -> tuple[str | int, ...]:
    """Return what the classifier of a converter (skl2onnx) calls an output's scores, in order."""
    makers = _makers(model)
    while (node := makers.get(output)) is not None and node.input:
        labels = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        listed = next((labels[name] for name in LABELS if labels.get(name)), None)
        if listed is not None:
            return tuple(one.decode() if isinstance(one, bytes) else int(one) for one in listed)
        if node.op_type not in KEEPING_ORDER:
            return ()
        output = node.input[0]
    return ()


def _makers(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    """Return what makes each tensor; a file's own functions, whatever they are called, do not."""
    nodes = [node for node in model.graph.node if node.domain in STANDARD]
    return {name: node for node in nodes for name in node.output}
