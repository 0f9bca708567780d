"""What a layer computes beside its widths: kernel, stride, and the size of what it reads."""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from faircompress.networks.layers import watched
from faircompress.networks.network import is_depthwise


@dataclass(frozen=True)
class LayerShape:
    """A convolution, or a linear layer, whose kernel is empty.

    Args:
        kernel: Height and width.
        stride: Likewise.
        padding: Likewise.
        dilation: Likewise.
        sides: Height and width of its input each time that it is called; of a linear layer
            positions and 1.
        groups: Of channels, for a convolution that is not depthwise.
        depthwise: Each channel is filtered by itself.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    sides: tuple[tuple[int, int], ...]
    groups: int
    depthwise: bool

    @property
    def kernel_size(self) -> int:
        """Return the weights of a pair of channels."""
        size = 1
        for length in self.kernel:
            size *= length
        return size

    def calls(self) -> "list[LayerShape]":
        """Return it as it is called, once for each time."""
        return [replace(self, sides=(side,)) for side in self.sides]


def layer_shapes(net: nn.Module, example: Tensor) -> dict[str, LayerShape]:
    """Return the shapes of a network's layers on one normalised picture, by name."""
    names = {module: name for name, module in net.named_modules()}
    found: dict[str, LayerShape] = {}

    def look(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            padding = module.padding if isinstance(module.padding, tuple) else _same(module)
            wide, deep = is_depthwise(module), module.groups
            sides = ((inputs[0].shape[-2], inputs[0].shape[-1]),)
            shape = LayerShape(
                module.kernel_size, module.stride, padding, module.dilation,
                sides, 1 if wide else deep, wide,
            )  # fmt: skip
        elif isinstance(module, nn.Linear):
            rows = output.numel() // module.out_features
            shape = LayerShape((), (), (), (), ((rows, 1),), 1, False)
        else:
            return
        before = found[names[module]].sides if names[module] in found else ()
        found[names[module]] = replace(shape, sides=before + shape.sides)

    watched(net, example, look)
    return found


def _same(convolution: nn.Conv2d) -> tuple[int, ...]:
    if convolution.padding == "valid":
        return (0,) * len(convolution.kernel_size)
    pairs = zip(convolution.kernel_size, convolution.dilation, strict=True)
    return tuple(dilation * (kernel - 1) // 2 for kernel, dilation in pairs)
