"""The objective that counts pictures by how wrong dense models are that never saw their person."""

import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import NotNegative


def afr(
    logits: Tensor,
    labels: Tensor,
    held_out_probs: Tensor,
    *,
    gamma: NotNegative = 2.0,
    balance: bool = True,
) -> Tensor:
    """Return the cross-entropy in which sample i counts ``exp(-gamma * p_i)``.

    ``p_i`` is the probability that a dense model gave to the true class of i, one that was not
    trained on the person. Weights are divided by their sum over the batch.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        held_out_probs: Of the models that never saw the person, ``(batch, classes)``.
        gamma: How fast the weight falls as ``p_i`` grows, >= 0; 0 counts all samples alike.
        balance: Whether each weight is divided by how often its class is in the batch, too.

    Returns:
        Weighted mean loss, in nats, a scalar.

    Source:
        Qiu et al., Simple and Fast Group Robustness by Automatic Feature Reweighting, ICML 2023,
        arXiv:2306.11074, and the authors' code, whose loss this is on one batch.
        Departure: all layers are tuned, not the last one alone, and nothing pulls them back to
        where they were; cross-fitting in place of 20 % of the rows set aside; sums over a batch.
    """
    true_class = held_out_probs.gather(1, labels[:, None]).squeeze(1)
    weights = torch.exp(-gamma * true_class)
    if balance:
        weights = weights / torch.bincount(labels, minlength=logits.shape[1])[labels]
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return (weights * losses).sum() / weights.sum()
