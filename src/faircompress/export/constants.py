"""What in a file is no layer of its own, and must be there: told from exports of the same network.

Tables of sines, filters that blur, shapes: a network's own code computes with them, and no layer
holds them. They stay as they are if all weights are others. Weights that several layers share, or
that are used as they are and transposed, are written again; of a table of positions, row by row as
places ask for them. A file's tensor is explained so only if
the network's own export has it, of the same name, shape and numbers. Kernels that its code makes
of weights (a choice among several, a sum, a standard form) are counted as its own export has them.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from faircompress.export.layer_shapes import Shapes, layers_of_file
from faircompress.export.to_onnx import to_onnx
from faircompress.networks.copies import copied
from faircompress.networks.network import Network

if TYPE_CHECKING:
    from onnx import ModelProto

PREFIX = "net."  # of the network's tensors in a file
QUANTIZED = "_quantized"  # what ONNX Runtime adds to the name of a tensor of fewer bits
HALF = 1e-2  # of a number, that float16 may differ


@dataclass(frozen=True)
class Explained:
    """What of a file the layers of its network do not account for alone.

    Args:
        constants: Names of tensors that are no weights, or weights written again.
        layers: Of the network's own export.
        of_weights: Of these, those whose numbers are no such tensors.
    """

    constants: frozenset[str]
    layers: Shapes
    of_weights: Shapes


@torch.no_grad()
def explained(model: "ModelProto", network: Network) -> Explained:
    """Tell what of a file the network's own code puts beside its layers.

    The network is exported twice more, once with other weights.

    Args:
        model: The file, of any precision.
        network: What it should hold.
    """
    import onnx

    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    size = tuple(d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:3])
    other = copied(network.net)
    for parameter in other.parameters():
        if parameter.is_floating_point():
            waves = torch.arange(parameter.numel(), dtype=torch.float64).sin().view_as(parameter)
            parameter.mul_(1.1).add_(0.01 * waves.to(parameter.dtype))
    again, changed = (
        onnx.load_from_string(to_onnx(one, (size[0], size[1]), opset=opset, words={}))
        for one in (network, replace(network, net=other))
    )
    own, others = _of(again), _of(changed)
    known = {name for name, array in own.items() if _same(array, others.get(name))}
    known |= _again(own) | _spread(own, network.net)
    constants = frozenset(
        name for name, array in _of(model).items()
        if (origin := name.removesuffix(QUANTIZED)) in known and _stands_for(array, own[origin])
    )  # fmt: skip
    return Explained(constants, layers_of_file(again.graph), layers_of_file(again.graph, known))


def _again(arrays: dict[str, np.ndarray]) -> set[str]:
    """Return the names of weights that stand under an earlier name, too, in whatever order."""
    seen: set[tuple[int, bytes]] = set()
    found = set()
    for name, array in arrays.items():
        if array.ndim > 1:
            numbers = array.size, np.sort(array, axis=None).tobytes()
            found |= {name} if numbers in seen else set()
            seen.add(numbers)
    return found


def _spread(arrays: dict[str, np.ndarray], net: nn.Module) -> set[str]:
    """Return the names of tensors of which each row is a row of one table of the network."""
    own = {f"{PREFIX}{name}" for name in net.state_dict()}
    others = {name: a for name, a in arrays.items() if a.ndim > 1 and name not in own}
    found: set[str] = set()
    for table in (p.cpu().numpy() for p in net.parameters() if p.ndim == 2):
        like = {
            name: array.reshape(-1, table.shape[1])
            for name, array in others.items()
            if array.shape[-1] == table.shape[1] and array.size > table.size
        }
        rows = set(map(bytes, table)) if like else set()
        found |= {name for name, array in like.items() if rows.issuperset(map(bytes, array))}
    return found


def _stands_for(array: np.ndarray, own: np.ndarray) -> bool:
    """Tell whether a file's tensor is that of the export, in its own precision."""
    if array.dtype == own.dtype:
        return _same(array, own)
    if array.shape != own.shape:
        return False
    if array.dtype == np.float16:
        return bool(np.allclose(array.astype(np.float32), own, rtol=HALF, atol=HALF))
    return array.dtype.itemsize == 1


def _same(one: np.ndarray, other: np.ndarray | None) -> bool:
    return (
        other is not None
        and (one.shape, one.dtype) == (other.shape, other.dtype)
        and one.tobytes() == other.tobytes()
    )


def _of(model: "ModelProto") -> dict[str, np.ndarray]:
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
