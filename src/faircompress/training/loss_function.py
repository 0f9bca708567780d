"""An objective on a network and a batch: whoever names something it needs is given it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.support.errors import InputError
from faircompress.training.batch_loader import Batch
from faircompress.training.features import last_features
from faircompress.training.hints import NONE, Hints
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
        hints: What is known of the rows that batches are made of.
    """

    objective: Objective
    dense: nn.Module | None = None
    state: State = field(default_factory=dict)
    hints: Hints = NONE

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the objective of a network on a batch.

        Raises:
            ValueError: If the objective compares with the dense model and there is none.
        """
        logits, features = self._said(net, batch)
        offered: dict[str, Callable[[], Any]] = {
            "features": lambda: features,
            "dense_features": lambda: self._dense_features(batch),
            "held_out_probs": lambda: self.hints.held_out_probs(batch),
            "pseudo_groups": lambda: self.hints.pseudo_groups(batch),
            "pseudo_group_count": self.hints.pseudo_group_count,
            "dense_probs": lambda: self._dense_probs(batch),
            "groups": lambda: batch.groups,
            "group_count": lambda: batch.group_count,
            "state": lambda: self.state,
        }
        given = {name: give() for name, give in offered.items() if needs(self.objective, name)}
        return self.objective(logits, batch.labels, **given)

    def _said(self, net: nn.Module, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Return logits, and the features before the last layer where they are asked for."""
        if not needs(self.objective, "features"):
            return net(batch.images), None
        with last_features(net) as found:
            logits = net(batch.images)
        return logits, found[-1]

    def _frozen(self) -> nn.Module:
        if self.dense is None:
            raise InputError("this objective compares with the dense model, and there is none yet")
        return self.dense

    @torch.no_grad()
    def _dense_probs(self, batch: Batch) -> Tensor:
        return self._frozen()(batch.images).float().softmax(1)

    @torch.no_grad()
    def _dense_features(self, batch: Batch) -> Tensor:
        with last_features(self._frozen()) as found:
            self._frozen()(batch.images)
        return found[-1]
