"""What the objectives of a pruning ask for beside labels, made; and whom they should not serve."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faircompress.config.params import Params
from faircompress.data.dataset import Facts, Split
from faircompress.networks.network import Network, probabilities
from faircompress.support.progress import show_line
from faircompress.training.cross_fitting import cross_fitted
from faircompress.training.hints import Hints
from faircompress.training.loss_function import needs
from faircompress.training.objectives import Objective
from faircompress.training.weak_dense import warning_for

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from faircompress.training.pseudo_cells import PseudoGroups


def hints_for(
    objectives: Sequence[Objective],
    params: Params,
    dense: Network,
    splits: tuple[Split, Split],
    facts: Facts,
    fabric: "Fabric",
    kept: Path,
) -> Hints:
    """Return what objectives need to know of train rows; say so if PW is about to do harm.

    Args:
        objectives: Of scoring and of fine-tuning.
        params: All of them: cross-fitted models are trained as the dense one was.
        dense: On the CPU.
        splits: Train and validation.
        facts: Of the data set.
        fabric: Device, precision and strategy.
        kept: Folder that outlives a kill.
    """
    train, validation = splits
    asked = {name for name in ("pseudo_groups", "held_out_probs")
             if any(needs(objective, name) for objective in objectives)}  # fmt: skip
    how = params.prune
    weighted = "performance_weighted" in (how.scoring.name, how.finetune.name)
    pseudo = models = None
    if "pseudo_groups" in asked or weighted:
        said = probabilities(dense, validation.images, fabric.device, what="validation")
        if words := warning_for(how, said, validation.labels):
            show_line(words)
        if "pseudo_groups" in asked:
            # here, because it loads scikit-learn, which few objectives need
            from faircompress.training.pseudo_cells import pseudo_groups

            pseudo = _told(pseudo_groups(
                dense, train, validation, said.argmax(1) == validation.labels,
                seed=how.seed, device=fabric.device,
            ))  # fmt: skip
    if "held_out_probs" in asked:
        models = cross_fitted(params.train, facts, train, how.folds, fabric, kept)
    return Hints(pseudo, models)


def _told(found: "PseudoGroups") -> "PseudoGroups":
    sizes = np.bincount(found.train, minlength=found.count)
    show_line(
        f"pseudo-groups: {found.count} clusters of {found.stage} ({', '.join(map(str, sizes))} "
        f"pictures); the dense model decides {found.worst:.3f} of the {found.worst_rows} "
        "validation pictures of the worst pseudo-cell rightly"
    )
    return found
