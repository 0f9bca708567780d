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
from faircompress.training.weak_dense import warning

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
    weighted = [s for s in (params.prune.scoring, params.prune.finetune)
                if s.name == "performance_weighted"]  # fmt: skip
    pseudo = models = None
    if "pseudo_groups" in asked or weighted:
        said = probabilities(dense, validation.images, fabric.device, what="validation")
        for section in weighted[-1:]:
            if words := warning(
                said, validation.labels, **section.performance_weighted.model_dump()
            ):
                show_line(words)
        if "pseudo_groups" in asked:
            # here, because it loads scikit-learn, which few objectives need
            from faircompress.training.pseudo_cells import pseudo_groups

            pseudo = _told(pseudo_groups(
                dense, train, validation, said.argmax(1) == validation.labels,
                seed=params.prune.seed,
            ))  # fmt: skip
    if "held_out_probs" in asked:
        models = cross_fitted(params.train, facts, train, params.prune.folds, fabric, kept)
    return Hints(pseudo, models)


def _told(found: "PseudoGroups") -> "PseudoGroups":
    sizes = np.bincount(found.train, minlength=found.count)
    show_line(
        f"pseudo-groups: {found.count} clusters of {found.stage} ({', '.join(map(str, sizes))} "
        f"pictures); the dense model decides {found.worst:.3f} of the {found.worst_rows} "
        "validation pictures of the worst pseudo-cell rightly"
    )
    return found
