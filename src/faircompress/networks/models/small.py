"""A residual network small enough to be trained on two cores within a minute."""

from torch import Tensor, nn

WIDTHS = (16, 32, 64)  # channels of the three stages


class _Block(nn.Module):
    """Two 3x3 convolutions and a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, size=3, stride=stride)
        self.second = _convolution(outputs, outputs, size=3, stride=1)
        same = stride == 1 and inputs == outputs
        self.around = (
            nn.Identity() if same else _convolution(inputs, outputs, size=1, stride=stride)
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.relu(self.first(x)))
        z: Tensor = self.relu(y + self.around(x))
        return z


def small(classes: int) -> nn.Module:
    """Build an untrained residual network of three stages for pictures of 32 pixels and more.

    The first convolution halves the picture, as do the second and third stage; the last features
    are averaged over the picture, so any input size >= 32 fits. At 48x48 it takes 7.0 million
    multiply-adds and has 78,000 parameters.

    Args:
        classes: Number of outputs, >= 2.

    Returns:
        Network from normalised float pictures ``(batch, 3, height, width)`` to logits
        ``(batch, classes)``.

    Source:
        He et al., Deep Residual Learning for Image Recognition, CVPR 2016.
        Departure: one block a stage, and a strided first convolution.
    """
    first, second, third = WIDTHS
    return nn.Sequential(
        _convolution(3, first, size=3, stride=2),
        nn.ReLU(),
        _Block(first, first, stride=1),
        _Block(first, second, stride=2),
        _Block(second, third, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, classes),
    )


def _convolution(inputs: int, outputs: int, *, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )
