"""Batches for training: shuffled, augmented and normalised where the model is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Generator, Tensor

from faircompress.data.dataset import Split
from faircompress.networks.network import Network
from faircompress.support.errors import InputError


@dataclass(frozen=True)
class Batch:
    """Pictures of one step.

    Args:
        images: Normalised, ``(batch, 3, height, width)``.
        labels: Integers in ``[0, classes)``, ``(batch,)``.
        groups: Integers in ``[0, group_count)``, ``(batch,)``.
        group_count: How many groups the data set has.
        rows: Which rows of their split they are, ``(batch,)``; empty where nobody knows.
    """

    images: Tensor
    labels: Tensor
    groups: Tensor
    group_count: int
    rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    def part(self, rows: Tensor) -> "Batch":
        """Return some of the pictures; ``rows`` are indices or a mask."""
        known = self.rows[rows] if len(self.rows) else self.rows
        labels, groups = self.labels[rows], self.groups[rows]
        return Batch(self.images[rows], labels, groups, self.group_count, known)


class BatchLoader:
    """One split, held as uint8 on the device it fits on, given out in batches.

    Args:
        split: Pictures and labels.
        network: Whose normalisation applies.
        batch: Pictures a step; a last, shorter batch is left out when training.
        augment: Of ``flip`` (left-right, half of the pictures) and ``crop`` (shift by up to 1/12).
        device: Where batches are wanted.
        seed: Of order and augmentation; epoch e always looks the same.
        balance: ``classes``: an epoch has as many pictures of each class, the rarer ones several
            times and of the more common ones not all; it has no more pictures than otherwise.
        rank: Which of ``world`` processes this is; each gets its own part of every epoch.
        world: How many processes train together.
    """

    def __init__(
        self,
        split: Split,
        network: Network,
        *,
        batch: int,
        augment: Sequence[str] = (),
        device: torch.device | str = "cpu",
        seed: int = 0,
        balance: Literal["none", "classes"] = "none",
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if len(split) < batch * world:
            raise InputError(
                f"a batch of {batch} on {world} device(s) needs {batch * world} pictures; "
                f"the split has {len(split)}. Set a smaller batch."
            )
        self.device = torch.device(device)
        self.images, self.labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
        self.groups, self.group_count = torch.from_numpy(split.groups), split.group_count
        if self.device.type == "cuda" and self._fits():
            self.images, self.labels = self.images.to(device), self.labels.to(device)
        self.network, self.batch, self.augment, self.seed = network, batch, tuple(augment), seed
        self.rank, self.world, self.balance = rank, world, balance

    def __len__(self) -> int:
        return len(self.labels) // (self.batch * self.world)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the pictures of epoch ``number``, in an order of its own."""
        rng = Generator().manual_seed(self.seed * 100_003 + number)
        order = torch.randperm(len(self.labels), generator=rng)
        if self.balance == "classes":
            order = balanced_by_class(self.labels.cpu(), rng)
        for step in range(len(self)):
            start = (step * self.world + self.rank) * self.batch
            rows = order[start : start + self.batch]
            images = self._augmented(rows, rng).to(self.device)
            labels = self.labels[rows.to(self.labels.device)].to(self.device)
            groups = self.groups[rows].to(self.device)
            normalised = self.network.normalised(images)
            yield Batch(normalised, labels, groups, self.group_count, rows.to(self.device))

    def _augmented(self, rows: Tensor, rng: Generator) -> Tensor:
        """Read pictures at shifted and flipped places: one selection, nothing is padded."""
        count, (height, width) = len(rows), self.images.shape[1:3]
        y, x = torch.arange(height).repeat(count, 1), torch.arange(width).repeat(count, 1)
        if "flip" in self.augment:
            flip = torch.rand(count, 1, generator=rng) < 0.5
            x = torch.where(flip, width - 1 - x, x)
        if "crop" in self.augment:
            y, x = _shifted(y, height, rng), _shifted(x, width, rng)
        if not self.augment:
            return self.images[rows.to(self.images.device)]
        places = (rows.view(-1, 1, 1) * height + y.unsqueeze(2)) * width + x.unsqueeze(1)
        pixels = self.images.view(-1, 3).index_select(0, places.view(-1).to(self.images.device))
        return pixels.view(count, height, width, 3)

    def _fits(self) -> bool:
        free, _ = torch.cuda.mem_get_info(self.device)
        return self.images.nbytes < free / 2


def balanced_by_class(labels: Tensor, rng: Generator) -> Tensor:
    """Return rows in a random order, as many as there are labels, each class alike.

    Every row of a class comes once before any comes again; remainders go to the first classes.
    """
    present = sorted(set(labels.tolist()))
    shares = [len(labels) // len(present)] * len(present)
    for place in range(len(labels) % len(present)):
        shares[place] += 1
    chosen = []
    for label, share in zip(present, shares, strict=True):
        rows = torch.nonzero(labels == label).flatten()
        times = -(-share // len(rows))
        again = [rows[torch.randperm(len(rows), generator=rng)] for _ in range(times)]
        chosen.append(torch.cat(again)[:share])
    order = torch.cat(chosen)
    return order[torch.randperm(len(order), generator=rng)]


def _shifted(places: Tensor, side: int, rng: Generator) -> Tensor:
    """Shift places by up to 1/12 of the side; beyond the edge the edge is repeated."""
    reach = -(-side // 12)
    shift = torch.randint(-reach, reach + 1, (len(places), 1), generator=rng)
    return (places + shift).clamp(0, side - 1)
