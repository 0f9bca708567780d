"""The thesis's objective: listen most to the samples that the dense model served worst."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import NotNegative, Share
from faircompress.support.errors import InputError


def performance_weighted(
    logits: Tensor,
    labels: Tensor,
    dense_probs: Tensor,
    *,
    min_weight: Share = 0.3,
    gamma: NotNegative = 1.0,
    corrected_targets: bool = True,
) -> Tensor:
    """Cross-entropy that listens most to the samples the dense model served worst.

    Sample i counts ``m + (1 - m) * (1 - s_i) ** gamma``, with ``m = min_weight`` and ``s_i`` the
    probability the dense model gave to the true class of i. Its target is the dense model's
    probabilities where the dense model is right, the true class where it is wrong.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, rows sum to 1, ``(batch, classes)``.
        min_weight: Weight left to a sample the dense model is sure of, in ``[0, 1]``; 1: all alike.
        gamma: How fast the weight falls as ``s_i`` grows, >= 0; 0 counts all samples alike.
        corrected_targets: Learn the targets above; otherwise the true classes (an ablation).

    Returns:
        Mean weighted loss, in nats, a scalar. Gradients reach ``logits`` only.

    Raises:
        ValueError: If ``dense_probs`` and ``logits`` differ in shape.

    Source:
        Meyer and Wong, A Fair Loss Function for Network Pruning, arXiv:2211.10285.
        Departure: none. Weights keep their own mean, so they scale the step as well.
    """
    if dense_probs.shape != logits.shape:
        raise InputError(
            f"dense_probs has shape {tuple(dense_probs.shape)}, logits {tuple(logits.shape)}; "
            "they must be equal. Were both computed on the same batch?"
        )
    dense_probs = dense_probs.detach()
    truth = functional.one_hot(labels, logits.shape[1]).to(dense_probs.dtype)
    served = (dense_probs * truth).sum(1)
    weight = min_weight + (1 - min_weight) * (1 - served) ** gamma
    right = (dense_probs.argmax(1) == labels).unsqueeze(1)
    target = torch.where(right, dense_probs, truth) if corrected_targets else truth
    return (weight * functional.cross_entropy(logits, target, reduction="none")).mean()
