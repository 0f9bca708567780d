"""What is known of train rows beside labels and groups, for objectives that ask for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from faircompress.training.batch_loader import Batch
    from faircompress.training.cross_fitting import CrossFitted
    from faircompress.training.pseudo_cells import PseudoGroups


@dataclass(frozen=True)
class Hints:
    """Pseudo-groups, and dense models that did not see a row's person; None: nobody asked.

    Args:
        pseudo: Clusters of the train rows.
        cross_fitted: Dense models and the fold of each train row.
    """

    pseudo: "PseudoGroups | None" = None
    cross_fitted: "CrossFitted | None" = None

    def pseudo_groups(self, batch: "Batch") -> Tensor:
        """Return the cluster of each picture, ``(batch,)``."""
        if self.pseudo is None or not len(batch.rows):
            raise InputError("this objective needs pseudo-groups, and nobody made them")
        found = torch.from_numpy(self.pseudo.train).long().to(batch.rows.device)
        return found[batch.rows]

    def pseudo_group_count(self) -> int:
        """Return how many clusters there are."""
        return self.pseudo.count if self.pseudo else 0

    def held_out_probs(self, batch: "Batch") -> Tensor:
        """Return what models say of pictures whose people they never saw, ``(batch, classes)``."""
        if self.cross_fitted is None or not len(batch.rows):
            raise InputError("this objective needs cross-fitted dense models, and there are none")
        return self.cross_fitted.probs(batch)


NONE = Hints()
