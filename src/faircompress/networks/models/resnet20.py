"""The ResNet-20 of the CIFAR-10 experiments."""

from torch import Tensor, nn


def resnet20(classes: int) -> nn.Module:
    """Build the residual network of 20 layers for pictures of 32 pixels, not trained.

    Source:
        He et al., Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2.
        Departure: 1x1 convolutions instead of padding where a shortcut widens (its option B),
        since padded channels cannot be pruned as one group.
    """
    return CifarResNet(blocks=3, classes=classes)


class CifarResNet(nn.Module):
    """Three stages of ``blocks`` residual blocks with 16, 32 and 64 channels."""

    def __init__(self, blocks: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        widths = [16] * blocks + [32] * blocks + [64] * blocks
        self.stages = nn.Sequential(
            *(Block(before, width) for before, width in zip([16, *widths], widths, strict=False))
        )
        self.head = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(batch, classes)`` of ``(batch, 3, height, width)``."""
        return self.head(self.stages(self.stem(images)).mean((2, 3)))


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut; halves the picture where it widens."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        stride = 1 if before == width else 2
        self.body = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride == 2:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, images: Tensor) -> Tensor:
        """Return the block's maps."""
        return nn.functional.relu(self.body(images) + self.shortcut(images))
