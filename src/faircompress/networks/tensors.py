"""What a network keeps, by name, whatever its own ``state_dict`` and ``load_state_dict`` do.

Networks of others leave tensors out there, rename them, or load in a way of their own. The names
are those that torch gives by itself.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.support.errors import InputError


def tensors_of(net: nn.Module) -> dict[str, Tensor]:
    """Return weights and buffers by name, without gradient; those of two names under both."""
    return {
        f"{prefix}.{name}".lstrip("."): tensor.detach()
        for prefix, module in net.named_modules(remove_duplicate=False)
        for name, tensor in _own(module).items()
    }


def fill(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give every layer the tensors of its name, and the width that these have, in place.

    A weight that several layers share stays one, if all are given the same.

    Args:
        net: Whose weights are all replaced, and those buffers that are named.
        tensors: By name.
    """
    new: dict[Tensor, nn.Parameter] = {}
    for prefix, module in net.named_modules():
        for name, old in _own(module).items():
            key = f"{prefix}.{name}".lstrip(".")
            if isinstance(old, nn.Parameter):
                if old not in new or not torch.equal(new[old], tensors[key]):
                    new[old] = nn.Parameter(tensors[key], old.requires_grad)
                setattr(module, name, new[old])
            elif key in tensors:
                setattr(module, name, tensors[key])
        _fit_words(module)


def refuse_others(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Raise if a network keeps other tensors than were written.

    Raises:
        InputError: Naming some.
    """
    own = tensors_of(net).keys()
    if own != tensors.keys():
        odd = ", ".join(sorted(own ^ tensors.keys())[:3])
        raise InputError(f"it has other tensors than its network ({odd}). Was its code changed?")


def extras_of(net: nn.Module) -> dict[str, Any]:
    """Return what modules keep beside tensors, by their names, where they say so themselves."""
    plain = nn.Module.get_extra_state
    return {
        name: module.get_extra_state()
        for name, module in net.named_modules()
        if type(module).get_extra_state is not plain
    }


def give_extras(net: nn.Module, extras: Mapping[str, Any]) -> None:
    """Give modules back what ``extras_of`` returned of them."""
    for name, what in extras.items():
        net.get_submodule(name).set_extra_state(what)


def _own(module: nn.Module) -> dict[str, Tensor]:
    """Return what a module itself keeps in a state dict."""
    passing = module._non_persistent_buffers_set
    buffers = {name: kept for name, kept in module._buffers.items() if name not in passing}
    tensors = {**module._parameters, **buffers}
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _fit_words(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        if module.groups > 1:  # whole ones go
            module.groups = module.weight.shape[0] * module.groups // module.out_channels
        module.out_channels = module.weight.shape[0]
        module.in_channels = module.weight.shape[1] * module.groups
    elif isinstance(module, nn.ConvTranspose2d):
        module.in_channels = module.weight.shape[0]
        module.out_channels = module.weight.shape[1] * module.groups
    elif isinstance(module, nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, nn.PReLU):
        module.num_parameters = len(module.weight)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.InstanceNorm2d):
        kept = module.running_mean if module.weight is None else module.weight
        module.num_features = module.num_features if kept is None else len(kept)
    elif isinstance(module, nn.LayerNorm):
        module.normalized_shape = tuple(module.weight.shape)
    elif isinstance(module, nn.GroupNorm) and module.weight is not None:
        run = module.num_channels // module.num_groups  # channels of a group stay as many
        module.num_channels = len(module.weight)
        if module.num_groups > 1:
            module.num_groups = max(1, module.num_channels // run)
