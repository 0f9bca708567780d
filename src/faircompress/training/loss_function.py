"""An objective on a network and a batch: whoever names something it needs is given it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.support.errors import InputError
from faircompress.training.batch_loader import Batch
from faircompress.training.objectives import Objective, State


def needs(plugin: Callable[..., Any], name: str) -> bool:
    """Tell whether an objective or a criterion names something it wants to be given."""
    return name in inspect.signature(plugin).parameters


@dataclass
class LossFunction:
    """An objective with all it asks for: the frozen dense model, and a memory of its own.

    Args:
        objective: Plug-in with its options set.
        dense: Frozen, in evaluation mode, where the batches are; None: there is none yet.
        state: What the objective remembers.
    """

    objective: Objective
    dense: nn.Module | None = None
    state: State = field(default_factory=dict)

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the objective of a network on a batch.

        Raises:
            ValueError: If the objective compares with the dense model and there is none.
        """
        offered: dict[str, Callable[[], Any]] = {
            "dense_probs": lambda: self._dense_probs(batch),
            "groups": lambda: batch.groups,
            "group_count": lambda: batch.group_count,
            "state": lambda: self.state,
        }
        given = {name: give() for name, give in offered.items() if needs(self.objective, name)}
        return self.objective(net(batch.images), batch.labels, **given)

    @torch.no_grad()
    def _dense_probs(self, batch: Batch) -> Tensor:
        if self.dense is None:
            raise InputError("this objective compares with the dense model, and there is none yet")
        return self.dense(batch.images).float().softmax(1)
