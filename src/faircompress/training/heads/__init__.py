"""Plug-ins that fit the last layer anew, when everything below it has learnt and stays.

Contract: ``heads/NAME.py`` gives ``NAME(known, *, seed, **options) -> layer``: a linear layer or
``Prototypes``, from features to logits, or None where the last layer stays as it is. ``known`` are
features of pictures that trained nothing before and choose no threshold: the half ``tune`` of the
people of the validation split. Options are keyword-only and have a default; ``seed`` has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Known:
    """What the last layer is given of each picture, and who that is.

    Args:
        features: Of the pruned network, in evaluation mode, ``(rows, features)``, float64.
        labels: Integers in ``[0, classes)``, ``(rows,)``.
        groups: By group column the value of each row as an index, ``(rows,)``.
        people: Index of the person, ``(rows,)``.
        classes: How many.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    groups: Mapping[str, NDArray[np.int64]]
    people: NDArray[np.int64]
    classes: int
