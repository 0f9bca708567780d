"""Is the dense model strong enough to be listened to by the performance-weighted loss?

Where the dense model says ``p`` of class 1 and is right about how often (``p`` of such pictures are
of class 1), the pruned network that makes the PW loss smallest says

    ``r(p) = (p * w1 * t1 + (1 - p) * w0 * t0) / (p * w1 + (1 - p) * w0)``

with ``w1`` and ``w0`` the weights of a picture of class 1 and of class 0 there, and ``t1``, ``t0``
their targets. With corrected targets ``t1 = 1, t0 = p`` below one half and ``t1 = p, t0 = 0`` above
it, so ``r`` jumps from above one half to below it: pictures just below the boundary are taught to
rank above those beyond it. A sure dense model has few pictures there, a weak one most.
"""

from typing import TYPE_CHECKING

import numpy as np

from faircompress.training.auroc import auroc

if TYPE_CHECKING:
    from faircompress.config.params import Prune

TOLERATED = 0.03  # fall of AUROC that the gate's default lets pass


def response(
    probability: np.ndarray, *, min_weight: float, gamma: float, corrected_targets: bool
) -> np.ndarray:
    """Return what the PW loss teaches where the dense model says ``probability`` of class 1."""
    p = np.asarray(probability, np.float64)
    ones = min_weight + (1 - min_weight) * (1 - p) ** gamma
    zeros = min_weight + (1 - min_weight) * p**gamma
    below = p < 0.5
    target_one = np.where(below | (not corrected_targets), 1.0, p)
    target_zero = np.where(below & corrected_targets, p, 0.0)
    mass = p * ones + (1 - p) * zeros
    taught = (p * ones * target_one + (1 - p) * zeros * target_zero) / np.where(mass > 0, mass, 1)
    return np.where(mass > 0, taught, p)


def warning(
    said: np.ndarray,
    labels: np.ndarray,
    *,
    min_weight: float,
    gamma: float,
    corrected_targets: bool,
) -> str:
    """Return what to say where the PW loss would teach a worse order than the dense model has.

    Args:
        said: The dense model's probabilities of validation rows, ``(rows, classes)``.
        labels: Their classes.
        min_weight: Of the loss.
        gamma: Of the loss.
        corrected_targets: Of the loss.

    Returns:
        Nothing for several classes, or where the order falls by no more than .03 of AUROC.
    """
    if said.shape[1] != 2 or len(np.unique(labels)) < 2:
        return ""
    learnt = response(
        said[:, 1], min_weight=min_weight, gamma=gamma, corrected_targets=corrected_targets
    )
    own, taught = (auroc(labels, scores) for scores in (said[:, 1], learnt))
    if taught >= own - TOLERATED:
        return ""
    return (
        f"the dense model is too weak for performance_weighted: its AUROC on validation is "
        f"{own:.3f}, and the order that this loss teaches has {taught:.3f}. Train the dense model "
        "longer, set corrected_targets: false, or choose another objective"
    )


def warning_for(how: "Prune", said: np.ndarray, labels: np.ndarray) -> str:
    """Return the warning for the objective that a pruning uses; nothing where it is another.

    Args:
        how: Fine-tuning's objective goes before that of scoring.
        said: The dense model's probabilities of validation rows, ``(rows, classes)``.
        labels: Their classes.
    """
    for section in (how.finetune, how.scoring):
        if section.name == "performance_weighted":
            return warning(said, labels, **section.performance_weighted.model_dump())
    return ""
