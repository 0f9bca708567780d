"""Distillation that also asks for the dense model's likenesses between pictures."""

from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import NotNegative, Positive, Share
from faircompress.training.objectives.distillation import distillation


def feature_distillation(
    logits: Tensor,
    labels: Tensor,
    dense_probs: Tensor,
    features: Tensor,
    dense_features: Tensor,
    *,
    temperature: Positive = 2.0,
    hard_weight: Share = 0.5,
    feature_weight: NotNegative = 100.0,
) -> Tensor:
    """Return ``distillation`` and, so weighted, the distance of both models' likenesses.

    Likenesses of the pictures of a batch are the products of their features, ``F F^T``, each row
    divided by its length: a square table that has the same size however many channels are left.
    Their distance is the mean squared difference of the two tables, from 0 to 4 / batch.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        dense_probs: Dense model's probabilities, rows sum to 1, ``(batch, classes)``.
        features: What the last layer of the model being tuned is given, ``(batch, any)``.
        dense_features: Likewise of the dense model, ``(batch, any)``.
        temperature: As of ``distillation``.
        hard_weight: As of ``distillation``.
        feature_weight: What the distance counts; 0: plain distillation.

    Source:
        Hinton et al., arXiv:1503.02531; Tung and Mori, Similarity-Preserving Knowledge
        Distillation, ICCV 2019. Departure: features before the last layer only.
    """
    said = distillation(
        logits, labels, dense_probs, temperature=temperature, hard_weight=hard_weight
    )
    unlike = likenesses(features) - likenesses(dense_features.detach())
    return said + feature_weight * unlike.square().mean()


def likenesses(features: Tensor) -> Tensor:
    """Return how alike the pictures of a batch are, ``(batch, batch)``, rows of length 1."""
    flat = features.flatten(1)
    return functional.normalize(flat @ flat.T, dim=1)
