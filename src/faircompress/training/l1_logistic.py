"""Logistic regression with an L1 penalty, to the optimum: the same numbers each time."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

Values = NDArray[np.float64]
STEPS, EXACT = 2000, 1e-10


def l1_logistic(
    features: Values, labels: NDArray[np.int64], classes: int, c: float
) -> tuple[Values, Values]:
    """Return weights and intercepts that minimise ``sum |weights| + c * sum of the losses``.

    Intercepts are not penalised. Of two classes the first one's logit is 0. Each weight is a
    difference of two numbers >= 0, by which the problem is smooth.

    Args:
        features: ``(rows, features)``.
        labels: Integers in ``[0, classes)``, ``(rows,)``.
        classes: How many.
        c: What the losses count against the penalty, > 0.

    Returns:
        ``(classes, features)`` and ``(classes,)``.
    """
    rows, width = features.shape
    free = 1 if classes == 2 else classes  # logits that are not 0
    truth = np.eye(classes)[labels]

    def unpacked(point: Values) -> tuple[Values, Values]:
        split = point[: 2 * free * width].reshape(2, free, width)
        return split[0] - split[1], point[2 * free * width :]

    def loss(point: Values) -> tuple[float, Values]:
        weights, intercepts = unpacked(point)
        logits = np.zeros((rows, classes))
        logits[:, -free:] = features @ weights.T + intercepts
        said = log_softmax(logits, axis=1)
        slope = c * (np.exp(said) - truth)[:, -free:]
        of_weights = slope.T @ features
        value = point[: 2 * free * width].sum() - c * (truth * said).sum()
        ones = np.ones_like(of_weights)
        parts = [(of_weights + ones).ravel(), (ones - of_weights).ravel(), slope.sum(0)]
        return float(value), np.concatenate(parts)

    bounds = [(0.0, None)] * (2 * free * width) + [(None, None)] * free
    found = minimize(
        loss,
        np.zeros(len(bounds)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": EXACT * EXACT, "gtol": EXACT},
    )
    weights, intercepts = np.zeros((classes, width)), np.zeros(classes)
    weights[-free:], intercepts[-free:] = unpacked(found.x)
    return weights, intercepts
