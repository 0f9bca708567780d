"""Any objective, part of it plain cross-entropy: what steadies one that looks at few pictures."""

from functools import wraps
from typing import Any

from torch import Tensor
from torch.nn import functional

from faircompress.training.objectives import Objective


def mixed(objective: Objective, share: float) -> Objective:
    """Return ``share * cross-entropy + (1 - share) * objective``, which needs what that one needs.

    Args:
        objective: Plug-in with its options set.
        share: Of plain cross-entropy, in [0, 1]; 0: the objective itself.
    """
    if share == 0:
        return objective

    @wraps(objective)
    def both(logits: Tensor, labels: Tensor, *given: Any, **named: Any) -> Tensor:
        plain = functional.cross_entropy(logits, labels)
        return share * plain + (1 - share) * objective(logits, labels, *given, **named)

    return both
