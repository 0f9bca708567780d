"""Where a two-class decision is taken, chosen on validation rows that fitted nothing.

A compressed file says "yes" more or less often than its baseline at the same threshold, so a
comparison at one half mixes two questions: has it forgotten, and has it become shy? Here the
candidate's threshold is the one at which it says "yes" as often as the baseline. It is one number
for everybody and reads no group. Any threshold that is fixed without test rows leaves the bounds of
the verdict as they are. Nothing here touches a file.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faircompress.data.dataset import hash_position
from faircompress.support.errors import InputError

Rows = NDArray[np.bool_]
Values = NDArray[np.floating]
Choice = float | Literal["baseline", "validation"]

HALF = 0.5
SALT = "operating point"  # fixed: a split that can be drawn again can be drawn until it pleases
RESOLUTION = 1e-5  # of log-odds; logits of up to 80 keep no finer ones apart in float32
LOWEST = 2.0**-150  # stands for a probability of 0; half of the smallest in float32
EQUALLY_NEAR = 1e-12  # shares that differ less are equal but for the order of a sum


@dataclass(frozen=True)
class SelectionRateMatch:
    """A candidate's threshold at the baseline's selection rate.

    Args:
        threshold: On the scale of the scores; a score at or above it selects the row.
        rate_asked: Weighted share of rows that the baseline selects.
        rate_reached: Weighted share that the candidate selects; the nearest that ties allow.
        rows: On which both were counted.
    """

    threshold: float
    rate_asked: float
    rate_reached: float
    rows: int


@dataclass(frozen=True)
class OperatingPoint:
    """Where a file decides, and what makes one half that point.

    Args:
        chosen_by: ``half``: nothing is changed; ``number``: the one in params; ``baseline``: at its
            selection rate; ``validation``: where most rows are decided rightly.
        threshold: Of the probability of class 1 as the network gives it, before folding.
        constant: Added to the logit of class 1: minus the log-odds of ``threshold``.
        rate_asked: The baseline's selection rate; None: none was asked for.
        rate_reached: The file's own on the same rows, weighted.
        rows: On which it was chosen.
    """

    chosen_by: Literal["half", "number", "baseline", "validation"]
    threshold: float
    constant: float
    rate_asked: float | None
    rate_reached: float
    rows: int

    def selects(self, probabilities: Values) -> Rows:
        """Return which rows a file decides for class 1, before the constant is in it."""
        if self.chosen_by == "half":
            return probabilities[:, 1] >= HALF
        return log_odds(probabilities) >= -self.constant


def split_validation(
    ids: NDArray[np.str_], identities: NDArray[np.str_] | None
) -> tuple[Rows, Rows]:
    """Split validation rows by person into those that may fit and those that choose a threshold.

    Weights, heads and calibration may be fitted on ``tune``; their scores are too good there, so
    the threshold is chosen on ``decide``. The side of a person depends on its name alone: the same
    on every machine, stable when rows are added, and without a seed that could be tried again.

    Args:
        ids: Of the rows, ``(rows,)``.
        identities: Whose row each is, ``(rows,)``; None: rows are independent.

    Returns:
        Masks ``tune`` and ``decide``, each ``(rows,)``; every row is in exactly one.
    """
    names = ids if identities is None else identities
    if len(names) != len(ids):
        raise InputError(f"{len(ids)} ids but {len(names)} identities; each row needs one of each")
    clusters, place = np.unique(names, return_inverse=True)
    decide = np.array([hash_position(str(name), salt=SALT) >= HALF for name in clusters], bool)[
        place
    ]
    return ~decide, decide


def threshold_at_selection_rate(
    candidate_scores: Values, weights: Values, rate: float, *, resolution: float = 0.0
) -> float:
    """Return the threshold at which the candidate selects a share of rows nearest to ``rate``.

    Equal scores are selected together, so not every rate can be reached. Of two equally near the
    larger is taken. The threshold lies midway between two neighbouring scores, and separates them
    also in the precision in which they came; at the ends it selects all rows or none.

    Args:
        candidate_scores: Higher for class 1, ``(rows,)``, finite.
        weights: Of the rows, ``(rows,)``, > 0.
        rate: Weighted share to be selected, in [0, 1].
        resolution: Scores that are no further apart cannot be separated, >= 0.

    Raises:
        ValueError: If there is no row, lengths differ, or a number is outside its range.
    """
    _refuse_unfit(candidate_scores, weights)
    if not 0 <= rate <= 1:
        raise InputError(f"the selection rate is {rate}; needed is a share, from 0 to 1")
    cuts, separable, place = _cuts(candidate_scores, resolution)
    distance = np.abs(_from_each_cut(place, weights) / weights.sum() - rate)
    near = separable & (distance <= distance[separable].min() + EQUALLY_NEAR)
    return float(cuts[near.argmax()])  # the lowest of them selects most


def match_selection_rate(
    baseline_selects: Rows, candidate_scores: Values, weights: Values, *, resolution: float = 0.0
) -> SelectionRateMatch:
    """Return the candidate's threshold at the baseline's selection rate, and how near it comes.

    Args:
        baseline_selects: Rows that the baseline decides for class 1, ``(rows,)``.
        candidate_scores: The candidate's on the same rows, higher for class 1, ``(rows,)``.
        weights: Of the rows, ``(rows,)``, > 0.
        resolution: See ``threshold_at_selection_rate``.
    """
    asked = selection_rate(baseline_selects, weights)
    threshold = threshold_at_selection_rate(candidate_scores, weights, asked, resolution=resolution)
    reached = selection_rate(candidate_scores >= threshold, weights)
    return SelectionRateMatch(threshold, asked, reached, len(weights))


def most_accurate_threshold(
    scores: Values,
    labels: NDArray[np.integer],
    weights: Values,
    *,
    nearest_to: float,
    resolution: float = 0.0,
) -> float:
    """Return the threshold that decides most rows rightly, by weight.

    Args:
        scores: Higher for class 1, ``(rows,)``, finite.
        labels: True classes, 0 or 1, ``(rows,)``.
        weights: Of the rows, ``(rows,)``, > 0.
        nearest_to: Of equally good thresholds the nearest to this is taken.
        resolution: See ``threshold_at_selection_rate``.
    """
    _refuse_unfit(scores, weights)
    cuts, separable, place = _cuts(scores, resolution)
    # right above a cut minus wrong above it; what lies below differs by a sum that no cut changes
    gain = _from_each_cut(place, np.where(labels == 1, 1.0, -1.0) * weights)
    best = separable & (gain >= gain[separable].max() - EQUALLY_NEAR * weights.sum())
    return float(cuts[best][np.abs(cuts[best] - nearest_to).argmin()])


def choose(
    choice: Choice,
    *,
    baseline: Values,
    candidate: Values,
    labels: NDArray[np.integer],
    weights: Values,
) -> OperatingPoint:
    """Return where a file decides.

    Args:
        choice: ``baseline``, ``validation`` or a threshold of the probability of class 1.
        baseline: Its probabilities on the rows ``decide``, ``(rows, 2)``.
        candidate: The file's own on the same rows, ``(rows, 2)``.
        labels: True classes, ``(rows,)``.
        weights: Of the rows, ``(rows,)``, > 0.
    """
    scores, asked = log_odds(candidate), None
    if choice == HALF:
        rate = selection_rate(candidate[:, 1] >= HALF, weights)
        return OperatingPoint("half", HALF, 0.0, None, rate, len(weights))
    if choice == "baseline":
        found = match_selection_rate(baseline[:, 1] >= HALF, scores, weights, resolution=RESOLUTION)
        cut, asked = found.threshold, found.rate_asked
    elif choice == "validation":
        cut = most_accurate_threshold(
            scores, labels, weights, nearest_to=0.0, resolution=RESOLUTION
        )
    else:
        cut = float(np.log(choice) - np.log1p(-choice))
    rate = selection_rate(scores >= cut, weights)
    by = "number" if isinstance(choice, float) else choice
    return OperatingPoint(by, float(1 / (1 + np.exp(-cut))), -cut, asked, rate, len(weights))


def selection_rate(selected: Rows, weights: Values) -> float:
    """Return the weighted share of rows that are decided for class 1."""
    return float(np.average(selected, weights=weights))


def log_odds(probabilities: Values) -> NDArray[np.float64]:
    """Return ln(p1 / p0) of ``(rows, 2)``: finite, and finer near 0 and 1 than p1 itself."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), LOWEST))
    return np.asarray(logs[:, 1] - logs[:, 0])


