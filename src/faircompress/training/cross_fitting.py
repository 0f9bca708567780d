"""Dense models that each leave out a part of the people, so that each row has one to judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from faircompress.config.params import Train
from faircompress.data.dataset import Facts, Split, hash_position
from faircompress.networks import network as networks
from faircompress.networks.copies import evaluating
from faircompress.support.errors import InputError
from faircompress.training.batch_loader import Batch
from faircompress.training.fit import fit
from faircompress.training.objectives.cross_entropy import cross_entropy
from faircompress.training.untrained import untrained

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SALT = "cross-fitting"


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """Models, and which of them did not see a row's person.

    Args:
        models: One a fold, frozen, in evaluation mode, where batches are.
        folds: Of each train row, ``(rows,)``.
    """

    models: Sequence[nn.Module]
    folds: Tensor

    @torch.no_grad()
    def probs(self, batch: Batch) -> Tensor:
        """Return held-out probabilities of the same augmented pictures, ``(batch, classes)``."""
        folds = self.folds.to(batch.rows.device)[batch.rows]
        order = torch.argsort(folds, stable=True)
        found = [
            model(batch.images[folds == fold]).float().softmax(1)
            for fold, model in enumerate(self.models)
            if bool((folds == fold).any())
        ]
        return torch.cat(found)[torch.argsort(order)]


def fold_of_rows(split: Split, count: int) -> np.ndarray:
    """Return the fold of each row: of its person's name (else its own) alone, ``(rows,)``."""
    names = split.rows["identity"].fillna(split.rows["id"]).astype(str)
    fold = {name: int(hash_position(name, salt=SALT) * count) for name in names.unique()}
    return names.map(fold).to_numpy(np.int64, copy=True)


def cross_fitted(
    how: Train, facts: Facts, split: Split, count: int, fabric: "Fabric", kept: Path
) -> CrossFitted:
    """Train a dense model without each fold, unless that was done; return them.

    Args:
        how: As the dense model itself was trained.
        facts: Of the data set.
        split: Train rows.
        count: Of folds.
        fabric: Device, precision and strategy.
        kept: Folder that outlives a kill; a finished fold is not trained again.
    """
    if how.epochs == 0:
        raise InputError(
            "cross-fitting trains the dense model again without a part of the people, and "
            "train.epochs is 0: its weights came from elsewhere. Choose performance_weighted"
        )
    folds = fold_of_rows(split, count)
    models = [
        _without(fold, how, facts, split.part(np.flatnonzero(folds != fold)), fabric, kept)
        for fold in range(count)
    ]
    frozen = [evaluating(net.requires_grad_(False)).to(fabric.device) for net in models]
    return CrossFitted(frozen, torch.from_numpy(folds))


def _without(
    fold: int, how: Train, facts: Facts, split: Split, fabric: "Fabric", kept: Path
) -> nn.Module:
    done = kept / f"fold-{fold}.pt"
    if not done.exists():
        network = untrained(how, facts)
        fit(
            network,
            split,
            cross_entropy,
            how,
            fabric,
            seed=how.seed,
            what=f"dense model without fold {fold + 1}",
            checkpoint=kept / f"fold-{fold}-weights.pt",
        )
        if fabric.is_global_zero:
            networks.save(network, done)
        fabric.barrier()
    return networks.load(done).net
