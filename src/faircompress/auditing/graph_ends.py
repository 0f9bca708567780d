"""The end of an ONNX network: what its scores come out of, and what that calls them."""

import onnx

STANDARD = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training",
            "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}  # fmt: skip
PASSING_ON = {"Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose",
              "QuantizeLinear", "DequantizeLinear", "Dropout", "ZipMap"}  # fmt: skip
LAST = {"Sigmoid": "Sigmoid", "Softmax": "Softmax", "QLinearSigmoid": "Sigmoid",
        "QLinearSoftmax": "Softmax"}  # fmt: skip
LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
KEEPING_ORDER = {"Identity", "Cast", "Normalizer", "Softmax", "Sigmoid"}


def ends_in(model: onnx.ModelProto, output: str) -> str:
    """Return ``Sigmoid`` or ``Softmax`` if an output's scores come right out of one."""
    makers = _makers(model)
    while (node := makers.get(output)) is not None and node.op_type in PASSING_ON and node.input:
        output = node.input[0]
    if node is None or node.domain not in STANDARD:
        return ""
    return LAST.get(node.op_type, "")


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
    return {name: node for node in model.graph.node for name in node.output}
