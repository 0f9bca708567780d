"""The objective that asks the smaller model to say what the dense one says."""

from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import Positive, Share


def distillation(
    logits: Tensor,
    labels: Tensor,
    dense_probs: Tensor,
    *,
    temperature: Positive = 2.0,
    hard_weight: Share = 0.5,
) -> Tensor:
    """Return a mean of the cross-entropies against the truth and against the dense model.

    With ``T = temperature`` and ``h = hard_weight`` the loss is
    ``h * CE(truth) + (1 - h) * T^2 * CE(dense model)``, all logits in the second being divided by
    ``T``. With ``h = 0`` and ``T = 1`` it is the cross-entropy against the dense model's own
    probabilities, right or wrong: the data term of plain AutoBot.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, rows sum to 1, ``(batch, classes)``.
        temperature: Above 1 it flattens both models, so that small probabilities count.
        hard_weight: Weight of the true classes, in ``[0, 1]``; 1: the dense model is not heard.

    Source:
        Hinton et al., Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
        Departure: none.
    """
    targets = (dense_probs.detach().log() / temperature).softmax(1)
    soft = temperature**2 * functional.cross_entropy(logits / temperature, targets)
    return hard_weight * functional.cross_entropy(logits, labels) + (1 - hard_weight) * soft
