"""What networks of others give, as logits: ``(batch, classes)``, whatever it comes in.

The one network is given a forward that turns what its own gives into logits. Its class stays, and
so do names of layers, weights and hooks; ``as_given`` takes that forward off again.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.support.errors import InputError

NAMES = ("logits", "out", "output", "prediction", "predictions", "scores", "y")
PASSING = ("View", "Reshape", "Squeeze", "Unsqueeze", "Clone", "Alias", "Slice", "Select", "Cat",
           "Stack", "ToCopy", "Permute", "Transpose")  # fmt: skip
ENDS = ("SigmoidBackward", "SoftmaxBackward")  # log-probabilities are logits, too
OWN, KEPT, TOLD = "forward", "forward_given", "classes_told"


def adapt(net: nn.Module, classes: int) -> nn.Module:
    """Let a network give logits, in place; return it."""
    kept = vars(net)
    if TOLD not in kept:
        if OWN in kept:  # a forward that this one network was given
            kept[KEPT] = kept.pop(OWN)
        kept[TOLD], kept[OWN] = classes, MethodType(_logits, net)
    return net


def as_given(net: nn.Module) -> nn.Module:
    """Let a network give what its own code gives, in place; return it."""
    kept = vars(net)
    if TOLD in kept:
        del kept[TOLD], kept[OWN]
        if KEPT in kept:
            kept[OWN] = kept.pop(KEPT)
    return net


def classes_told(net: nn.Module) -> int:
    """Return of how many classes an adapted network gives logits; 0 of any other."""
    return int(vars(net).get(TOLD, 0))


def given_output(net: nn.Module, *pictures: Any, **more: Any) -> Any:
    """Return what an adapted network's own code gives."""
    own = vars(net).get(KEPT)
    return type(net).forward(net, *pictures, **more) if own is None else own(*pictures, **more)


def _logits(net: nn.Module, *pictures: Any, **more: Any) -> Tensor:
    return logits_of(given_output(net, *pictures, **more), classes_told(net))


def logits_of(output: Any, classes: int) -> Tensor:
    """Return the logits in what a network gives.

    Args:
        output: A tensor; or a dict, named tuple or data class that has them under a name of
            ``NAMES``; or one in which a single tensor can be logits.
        classes: Of the data; one logit is enough for two: it is set against 0.

    Returns:
        ``(batch, classes)``.

    Raises:
        InputError: If there are none, or several that could be.
    """
    if isinstance(output, Tensor):
        found = _as_logits(output, classes)
        if found is None:
            asked = f"needed: one a class, {classes}" + (", or one" if classes == 2 else "")
            raise InputError(f"it gives {list(output.shape[1:])} numbers a picture; {asked}")
        return found
    parts = _parts(output)
    tensors = {name: part for name, part in parts.items() if isinstance(part, Tensor)}
    tried = {name: _as_logits(part, classes) for name, part in tensors.items()}
    fitting = {name: found for name, found in tried.items() if found is not None}
    named = [name for name in NAMES if name in fitting]
    if not named and len(fitting) != 1:
        what = ", ".join(f"{name} {_shape(part)}" for name, part in parts.items())
        raise InputError(
            f"it gives a {type(output).__name__} ({what or 'empty'}) with {len(fitting)} tensors "
            f"that could be the logits of {classes} classes. Have it return the logits alone, or "
            "in a dict under 'logits'"
        )
    return fitting[named[0] if named else next(iter(fitting))]


def logits_in(output: Any) -> Tensor:
    """Return the logits in what a network gives, before it is known how many classes there are.

    Raises:
        InputError: If it gives several tensors of which none has a name of ``NAMES``, or none.
    """
    if isinstance(output, Tensor):
        return output
    parts = tensors_in(output)
    floats = {name.lstrip("."): part for name, part in parts.items() if part.is_floating_point()}
    named = [name for name in NAMES if name in floats]
    if not named and len(floats) != 1:
        what = ", ".join(f"{name} {_shape(part)}" for name, part in floats.items())
        raise InputError(
            f"it gives a {type(output).__name__} "
            + (
                f"({what}). Have it return the logits alone, or in a dict under 'logits'; or tell "
                "which they are by how many classes there are: classes=2, say"
                if floats
                else "without a tensor of numbers, and logits are needed"
            )
        )
    return floats[named[0] if named else next(iter(floats))]


def outputs_of(net: nn.Module, pictures: Tensor) -> tuple[Tensor, dict[str, tuple[int, ...]]]:
    """Return a network's logits, and the shapes of all tensors where it gives more than one."""
    if not classes_told(net):
        return net(pictures), {}
    outputs: list[Any] = []
    own = vars(net)[OWN]

    def forward(*given: Any, **more: Any) -> Tensor:
        outputs.append(given_output(net, *given, **more))
        return logits_of(outputs[-1], classes_told(net))

    vars(net)[OWN] = forward  # for once, so that its hooks run, too
    try:
        logits = net(pictures)
    finally:
        vars(net)[OWN] = own
    beside = [_parts(output) for output in outputs if not isinstance(output, Tensor)]
    tensors = {name: tensor for parts in beside for name, tensor in tensors_in(parts).items()}
    return logits, {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def tensors_in(output: Any, name: str = "") -> dict[str, Tensor]:
    """Return all tensors in what a network gives, by where they stand in it."""
    if isinstance(output, Tensor):
        return {name: output}
    parts = (
        _parts(output) if isinstance(output, Mapping | tuple | list) or is_dataclass(output) else {}
    )
    return {
        n: t for key, part in parts.items() for n, t in tensors_in(part, f"{name}.{key}").items()
    }


def probabilities_given(output: Tensor) -> str:
    """Return ``softmax`` or ``sigmoid`` if a network ends in one, told from its gradient."""
    step = output.grad_fn
    while step is not None:
        name = step.name()
        if name.startswith(ENDS):
            return name.partition("Backward")[0].lower()
        if not name.startswith(PASSING):
            return ""
        step = next((s for s, _ in reversed(step.next_functions) if s is not None), None)
    return ""


def _as_logits(tensor: Tensor, classes: int) -> Tensor | None:
    if not tensor.is_floating_point() or tensor.ndim == 0:
        return None
    if tensor.ndim > 2 and tensor[0].numel() == tensor.shape[1]:
        tensor = tensor.flatten(1)  # maps of one position
    if tensor.ndim == 2 and tensor.shape[1] == classes:
        return tensor
    if classes == 2 and (tensor.ndim == 1 or tensor.shape[1:] == (1,)):
        one = tensor.reshape(-1, 1)
        return torch.cat([torch.zeros_like(one), one], 1)
    return None


def _parts(output: Any) -> dict[str, Any]:
    if isinstance(output, Mapping):
        return {str(name): part for name, part in output.items()}
    if isinstance(output, tuple | list):
        names = getattr(output, "_fields", range(len(output)))
        return {str(name): part for name, part in zip(names, output, strict=True)}
    if is_dataclass(output):
        return {field.name: getattr(output, field.name) for field in fields(output)}
    return dict(vars(output)) if hasattr(output, "__dict__") else {}


def _shape(part: Any) -> str:
    return str(list(part.shape)) if isinstance(part, Tensor) else type(part).__name__
