"""Batches for training: shuffled, augmented and normalised where the model is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from faircompress.dataset import Split
from faircompress.networks import Network


@dataclass(frozen=True)
class Batch:
    """Pictures of one step.

    Args:
        images: Normalised, ``(batch, 3, height, width)``.
        labels: Integers in ``[0, classes)``, ``(batch,)``.
    """

    images: Tensor
    labels: Tensor


class Feed:
    """One split, held as uint8 on the device it fits on, given out in batches.

    Args:
        split: Pictures and labels.
        network: Whose normalisation applies.
        batch: Pictures a step; a last, shorter batch is left out when training.
        augment: Of ``flip`` (left-right, half of the pictures) and ``crop`` (shift by up to 1/12).
        device: Where batches are wanted.
        seed: Of order and augmentation; epoch e always looks the same.
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
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if len(split) < batch * world:
            raise ValueError(
                f"a batch of {batch} on {world} device(s) needs {batch * world} pictures; "
                f"the split has {len(split)}. Set a smaller batch."
            )
        self.device = torch.device(device)
        self.images, self.labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
        if self.device.type == "cuda" and self._fits():
            self.images, self.labels = self.images.to(device), self.labels.to(device)
        self.network, self.batch, self.augment, self.seed = network, batch, tuple(augment), seed
        self.rank, self.world = rank, world

    def __len__(self) -> int:
        return len(self.labels) // (self.batch * self.world)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give each picture of epoch ``number`` once, in an order of its own."""
        rng = Generator().manual_seed(self.seed * 100_003 + number)
        order = torch.randperm(len(self.labels), generator=rng)
        for step in range(len(self)):
            start = (step * self.world + self.rank) * self.batch
            rows = order[start : start + self.batch].to(self.images.device)
            images = self.network.normalised(self.images[rows].to(self.device))
            yield Batch(self._augmented(images, rng), self.labels[rows].to(self.device))

    def _augmented(self, images: Tensor, rng: Generator) -> Tensor:
        if "flip" in self.augment:
            flip = torch.rand(len(images), generator=rng).to(images.device) < 0.5
            images = torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
        if "crop" in self.augment:
            images = _shifted(images, rng)
        return images

    def _fits(self) -> bool:
        free, _ = torch.cuda.mem_get_info(self.device)
        return self.images.nbytes < free / 2


def _shifted(images: Tensor, rng: Generator) -> Tensor:
    """Shift each picture by up to 1/12 of its side; what comes in is the normalised mean, 0."""
    count, _, height, width = images.shape
    reach_y, reach_x = -(-height // 12), -(-width // 12)
    padded = torch.nn.functional.pad(images, (reach_x, reach_x, reach_y, reach_y))
    top = torch.randint(2 * reach_y + 1, (count, 1), generator=rng)
    left = torch.randint(2 * reach_x + 1, (count, 1), generator=rng)
    rows = (top + torch.arange(height)).to(images.device)
    columns = (left + torch.arange(width)).to(images.device)
    which = torch.arange(count, device=images.device)
    return padded.permute(0, 2, 3, 1)[
        which.view(-1, 1, 1), rows.unsqueeze(2), columns.unsqueeze(1)
    ].permute(0, 3, 1, 2)
