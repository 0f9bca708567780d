"""The objective that wants every group's loss to be the mean loss. It needs group labels."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import NotNegative
from faircompress.training.groupwise import group_means, require_groups
from faircompress.training.objectives import State


def equalized_loss(
    logits: Tensor,
    labels: Tensor,
    groups: Tensor,
    group_count: int,
    state: State,
    *,
    dual_step: NotNegative = 0.01,
) -> Tensor:
    """Return ``L + sum_g m_g * |L_g - L|``, which the multipliers ``m`` make dearer call by call.

    ``L`` is the batch's mean cross-entropy, ``L_g`` that of group g. After each call ``m_g`` of
    the groups in the batch rises by ``dual_step * |L_g - L|``; the others keep theirs.

    Args:
        logits: Unnormalised scores, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        groups: Integers in ``[0, group_count)``, ``(batch,)``.
        group_count: Number of groups.
        state: ``multipliers``, >= 0, 0 at first, ``(group_count,)``.
        dual_step: How fast multipliers rise, per nat and call; 0: plain cross-entropy.

    Raises:
        ValueError: If the data have one group.

    Source:
        Tran et al., Pruning has a disparate impact on model accuracy, NeurIPS 2022.
        Departure: multipliers move at every batch, on its losses. The paper's constraint
        ``L_g = L`` is held by its absolute value: multipliers then never fall.
    """
    require_groups(group_count, "equalized_loss")
    losses = functional.cross_entropy(logits, labels, reduction="none")
    means, there = group_means(losses, groups, group_count)
    violations = torch.where(there, (means - losses.mean()).abs(), 0)
    multipliers = state.get("multipliers", torch.zeros_like(violations))
    state["multipliers"] = multipliers + dual_step * violations.detach()
    return losses.mean() + (multipliers * violations).sum()
