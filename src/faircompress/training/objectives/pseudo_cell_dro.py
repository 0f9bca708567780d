"""The objective that follows the pseudo-cell that fares worst. It needs no group labels."""

from torch import Tensor

from faircompress.config.bounds import Positive
from faircompress.training.objectives import State
from faircompress.training.objectives.group_dro import group_dro


def pseudo_cell_dro(
    logits: Tensor,
    labels: Tensor,
    pseudo_groups: Tensor,
    pseudo_group_count: int,
    state: State,
    *,
    step_size: Positive = 0.01,
) -> Tensor:
    """Return group DRO over pseudo-cells: clusters of the dense model's middle features x label.

    The clusters stand in for groups that nobody wrote down: a network that leans on a shortcut
    holds it in its middle layers. See ``training/pseudo_cells.py``.

    Args:
        logits: Unnormalised scores, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        pseudo_groups: Cluster of each picture, in ``[0, pseudo_group_count)``, ``(batch,)``.
        pseudo_group_count: Number of clusters.
        state: As of ``group_dro``.
        step_size: How fast weights grow, per nat and call.

    Returns:
        Weighted sum of the cells' mean losses, in nats, a scalar.

    Source:
        Sohoni et al., No Subclass Left Behind, NeurIPS 2020; Sagawa et al., ICLR 2020.
        Departure: middle features of the dense model, not the last ones of a trained network;
        k-means on principal components; see ``pseudo_cells.py`` for how many clusters.
    """
    return group_dro(
        logits, labels, pseudo_groups, pseudo_group_count, state, step_size=step_size, by_label=True
    )
