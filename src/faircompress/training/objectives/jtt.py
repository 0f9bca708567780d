"""The objective that counts the pictures which the dense model got wrong several times."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import Positive


def jtt(logits: Tensor, labels: Tensor, dense_probs: Tensor, *, upweight: Positive = 5.0) -> Tensor:
    """Return the mean cross-entropy in which the dense model's mistakes count ``upweight`` times.

    Args:
        logits: Unnormalised scores, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, ``(batch, classes)``.
        upweight: What a mistake counts against a picture decided rightly.

    Returns:
        Weighted mean loss (weights are divided by their sum), in nats, a scalar.

    Source:
        Liu et al., Just Train Twice, ICML 2021.
        Departure: the dense model stands in for the first, short training; a picture is a mistake
        or not as it is augmented in this step; weights instead of repeated rows.
    """
    wrong = dense_probs.argmax(1) != labels
    weights = torch.where(wrong, upweight, 1.0).to(logits.dtype)
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return (weights * losses).sum() / weights.sum()
