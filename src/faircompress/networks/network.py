"""Networks by name: built, saved, and loaded again in whatever shape pruning left them.

A saved network is its weights and two words (architecture, classes). The shapes of the weights
say how wide each layer is, so a pruned network needs no pickled code.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from torch import Tensor, nn

from faircompress.config import plugins
from faircompress.config.brought_names import kind_of
from faircompress.networks.brought import build_brought
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.memory_order import memory_order
from faircompress.networks.prototypes import Prototypes
from faircompress.networks.tensors import extras_of, fill, give_extras, refuse_others, tensors_of
from faircompress.networks.weight_files import DAMAGED
from faircompress.support.errors import FaircompressError, InputError
from faircompress.support.files import write_bytes
from faircompress.support.lines import one_line
from faircompress.support.progress import track

WITH_HELPERS = ("googlenet", "inception_v3")  # heads halfway, that would only serve training
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Network:
    """A network and what is needed to build it again.

    Args:
        net: Takes normalised float ``(batch, 3, height, width)``, gives logits.
        architecture: Name in ``models/``, in torchvision, or of ``brought.py``.
        classes: Width of the output.
        mean: By which pictures in [0, 1] are shifted, by channel.
        std: By which they are then divided.
        prototypes: Name of the last layer, where ``Prototypes`` stand in its place.
    """

    net: nn.Module
    architecture: str
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    prototypes: str = ""

    def normalised(self, images: Tensor) -> Tensor:
        """Turn uint8 ``(batch, height, width, 3)`` into what ``net`` takes, in its order."""
        mean, std = (torch.tensor(v, device=images.device) for v in (self.mean, self.std))
        pictures = images.float().mul_(1 / (255 * std)).sub_(mean / std).permute(0, 3, 1, 2)
        return pictures.contiguous(memory_format=memory_order(self.net, tuple(images.shape[1:3])))

    def blank(self, size: tuple[int, ...]) -> Tensor:
        """Return one black picture as ``net`` takes it, ``(1, 3, height, width)``."""
        return self.normalised(torch.zeros(1, *size, 3, dtype=torch.uint8))


def build(architecture: str, classes: int, weights: str | None = None) -> nn.Module:
    """Build a network with fresh weights, or with ImageNet's below a fresh head."""
    if architecture in plugins.names("models"):
        if weights is not None:
            raise InputError(f"{architecture} has no {weights} weights; set train.weights: null")
        net: nn.Module = plugins.find("models", architecture)(classes)
        return net
    if kind_of(architecture) is not None:
        return build_brought(architecture, classes, pretrained=weights is not None)
    from torchvision import models

    alone = {"aux_logits": False, "init_weights": True} if architecture in WITH_HELPERS else {}
    net = models.get_model(architecture, weights=None, num_classes=classes, **alone)
    if weights is not None:
        _load_imagenet(net, architecture)
    return net


def _load_imagenet(net: nn.Module, architecture: str) -> None:
    from torchvision import models

    try:
        found = models.get_model_weights(architecture).DEFAULT.get_state_dict(check_hash=True)
    except (URLError, OSError) as error:
        raise InputError(
            f"ImageNet weights of {architecture} could not be downloaded ({error}). Go online "
            f"once, put the file into {torch.hub.get_dir()}/checkpoints, or set train.weights: null"
        ) from error
    own = net.state_dict()
    net.load_state_dict(
        {k: v for k, v in found.items() if k in own and own[k].shape == v.shape}, strict=False
    )


@torch.no_grad()
def probabilities(
    network: Network,
    images: np.ndarray,
    device: torch.device | str = "cpu",
    *,
    batch: int = 512,
    what: str = "predicting",
) -> np.ndarray:
    """Return what a network says of pictures, in full float32 precision.

    Args:
        network: In any mode, on any device; left as it is.
        images: uint8 ``(rows, height, width, 3)``.
        device: Where it is computed.
        batch: Pictures at a time.
        what: Named on the progress bar.

    Returns:
        Probabilities, float32 ``(rows, classes)``; rows sum to 1.
    """
    order = memory_order(network.net, images.shape[1:3])
    net = evaluating(copied(network.net)).to(device).to(memory_format=order)
    starts, found = range(0, len(images), batch), []
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for start in track(starts, what, len(starts)):
            pictures = torch.from_numpy(images[start : start + batch]).to(device)
            found.append(net(network.normalised(pictures)).float().softmax(1).cpu().numpy())
    return np.concatenate(found)


def save(network: Network, path: Path) -> None:
    """Write a network, whole or not at all."""
    words = {k: v for k, v in vars(network).items() if k != "net" and v != ""}
    buffer = io.BytesIO()
    kept = {"weights": tensors_of(network.net), "extra": extras_of(network.net)}
    torch.save({**words, **{name: what for name, what in kept.items() if what}}, buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> Network:
    """Read a network, in evaluation mode, on the CPU. Only plain tensors are accepted.

    Raises:
        InputError: If the file is none that ``save`` wrote, or is damaged.
    """
    try:
        words: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        weights, extra = words.pop("weights"), words.pop("extra", {})
        net = build(words["architecture"], words["classes"])
        if name := words.get("prototypes"):
            net.set_submodule(name, Prototypes(1, words["classes"]))
        refuse_others(net, weights)
        fill(net, weights)
        give_extras(net, extra)
        return Network(evaluating(net), **words)
    except DAMAGED as error:
        if isinstance(error, FaircompressError | FileNotFoundError):
            raise
        why = one_line(str(error), 200)
        raise InputError(f"{path} is damaged, or no network that a stage saved: {why}") from error


def is_depthwise(layer: nn.Conv2d) -> bool:
    """Tell whether a convolution filters each channel by itself."""
    return layer.groups == layer.in_channels == layer.out_channels > 1
