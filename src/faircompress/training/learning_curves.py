"""Learning curves, by group: what the validation split says after each epoch.

They are looked at, not judged by; so they do not stand on the evaluation's metrics, and a change of
those does not train anything again.
"""

from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from faircompress.data.dataset import Facts, Split
from faircompress.networks.network import Network, probabilities
from faircompress.support.checkpoints import Curve
from faircompress.support.progress import log
from faircompress.training.auroc import auroc
from faircompress.training.fit import AfterEpoch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def follow(
    network: Network, validation: Split, facts: Facts, curve: Curve, fabric: "Fabric"
) -> AfterEpoch:
    """Return what is to be done after each epoch: measure, write down, tell."""

    def after_epoch(epoch: int, loss: float, net: nn.Module) -> None:
        said = probabilities(network, validation.images, fabric.device, what="validation")
        numbers = {"loss": loss, **rates(said, validation, facts)}
        curve.add(epoch, numbers)
        log(numbers, step=epoch)

    return after_epoch


def rates(said: np.ndarray, split: Split, facts: Facts) -> dict[str, float]:
    """Return accuracy, and AUROC where there are two classes, of all rows and of each group.

    Args:
        said: Probabilities, ``(rows, classes)``.
        split: Whose labels and groups they are compared with.
        facts: Names of classes and groups.

    Returns:
        ``accuracy/all``, ``accuracy/hair=short``, ``auroc/all``, ...; a group that lacks one of
        two classes has no AUROC.
    """
    decided, found = said.argmax(1), {}
    for name, rows in _groups(split, facts).items():
        found[f"accuracy/{name}"] = float((split.labels[rows] == decided[rows]).mean())
        if len(facts.classes) == 2 and len(np.unique(split.labels[rows])) == 2:
            found[f"auroc/{name}"] = auroc(split.labels[rows], said[rows, 1])
    return found


def _groups(split: Split, facts: Facts) -> dict[str, np.ndarray]:
    groups = {"all": np.arange(len(split))}
    for column in facts.groups:
        values = split.rows[column].to_numpy()
        names = facts.classes if column == "label" else sorted(set(values))
        for code, name in enumerate(names):
            wanted = code if column == "label" else name
            groups[f"{column}={name}"] = np.flatnonzero(values == wanted)
    return {name: rows for name, rows in groups.items() if len(rows)}
