"""The layers that lose channels, and what they hold and give, channel by channel."""

from collections.abc import Callable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from faircompress.networks.copies import evaluating
from faircompress.networks.outputs import classes_told
from faircompress.support.errors import InputError

Scored = nn.Conv2d | nn.Linear
Hook = Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]  # after forward
# what a network's own code may raise where something does not fit
MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
           RuntimeError, TypeError, ValueError)  # fmt: skip


def watched(net: nn.Module, example: Tensor, look: Hook) -> None:
    """Take a picture through a network in evaluation mode, and look at each layer's part in it."""
    hooks = [module.register_forward_hook(look) for module in net.modules()]
    was = net.training
    with torch.no_grad():
        evaluating(net)(example)
    forget(net)
    net.train(was)
    for hook in hooks:
        hook.remove()


def forget(net: nn.Module) -> nn.Module:
    """Let a network drop what it computed, in place; return it.

    In evaluation mode some keep tables that they computed of their weights (attention biases of
    LeViT) until they train next. Those can neither be copied nor cut, and grow old.
    """
    was = {module: module.training for module in net.modules()}
    net.train()
    for module, training in was.items():
        module.training = training
    return net


def scored(net: nn.Module) -> dict[str, Scored]:
    """Return the layers whose output channels can go, by name: all but the one of the classes."""
    last = head(net)
    layers = {n: m for n, m in net.named_modules() if isinstance(m, Scored)}
    return {name: layer for name, layer in layers.items() if layer is not last}


def head(net: nn.Module) -> Scored:
    """Return the layer whose outputs are the classes.

    It is the last linear one, or else convolution: where their number is known, of those with so
    many outputs, or with one for two classes, if there are any.

    Raises:
        ValueError: If there is none.
    """
    layers = [module for module in net.modules() if isinstance(module, Scored)]
    if not layers:
        raise InputError(
            f"{type(net).__name__} has neither a linear layer nor a convolution, and the last one "
            "is needed to give the classes. Choose another architecture."
        )
    classes = classes_told(net)
    counts = (classes, 1) if classes == 2 else (classes,)
    fitting = [layer for layer in layers if len(layer.weight) in counts]
    some = fitting or layers
    return ([layer for layer in some if isinstance(layer, nn.Linear)] or some)[-1]


def by_channel(layer: Scored, values: Tensor) -> Tensor:
    """Return what a layer gave, or its gradient, as ``(batch, channels, positions)``."""
    if isinstance(layer, nn.Linear):
        return values.flatten(1, -2).transpose(1, 2) if values.ndim > 2 else values.unsqueeze(2)
    return values.flatten(2)


def filters(layer: Scored) -> Tensor:
    """Return a layer's weights, one row an output channel, without gradient."""
    return layer.weight.detach().flatten(1)


def gates(net: nn.Module) -> set[str]:
    """Return the last layer of each squeeze-and-excitation: it scales what other layers write.

    A gate that always says the same still lets its channel pass, so how much a gate matters does
    not tell how much its channel does.
    """
    from torchvision.ops import SqueezeExcitation

    blocks = {n: m for n, m in net.named_modules() if isinstance(m, SqueezeExcitation)}
    return {f"{name}.fc2" for name in blocks}


def norms_behind(net: nn.Module, picture: Tensor) -> dict[str, nn.BatchNorm2d]:
    """Return the batch normalisation, if it has scales, that takes what each layer gave.

    Args:
        net: Left as it is.
        picture: One normalised picture, ``(1, 3, height, width)``, to see what follows what.
    """
    given: dict[str, Tensor] = {}
    found: dict[str, nn.BatchNorm2d] = {}

    def keep(name: str) -> Hook:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            given[name] = output

        return hook

    def match(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        found.update({name: norm for name, output in given.items() if output is inputs[0]})

    with ExitStack() as hooks, torch.no_grad():
        for name, layer in scored(net).items():
            hooks.enter_context(layer.register_forward_hook(keep(name)))
        for norm in net.modules():
            if isinstance(norm, nn.BatchNorm2d) and norm.affine:
                hooks.enter_context(norm.register_forward_pre_hook(match))
        was = net.training
        evaluating(net)(picture)
        net.train(was)
    return found


def _heads(tensor: Tensor) -> int:
    """Return for how many heads a tensor of attention has a column, or a scale."""
    if tensor.ndim == 3 and tensor.shape[1:] == (1, 1):
        return tensor.shape[0]
    return tensor.shape[-1] if tensor.ndim == 2 else 0


def numbers_of_positions(net: nn.Module) -> int:
    """Return what attention holds in a file, where its table of positions is spread by an index."""
    found = 0
    for own in ([*m.parameters(recurse=False), *m.buffers(recurse=False)] for m in net.modules()):
        heads = max((_heads(t) for t in own if t.is_floating_point()), default=0)
        found += heads * sum(t.numel() for t in own if not t.is_floating_point())
    return found
