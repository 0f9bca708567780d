"""A network of one's own as a checked ONNX file, in one call."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from faircompress.config.bounds import whole
from faircompress.export import runtime
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.export.to_onnx import to_onnx
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.fitness import refuse_batch_bound, refuse_compiled, refuse_unfit
from faircompress.networks.network import Network, probabilities
from faircompress.networks.outputs import adapt
from faircompress.networks.own_parts import refuse_foreign_parts
from faircompress.support.arguments import (
    Kind,
    is_count,
    is_listed,
    is_path,
    is_text,
    of_kinds,
)
from faircompress.support.errors import InputError
from faircompress.support.files import write_bytes

if TYPE_CHECKING:
    from torch import nn

TOLERANCE = 1e-4  # probabilities of the file and of torch
KINDS = {
    "path": Kind(is_path, "the path of a file", must=True),
    "classes": Kind(
        lambda v: is_listed(v) and not is_text(v), 'names, such as ["no", "yes"]', must=True
    ),
    "opset": Kind(lambda v: is_count(v) and v > 0, "a whole number, such as 20", must=True),
}


@of_kinds(KINDS)
def export(
    model: "nn.Module",
    path: str | Path,
    *,
    size: tuple[int, int],
    classes: Sequence[str | int],
    mean: Sequence[float],
    std: Sequence[float],
    opset: int = 20,
) -> Path:
    """Write a network as an ONNX file from raw pixels to probabilities; return its path.

    The file is compared with the network, layer by layer and by what both say of eight made-up
    pictures, before it is written.

    Args:
        model: Dense or pruned; gives logits, also one of them; left as it is.
        path: Of the file, which is replaced.
        size: Height and width of the pictures, pixels.
        classes: Their names, in the order of the logits; of two, the positive second.
        mean: By which pictures in [0, 1] are shifted, by channel.
        std: By which they are then divided.
        opset: Of ONNX.

    Raises:
        InputError: If the file is not the network, or a class is named twice.
    """
    names = [name if isinstance(name, str) else whole(str(name)) for name in classes]
    if len(set(names)) < len(names):
        raise InputError(
            f"classes names {', '.join(names)}; name each class once, in the order of the logits."
        )
    refuse_compiled(model)
    _refuse_options(Path(path), size, mean, std)
    net = evaluating(copied(model).cpu())
    network = Network(net, type(model).__name__, len(classes), tuple(mean), tuple(std))
    pictures = np.random.default_rng(0).integers(0, 256, (8, *size, 3), np.uint8)
    refuse_foreign_parts(model, net, network.normalised(torch.from_numpy(pictures[:2])))
    adapt(net, len(classes))
    refuse_unfit(net, network.normalised(torch.from_numpy(pictures[:4])))
    refuse_batch_bound(net, network.normalised(torch.from_numpy(pictures[:4])))
    said = {"classes": json.dumps(names), "input_size": json.dumps(list(size))}
    content = to_onnx(network, size, opset=opset, words=said)
    refuse_wrong_shape(content, network)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        file.write_bytes(content)
        found = runtime.predict(runtime.session(file, "cpu", threads=1), pictures, what="checking")
    ids = [str(number) for number in range(len(pictures))]
    expected = probabilities(network, pictures, what="checking")
    far = runtime.compare(expected, found, ids, tolerance=TOLERANCE, what="the file")
    runtime.raise_unless_equivalent(far, TOLERANCE, what="the file")
    write_bytes(Path(path), content)
    return Path(path)


def _refuse_options(path: Path, size: Any, mean: Any, std: Any) -> None:
    """Raise if a file cannot be written there, or of such pictures, before anything is computed."""
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} to. Make it")
    if np.shape(size) != (2,) or any(int(side) != side or side < 1 for side in size):
        raise InputError(f"size is {size}; needed are height and width in pixels, such as (64, 48)")
    for numbers, what in ((mean, "mean"), (std, "std")):
        if np.shape(numbers) != (3,) or not np.isfinite(numbers).all():
            raise InputError(
                f"{what} is {numbers}; needed are 3 finite numbers, as files take pictures of "
                "three channels. A network of one: wrap it in a module that gives it x[:, :1]; of "
                "a grey picture all three are alike"
            )
    if min(std) <= 0:
        raise InputError(f"std is {std}; pictures are divided by it, so all must be above 0")
