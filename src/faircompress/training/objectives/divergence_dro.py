"""The objective that follows the pseudo-cell that moved furthest from the dense model."""

import torch
from torch import Tensor

from faircompress.config.bounds import Positive
from faircompress.training.groupwise import worst_followed
from faircompress.training.objectives import State


def divergence_dro(
    logits: Tensor,
    labels: Tensor,
    dense_probs: Tensor,
    pseudo_groups: Tensor,
    pseudo_group_count: int,
    state: State,
    *,
    step_size: Positive = 0.01,
) -> Tensor:
    """Return group DRO over pseudo-cells, on the divergence from the dense model.

    A cell's loss is the mean of ``KL(dense model || pruned model)`` over its pictures: 0 where the
    pruned model says what the dense one does. So a cell gains weight for what compression did to
    it, not for being hard, and pressure ends at "as dense". It needs no group labels.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, rows sum to 1, ``(batch, classes)``.
        pseudo_groups: Cluster of each picture, in ``[0, pseudo_group_count)``, ``(batch,)``.
        pseudo_group_count: Number of clusters.
        state: As of ``group_dro``.
        step_size: How fast weights grow, per nat and call.

    Returns:
        Weighted sum of the cells' mean divergences, in nats, a scalar.

    Source:
        Vilouras et al., Group Distributionally Robust Knowledge Distillation, MLMI 2023.
        Departure: pseudo-cells in place of groups, see ``pseudo_cell_dro``; no temperature.
    """
    classes = logits.shape[1]
    known = dense_probs.detach()
    said = logits.log_softmax(1)
    divergence = (torch.special.xlogy(known, known) - known * said).sum(1)
    cells = pseudo_groups * classes + labels
    return worst_followed(divergence, cells, pseudo_group_count * classes, state, step_size)
