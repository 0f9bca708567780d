"""The objective that follows the group that fares worst. It needs group labels."""

from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import Positive
from faircompress.training.groupwise import require_groups, worst_followed
from faircompress.training.objectives import State


def group_dro(
    logits: Tensor,
    labels: Tensor,
    groups: Tensor,
    group_count: int,
    state: State,
    *,
    step_size: Positive = 0.01,
    by_label: bool = True,
) -> Tensor:
    """Return the mean loss of each group, weighted by how badly groups have fared so far.

    At each call the weight of each group in the batch is multiplied by ``exp(step_size * its mean
    loss)``, and all weights are divided by their sum.

    Args:
        logits: Unnormalised scores, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        groups: Integers in ``[0, group_count)``, ``(batch,)``.
        group_count: Number of groups.
        state: ``log_weights``, one a group before division by their sum; -inf: never seen.
        step_size: How fast weights grow, per nat and call.
        by_label: Whether a group is a group x label cell. Pruning harms cells: blond men, of whom
            there are few, not the men, most of whom are easy.

    Returns:
        Weighted sum of the mean losses, in nats, a scalar.

    Raises:
        ValueError: If the data have one group, and cells are not asked for.

    Source:
        Sagawa et al., Distributionally Robust Neural Networks for Group Shifts, ICLR 2020.
        Departure: batches are not balanced by group, so a group without a picture in the batch
        neither gains weight nor adds loss; a cell never seen has no weight.
    """
    if by_label:
        classes = logits.shape[1]
        groups, group_count = groups * classes + labels, group_count * classes
    require_groups(group_count, "group_dro with by_label: false")
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return worst_followed(losses, groups, group_count, state, step_size)
