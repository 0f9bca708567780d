"""A new last layer for a network that has learnt, fitted on people whom training never saw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from faircompress.config import plugins
from faircompress.config.params import Prune
from faircompress.data.dataset import Split
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import head
from faircompress.networks.network import Network
from faircompress.networks.prototypes import Prototypes
from faircompress.support.errors import InputError
from faircompress.training.heads import Known

BATCH = 256
NEAR = 1e-4  # of the largest logit: what orders of summing may differ by


def refuse_no_layer(net: nn.Module, example: Tensor, name: str) -> None:
    """Refuse, before anything is trained, a network whose last layer cannot be fitted alone.

    Args:
        net: The dense network, in evaluation mode; the pruned one ends as it does.
        example: One normalised picture.
        name: Of the head.

    Raises:
        InputError: If what it says is not what one linear layer with intercepts gives, as a whole.
    """
    last = head(net)
    reason = ""
    if not isinstance(last, nn.Linear) or last.bias is None:
        reason = f"its last layer is {type(last).__name__}" + (
            " without bias" if isinstance(last, nn.Linear) else ""
        )
    else:
        features, said = _through(net, example)
        if features.ndim != 2 or not _gives(last, features, said):
            reason = "what it says is not what its last linear layer gives"
    if reason:
        raise InputError(
            f"prune.head.name {name} fits a linear layer with bias anew that gives the logits of "
            f"{type(net).__name__}, but {reason}. Choose keep, or another network"
        )


def people_of(split: Split) -> np.ndarray:
    """Return the name of each row's person, else its own, ``(rows,)``."""
    return split.rows["identity"].fillna(split.rows["id"]).to_numpy().astype(str)


@torch.no_grad()
def _gives(last: nn.Module, features: Tensor, said: Tensor) -> bool:
    """Tell whether a layer gives what the network says; one logit is set against 0."""
    given = last(features).float()
    if given.shape[1] == 1 and said.shape[1] == 2:
        given = torch.cat([torch.zeros_like(given), given], 1)
    return given.shape == said.shape and bool((given - said).abs().max() <= NEAR * said.abs().max())


def refitted(
    network: Network,
    tune: Split,
    people: np.ndarray,
    columns: Sequence[str],
    how: Prune,
    device: "torch.device | str" = "cpu",
) -> Network:
    """Return the network with the last layer that ``prune.head`` asks for.

    Args:
        network: Pruned and tuned, on the CPU, in evaluation mode; changed in place.
        tune: Pictures that trained nothing and choose no threshold.
        people: Name of the person of each, ``(rows,)``.
        columns: Of groups.
        how: Head and seed.
        device: Where the network looks at the pictures.

    Raises:
        InputError: If these pictures do not suffice.
    """
    fit = plugins.find("heads", how.head.name)
    options = plugins.options_of(how.head)
    known = known_of(network, tune, people, columns, device)
    layer = fit(known, seed=how.seed, **options)
    return network if layer is None else with_layer(network, layer)


def known_of(
    network: Network,
    tune: Split,
    people: np.ndarray,
    columns: Sequence[str],
    device: "torch.device | str",
) -> Known:
    """Return what the last layer is given of pictures, with their labels, cells and people."""
    net = evaluating(copied(network.net)).to(device)
    found = []
    for start in range(0, len(tune), BATCH):
        pictures = torch.from_numpy(tune.images[start : start + BATCH]).to(device)
        features, _ = _through(net, network.normalised(pictures))
        found.append(features.double().cpu().numpy())
    groups = {name: _codes(tune.rows[name].astype(str).to_numpy()) for name in columns}
    return Known(np.concatenate(found), tune.labels, groups, _codes(people), network.classes)


def _codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1]


def with_layer(network: Network, layer: nn.Linear) -> Network:
    """Return the network with another last layer, in place."""
    last = head(network.net)
    if isinstance(layer, Prototypes):
        name = next(name for name, module in network.net.named_modules() if module is last)
        if len(last.weight) != layer.classes:
            raise InputError(
                f"prune.head.name dpe gives {layer.classes} logits, and {name} of "
                f"{network.architecture} gives {len(last.weight)}. Choose keep or dfr"
            )
        network.net.set_submodule(name, evaluating(layer))
        return replace(network, prototypes=name)
    weight, bias = layer.weight.detach(), layer.bias.detach()
    if len(last.weight) == 1:  # one logit of two classes: set against 0
        weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
    with torch.no_grad():
        last.weight.copy_(weight)
        if last.bias is not None:
            last.bias.copy_(bias)
    return network


@torch.no_grad()
def _through(net: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the last layer is given, and what it gives."""
    seen: list[Tensor] = []
    handle = head(net).register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        said: Tensor = net(pictures)
    finally:
        handle.remove()
    return seen[-1].float(), said.float()
