"""Our metrics as functions of arrays, for Fairlearn's ``MetricFrame`` and for others."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faircompress.config import plugins
from faircompress.statistics.metrics import Answers, Mean, Ranking
from faircompress.support.errors import InputError

FLIPS = "negative_flips"


def metric(name: str, *, positive: Any = 1, threshold: float = 0.5) -> Callable[..., float]:
    """Return a metric of the verdict as ``function(y_true, y_pred, *, sample_weight=None)``.

    ``y_pred`` holds probabilities of the positive class if it is of floats, else decisions. A rate
    over no rows is NaN. ``negative_flips``, the share of rows that the baseline decides rightly
    and the candidate does not, takes the baseline's ``y_pred`` as ``baseline``, too.

    >>> import numpy as np
    >>> tpr = metric("true_positive_rate")
    >>> tpr([1, 1, 0, 1], [0.9, 0.2, 0.8, 0.7])
    0.6666666666666666

    Args:
        name: As in a rule: ``accuracy``, ``auroc``, ``true_positive_rate``, ...
        positive: The value of ``y_true``, and of decisions, that is the positive class.
        threshold: From which probability on a row is decided to be positive.

    Raises:
        InputError: If there is no such metric of one group alone.
    """
    if not isinstance(name, str):
        raise InputError(f"name is of type {type(name).__name__}; needed is the name of a metric.")
    if name == FLIPS:
        return _flips(positive, threshold)
    found = plugins.find("metrics", name)
    if found.cross_group:
        raise InputError(
            f"{name} compares a group with everyone, and is no metric of a group alone"
        )

    def function(
        y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> float:
        answers = _answers(y_true, y_pred, positive, threshold)
        weights = _weights(sample_weight, len(answers.truth))
        measure = found(answers)
        if isinstance(measure, Mean):
            return _mean(measure.values, weights, measure.over)
        return _ranking(measure, weights)

    function.__name__ = name
    function.__doc__ = found.measure.__doc__
    return function


def _flips(positive: Any, threshold: float) -> Callable[..., float]:
    def negative_flips(
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        baseline: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        before = _answers(y_true, baseline, positive, threshold).right
        after = _answers(y_true, y_pred, positive, threshold).right
        return _mean(before & ~after, _weights(sample_weight, len(after)), before | True)

    return negative_flips


def _answers(y_true: ArrayLike, y_pred: ArrayLike, positive: Any, threshold: float) -> Answers:
    truth, given = np.asarray(y_true).ravel() == positive, np.asarray(y_pred).ravel()
    if len(truth) != len(given):
        raise InputError(f"y_true has {len(truth)} rows and y_pred {len(given)}")
    if given.dtype.kind == "f":
        if not ((given >= 0) & (given <= 1)).all():
            raise InputError("y_pred of floats holds probabilities, and some are outside [0, 1]")
        score, decided = given.astype(float), given >= threshold
    else:
        decided = given == positive
        score = decided.astype(float)
    return Answers(truth, score, decided, decided == truth)


def _weights(given: ArrayLike | None, rows: int) -> NDArray[Any]:
    return np.ones(rows) if given is None else np.asarray(given, float).ravel()


def _mean(values: NDArray[Any], weights: NDArray[Any], over: NDArray[Any]) -> float:
    total = weights[over].sum()
    return float((values[over] * weights[over]).sum() / total) if total > 0 else float("nan")


def _ranking(measure: Ranking, weights: NDArray[Any]) -> float:
    """Return the weighted share of pairs that are in order; ties count one half."""
    _, place = np.unique(measure.scores, return_inverse=True)
    above, below = (
        np.bincount(place, weights * side, minlength=place.max(initial=-1) + 1)
        for side in (measure.above, ~measure.above)
    )
    pairs = above.sum() * below.sum()
    if pairs == 0:
        return float("nan")
    lower = np.cumsum(below) - below / 2
    return float((above * lower).sum() / pairs)
