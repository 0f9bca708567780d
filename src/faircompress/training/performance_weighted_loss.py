"""The performance-weighted objective as a torch module, for training loops of one's own."""

from torch import Tensor, nn

from faircompress.networks.outputs import logits_of
from faircompress.support.arguments import Kind, is_flag, is_number, of_kinds
from faircompress.support.errors import InputError
from faircompress.training.objectives.performance_weighted import performance_weighted

NUMBER = Kind(is_number, "a finite number", must=True)
KINDS = {
    "min_weight": NUMBER,
    "gamma": NUMBER,
    "corrected_targets": Kind(is_flag, "True or False", must=True),
}


class PerformanceWeightedLoss(nn.Module):
    """Cross-entropy that listens most to the samples that a frozen dense model served worst.

    Args:
        min_weight: Weight left to a sample the dense model is sure of, in [0, 1]; 1: all alike.
        gamma: How fast the weight falls as the dense model's probability of the truth grows, >= 0.
        corrected_targets: Learn the dense model's probabilities where it is right; else the truth.

    Source:
        Meyer and Wong, A Fair Loss Function for Network Pruning, arXiv:2211.10285.
    """

    @of_kinds(KINDS)
    def __init__(
        self, min_weight: float = 0.3, gamma: float = 1.0, *, corrected_targets: bool = True
    ) -> None:
        super().__init__()
        if not 0 <= min_weight <= 1 or gamma < 0:
            raise InputError(
                f"min_weight is {min_weight}, gamma {gamma}; needed are 0 <= min_weight <= 1 and "
                "gamma >= 0"
            )
        self.min_weight, self.gamma = min_weight, gamma
        self.corrected_targets = corrected_targets

    def forward(self, logits: Tensor, labels: Tensor, dense_logits: Tensor) -> Tensor:
        """Return the mean weighted loss, in nats.

        One logit is set against 0, so that its sigmoid is the probability of class 1, and the dense
        model is right where the rounded probability is the label.

        Args:
            logits: Of the model that learns, ``(batch, classes)``, ``(batch, 1)`` or ``(batch,)``.
            labels: True classes from 0, ``(batch,)`` or ``(batch, 1)``, of any numeric type.
            dense_logits: Of the dense model on the same pictures, shaped as ``logits``.
        """
        if dense_logits.shape != logits.shape:
            raise InputError(
                f"dense_logits has shape {tuple(dense_logits.shape)}, logits "
                f"{tuple(logits.shape)}; they must be equal. Were both computed on the same batch?"
            )
        one = logits.ndim == 1 or logits.shape[1:] == (1,)
        classes = 2 if one else logits.shape[1]
        found, dense = (logits_of(part, classes) for part in (logits, dense_logits.detach()))
        return performance_weighted(
            found,
            labels.reshape(len(found)).long(),
            dense.softmax(1),
            min_weight=self.min_weight,
            gamma=self.gamma,
            corrected_targets=self.corrected_targets,
        )

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"min_weight={self.min_weight}, gamma={self.gamma}"
