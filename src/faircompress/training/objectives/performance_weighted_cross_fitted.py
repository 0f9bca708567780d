"""The performance-weighted objective, on dense models that never saw the picture's person."""

from torch import Tensor

from faircompress.config.bounds import NotNegative, Share
from faircompress.training.objectives.performance_weighted import performance_weighted


def performance_weighted_cross_fitted(
    logits: Tensor,
    labels: Tensor,
    held_out_probs: Tensor,
    *,
    min_weight: Share = 0.3,
    gamma: NotNegative = 1.0,
    corrected_targets: bool = False,
) -> Tensor:
    """Return ``performance_weighted`` by dense models that never saw the picture's person.

    A dense model is sure of what it was trained on, so on train rows it hardly tells whom it
    serves badly. Here as many dense models as ``prune.folds`` are trained, each without its part of
    the people, and each speaks of that part alone.

    Args:
        logits: Scores of the model being tuned, unnormalised, ``(batch, classes)``.
        labels: True classes, integers in ``[0, classes)``, ``(batch,)``.
        held_out_probs: Of the models that never saw the person, ``(batch, classes)``.
        min_weight: As of ``performance_weighted``.
        gamma: As of ``performance_weighted``.
        corrected_targets: As of ``performance_weighted``. Off: honest probabilities are often near
            one half, and there the corrected targets turn the order of pictures round; see
            ``docs/findings.md``.

    Returns:
        Mean weighted loss, in nats, a scalar.

    Source:
        Meyer and Wong, arXiv:2211.10285; cross-fitting: Chernozhukov et al., Double/debiased
        machine learning, Econometrics Journal 21 (2018). Departure: see ``corrected_targets``.
    """
    return performance_weighted(
        logits,
        labels,
        held_out_probs,
        min_weight=min_weight,
        gamma=gamma,
        corrected_targets=corrected_targets,
    )
