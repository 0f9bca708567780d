"""A loader of others as batches of ours, and what of it cannot be used."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from faircompress.support.errors import InputError
from faircompress.support.lines import one_line
from faircompress.training.batch_loader import Batch

AGAIN = "Give a DataLoader, or a list of batches: it is gone through several times"


class Feed:
    """What a loader gives, on a device.

    Args:
        loader: Of ``(pictures, labels)`` or ``(pictures, labels, groups)``.
        device: Where batches are needed.

    Raises:
        InputError: If it can be gone through only once.
    """

    def __init__(self, loader: Iterable[Any], device: torch.device | str) -> None:
        if not hasattr(loader, "__iter__") and not hasattr(loader, "__getitem__"):
            raise InputError(f"the loader is a {type(loader).__name__}. {AGAIN}")
        if isinstance(loader, Iterator):
            raise InputError(
                f"the loader is a {type(loader).__name__}, which gives each batch once. {AGAIN}"
            )
        self.loader, self.device = loader, device
        self.group_count, self.classes = 1, 0  # 0: not known yet

    def __iter__(self) -> Iterator[Batch]:
        empty = True
        for given in self.loader:
            empty = False
            batch = self._batch(given)
            images, labels, groups = (
                part.to(self.device) for part in (batch.images, batch.labels, batch.groups)
            )
            yield Batch(images, labels, groups, self.group_count)
        if empty:
            raise InputError(f"the loader gave batches before, and now gives none. {AGAIN}")

    def pictures(self, count: int) -> Iterator[Tensor]:
        """Give so many pictures, or all, batch by batch."""
        for batch in self:
            yield batch.images[:count]
            count -= len(batch.images)
            if count <= 0:
                return

    def first(self) -> Batch:
        """Return the first batch, on the CPU."""
        given = next(iter(self.loader), None)
        if given is None:
            raise InputError("the loader gives no batch")
        return self._batch(given)

    def count_groups(self, *, needed: bool) -> None:
        """Learn how many groups there are, if an objective compares them."""
        if needed:
            self.group_count = 1 + max(int(self._batch(g).groups.max()) for g in self.loader)

    def length(self) -> int:
        """Return how many batches there are."""
        with suppress(TypeError):
            return len(self.loader)  # type: ignore[arg-type]  # of those that have one
        return sum(1 for _ in self.loader)

    def know_classes(self, classes: int, labels: Tensor) -> None:
        """Learn how many classes the model tells apart, and look at labels that were given."""
        self.classes = classes
        self._refuse_unknown(labels)

    def _refuse_unknown(self, labels: Tensor) -> None:
        if self.classes and labels.max() >= self.classes:
            raise InputError(
                f"there is a label {labels.max()}, and the model tells {self.classes} classes "
                f"apart: labels are 0 to {self.classes - 1}. Does the model fit this data?"
            )

    def _batch(self, given: Any) -> Batch:
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise InputError(
                f"the loader gives a {type(given).__name__}, and needed are (pictures, labels) or "
                "(pictures, labels, groups)"
            )
        images = given[0]
        if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
            raise InputError(
                "needed are pictures as one float tensor, (batch, channels, height, width)"
            )
        if not len(images):
            raise InputError("the loader gives a batch of no pictures")
        labels = whole_numbers(given[1], len(images), "labels")
        self._refuse_unknown(labels)
        groups = (
            whole_numbers(given[2], len(images), "groups")
            if len(given) == 3
            else torch.zeros(len(images), dtype=torch.long)
        )
        return Batch(images, labels, groups, self.group_count)


def whole_numbers(given: Any, count: int, what: str) -> Tensor:
    """Return the labels or groups of a batch, ``(count,)``.

    Args:
        given: A tensor, array or list.
        count: How many pictures they belong to.
        what: Their name, for messages.

    Raises:
        InputError: If they are not whole numbers from 0, one a picture.
    """
    needed = f"Needed are whole numbers from 0, one a picture: {count} in this batch"
    try:
        found = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{what} are no numbers ({one_line(str(error), 100)}). {needed}"
        ) from error
    if found.numel() != count:
        hint = " If they are one-hot, give argmax(1) of them." if found.ndim == 2 else ""
        raise InputError(f"{what} have the shape {list(found.shape)}. {needed}.{hint}")
    found = found.reshape(count)
    if found.is_complex() or not torch.equal(found.double().trunc(), found.double()):
        raise InputError(f"{what} are not whole: {found[:4].tolist()} ... {needed}")
    if found.min() < 0:
        raise InputError(f"there is a {found.min()} among the {what}. {needed}")
    return found.long()
