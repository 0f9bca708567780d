"""The layers that lose channels, and what they hold and give, channel by channel."""

from torch import Tensor, nn

Scored = nn.Conv2d | nn.Linear


def scored(net: nn.Module) -> dict[str, Scored]:
    """Return the layers whose output channels can go, by name: all but the last linear one."""
    layers = {n: m for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    return {name: layer for name, layer in layers.items() if layer is not head(net)}


def head(net: nn.Module) -> nn.Linear:
    """Return the last linear layer, whose outputs are the classes."""
    return [module for module in net.modules() if isinstance(module, nn.Linear)][-1]


def by_channel(layer: Scored, values: Tensor) -> Tensor:
    """Return what a layer gave, or its gradient, as ``(batch, channels, positions)``."""
    if isinstance(layer, nn.Linear):
        return values.flatten(1, -2).transpose(1, 2) if values.ndim > 2 else values.unsqueeze(2)
    return values.flatten(2)


def filters(layer: Scored) -> Tensor:
    """Return a layer's weights, one row an output channel, without gradient."""
    return layer.weight.detach().flatten(1)
