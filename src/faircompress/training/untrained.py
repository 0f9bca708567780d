"""The network that is to learn a data set, before its first step."""

import torch
from torch import nn

from faircompress.config.brought_names import project_path
from faircompress.config.params import Train
from faircompress.data.dataset import Facts
from faircompress.networks import network as networks
from faircompress.networks.network import IMAGENET, Network
from faircompress.networks.weights import load_weights
from faircompress.support.progress import show_line


def untrained(how: Train, facts: Facts) -> Network:
    """Build the network that is to learn this data set."""
    torch.manual_seed(how.seed)
    net = networks.build(how.model, len(facts.classes), how.weights)
    mean, std = _normalisation(how, facts, net)
    if how.from_:
        fresh = load_weights(net, project_path(how.from_), fresh_head=how.epochs > 0)
        if fresh:
            show_line(
                f"{', '.join(fresh)} are of other classes in {how.from_}, and start at random"
            )
    return Network(net, how.model, len(facts.classes), mean, std)


def _normalisation(
    how: Train, facts: Facts, net: nn.Module
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the standard deviation that pictures are normalised by."""
    if how.mean is not None and how.std is not None:
        return tuple(how.mean), tuple(how.std)
    if not how.weights:
        return facts.mean, facts.std
    own: dict[str, tuple[float, ...]] = getattr(net, "pretrained_cfg", {})  # timm's
    return tuple(own.get("mean", IMAGENET[0])), tuple(own.get("std", IMAGENET[1]))