def with_constant(probabilities: Values, constant: float) -> Values:
    """Return what ``(rows, 2)`` become when a constant is added to the logit of class 1."""
    odds = log_odds(probabilities) + constant
    small = np.exp(-np.abs(odds))  # of the odds of the less probable class
    likely, unlikely = 1 / (1 + small), small / (1 + small)
    first = np.where(odds > 0, likely, unlikely)
    return np.stack([np.where(odds > 0, unlikely, likely), first], 1).astype(probabilities.dtype)


def _cuts(scores: Values, resolution: float) -> tuple[Values, Rows, NDArray[np.intp]]:
    """Return all thresholds that matter, the lowest first.

    Returns:
        Thresholds, one below each different score and one above all; which of them separate what
        is further apart than ``resolution``; and of each row, which score it has.
    """
    values, place = np.unique(scores, return_inverse=True)
    low, high = values[:-1], values[1:]
    middle = ((low.astype(np.float64) + high) / 2).astype(values.dtype)
    middle = np.where(middle > low, middle, high)  # neighbours in their own precision
    above = np.nextafter(values[-1] + values.dtype.type(resolution), values.dtype.type(np.inf))
    cuts = np.concatenate([[values[0] - values.dtype.type(resolution)], middle, [above]])
    return cuts, np.concatenate([[True], high - low > resolution, [True]]), place


def _from_each_cut(place: NDArray[np.intp], amounts: Values) -> Values:
    """Return the sum of amounts at or above each cut; see ``_cuts``."""
    at_score = np.bincount(place, amounts)
    return np.concatenate([np.cumsum(at_score[::-1])[::-1], [0.0]])


def _refuse_unfit(scores: Values, weights: Values) -> None:
    if not len(scores) or scores.shape != weights.shape:
        raise InputError(
            f"{len(scores)} scores and {len(weights)} weights; needed is one of each for at least "
            "one row"
        )
    if not np.isfinite(scores).all() or not (weights > 0).all():
        raise InputError("scores must be finite and weights above 0; look for missing values")
