"""The objective that bounds each group's excess loss of accuracy. It needs group labels."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import Count, NotNegative, Share
from faircompress.training.groupwise import group_means, require_groups
from faircompress.training.objectives import State


def ceag(
    logits: Tensor,
    labels: Tensor,
    dense_probs: Tensor,
    groups: Tensor,
    group_count: int,
    state: State,
    *,
    tolerance: Share = 0.01,
    dual_step: NotNegative = 0.01,
    memory: Count = 40,
) -> Tensor:
    """Return ``L + sum_g m_g * (L_g - L)``, with multipliers that watch the accuracy.

    The constraint is ``psi_g <= tolerance``, where ``psi_g`` is how much more accuracy group g has
    lost against the dense model than all pictures have. Accuracy has no gradient, so the weights
    feel the losses, while each call first moves ``m_g`` by ``dual_step * (psi_g - tolerance)``,
    not below 0. ``psi_g`` is taken over the last ``memory`` pictures of each group; a group moves
    and counts once it has shown as many. With ``m = 0`` the loss is plain cross-entropy.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, ``(batch, classes)``.
        groups: Integers in ``[0, group_count)``, ``(batch,)``.
        group_count: Number of groups.
        state: ``multipliers`` ``(group_count,)``; ``lost``, 1 where only the dense model was
            right, -1 where only the other, else 0, latest last, ``(group_count, memory)``;
            ``seen``, pictures so far, ``(group_count,)``.
        tolerance: Excess loss of accuracy that is let pass, a share.
        dual_step: How fast multipliers move, per unit of accuracy and call.
        memory: Pictures of each group over which accuracy is taken.

    Raises:
        ValueError: If the data have one group.

    Source:
        Hashemizadeh et al., Balancing Act: Constraining Disparate Impact in Sparse Models,
        ICLR 2024.
        Departure: both models' accuracy is over the same buffered pictures, where the paper takes
        the dense one's once over the train split; the overall loss of accuracy weighs groups by
        how often they were seen. Neither the tolerance nor the dense losses stand in the value,
        since they have no gradient.
    """
    require_groups(group_count, "ceag")
    lost = (dense_probs.argmax(1) == labels).float() - (logits.argmax(1) == labels).float()
    _remember(state, lost, groups, group_count, memory)
    full = state["seen"] >= memory
    losses_of_accuracy, seen = state["lost"].mean(1), state["seen"] * full
    overall = (losses_of_accuracy * seen).sum() / seen.sum().clamp_min(1)
    rise = dual_step * (losses_of_accuracy - overall - tolerance)
    multipliers = state.get("multipliers", torch.zeros_like(rise))
    state["multipliers"] = torch.where(full, (multipliers + rise).clamp_min(0), multipliers)
    losses = functional.cross_entropy(logits, labels, reduction="none")
    means, there = group_means(losses, groups, group_count)
    excess = torch.where(there, means - losses.mean(), 0)
    return losses.mean() + (state["multipliers"] * excess).sum()


def _remember(state: State, lost: Tensor, groups: Tensor, count: int, memory: int) -> None:
    rows = state.get("lost", lost.new_zeros(count, memory))
    seen = state.get("seen", groups.new_zeros(count))
    state["lost"] = torch.stack(
        [torch.cat([rows[g], lost[groups == g]])[-memory:] for g in range(count)]
    )
    state["seen"] = seen + torch.bincount(groups, minlength=count)
