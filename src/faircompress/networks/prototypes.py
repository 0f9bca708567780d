"""A last layer that tells classes by how near the features are to prototypes of each."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Prototypes(nn.Linear):
    """Several sets of prototypes, one a class; what each set says is averaged.

    A set says ``softmax(-scale * distance)``, with the distance between the features of a picture,
    their mean taken off and brought to length 1, and each prototype of the set, of length 1.
    Distances are taken by differences: as products they lose half of the digits where they are
    small. ``weight`` holds the prototypes, set by set, ``bias`` the scale of each.

    Args:
        features: How many.
        classes: How many.
        sets: How many.
    """

    def __init__(self, features: int, classes: int, sets: int = 1) -> None:
        super().__init__(features, classes * sets)
        self.classes = classes

    def forward(self, features: Tensor) -> Tensor:
        """Return the logarithms of the mean probabilities, ``(batch, classes)``."""
        apart = distances(unit(features), self.weight)
        sets = len(self.weight) // self.classes
        said = (-self.bias * apart).reshape(-1, sets, self.classes).log_softmax(2)
        return said.logsumexp(1) - math.log(sets)


def unit(features: Tensor) -> Tensor:
    """Return features with their mean taken off, picture by picture, of length 1."""
    return functional.normalize(features - features.mean(1, keepdim=True))


def distances(features: Tensor, prototypes: Tensor) -> Tensor:
    """Return Euclidean distances ``(batch, prototypes)``."""
    between = features.unsqueeze(1) - prototypes.unsqueeze(0)
    return torch.linalg.vector_norm(between, dim=2)
