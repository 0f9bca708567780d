"""In which layer a network stops that torch cannot write to ONNX, and what it does there."""

import re
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.networks.layers import MISFITS
from faircompress.networks.place import Place
from faircompress.support.lines import one_line

NODE = re.compile(r"translating node %(\w+)")
GROUPS = 6  # which of a convolution's arguments they are
BY_PICTURE = (
    "it convolves each picture by a kernel of its own, in as many groups as there are pictures, "
    "and ONNX fixes the groups. Convolve by every kernel of the bank and weigh what these give "
    "(that is the same), or unfold the maps and multiply"
)


def why_stopped(
    whole: nn.Module, net: nn.Module, example: Tensor, shapes: Any, error: BaseException
) -> str:
    """Say what stopped the exporter, and in which layer; nothing of the layer if it is not known.

    Args:
        whole: What was to be written.
        net: The network in it, by whose names layers are called.
        example: What ``whole`` was shown.
        shapes: Which of its sides may change, as ``torch.export`` takes it.
        error: Of the exporter.
    """
    cause, place = error.__cause__ or error, Place()
    words = one_line(f"{type(cause).__name__}: {cause}", 300)
    try:
        with warnings.catch_warnings(), torch.no_grad(), place.watching(net):
            warnings.simplefilter("ignore")
            program = torch.export.export(whole, (example,), dynamic_shapes=shapes, strict=False)
    except MISFITS:
        return f"{words}{place.words()}"
    found = NODE.search(str(cause))
    node = next((n for n in program.graph.nodes if found and n.name == found[1]), None)
    if node is None:
        return words
    groups = node.args[GROUPS] if len(node.args) > GROUPS else 1
    if "conv" in str(node.target) and isinstance(groups, torch.fx.Node):
        words = BY_PICTURE
    return f"in layer {_layer(node)} {words}" if _layer(node) else words


def _layer(node: torch.fx.Node) -> str:
    """Return the name of the layer that a step of the program is in, below the network's own."""
    paths = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
    return str(paths[-1]).partition(".")[2] if paths else ""
