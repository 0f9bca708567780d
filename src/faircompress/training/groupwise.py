"""Group by group: what is averaged, and what has no meaning without groups."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.support.errors import InputError
from faircompress.training.objectives import State


def require_groups(count: int, who: str) -> None:
    """Refuse to compare groups where there are none to compare.

    Raises:
        ValueError: If there are fewer than two groups.
    """
    if count < 2:
        raise InputError(
            f"{who} compares groups and found {count}. Name a group column with two values or more "
            "in the data section; if there is one, take more or larger batches; or choose a method "
            "that needs no groups."
        )


def group_means(values: Tensor, groups: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return each group's mean, and which groups are there.

    Args:
        values: One number a picture, ``(batch,)``; gradients pass through.
        groups: Integers in ``[0, count)``, ``(batch,)``.
        count: Number of groups.

    Returns:
        Means, 0 for a group without pictures, ``(count,)``; and a mask, ``(count,)``.
    """
    member = functional.one_hot(groups, count).to(values.dtype)  # a sum that does not race on a GPU
    sizes = member.sum(0)
    return values @ member / sizes.clamp_min(1), sizes > 0


def worst_followed(
    losses: Tensor, groups: Tensor, count: int, state: State, step_size: float
) -> Tensor:
    """Return the mean losses of groups, weighted by how badly each has fared so far.

    The weight of each group that is there is multiplied by ``exp(step_size * its mean loss)``, and
    all weights are divided by their sum; a group never seen has none.

    Args:
        losses: One a picture, ``(batch,)``; gradients pass through.
        groups: Integers in ``[0, count)``, ``(batch,)``.
        count: Number of groups.
        state: ``log_weights``, one a group before division by their sum; -inf: never seen.
        step_size: How fast weights grow, per unit of loss and call.

    Returns:
        A scalar, in the unit of the losses.
    """
    means, there = group_means(losses, groups, count)
    log_weights = state.get("log_weights", torch.full_like(means, -torch.inf))
    grown = log_weights.clamp_min(0) + step_size * means.detach()
    state["log_weights"] = torch.where(there, grown, log_weights)
    return (state["log_weights"].softmax(0) * means).sum()
