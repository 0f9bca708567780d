"""The plain objective: hard labels, every sample alike."""

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of the true classes, in nats.

    Args:
        logits: Unnormalised scores, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
    """
    return functional.cross_entropy(logits, labels)
