"""Plug-ins that say what is minimised, while channels are scored and while weights are tuned.

Contract: ``objectives/NAME.py`` gives ``NAME(logits, labels, [dense_probs], **options) -> loss``.
``logits`` is ``(batch, classes)``, ``labels`` ``(batch,)``; who names ``dense_probs`` gets the
frozen dense model's probabilities on the same augmented pictures, ``(batch, classes)``, without
gradient. Returns a scalar, in nats.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

Objective = Callable[..., Tensor]


def bound(objective: Objective, options: dict[str, Any]) -> Objective:
    """Return an objective with its options set."""
    return partial(objective, **options)


def needs_dense(objective: Objective) -> bool:
    """Tell whether an objective wants the dense model's probabilities."""
    return "dense_probs" in inspect.signature(objective).parameters
