"""Group by group: what is averaged, and what has no meaning without groups."""

from torch import Tensor
from torch.nn import functional

from faircompress.support.errors import InputError


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
