"""The ResNet-56 of the thesis's first CIFAR-10 experiment."""

from torch import nn

from faircompress.networks.models.resnet20 import CifarResNet


def resnet56(classes: int) -> nn.Module:
    """Build the residual network of 56 layers for pictures of 32 pixels, not trained.

    Source:
        He et al., CVPR 2016, section 4.2; departure as in ``resnet20``.
    """
    return CifarResNet(blocks=9, classes=classes)
