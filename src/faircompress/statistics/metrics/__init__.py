"""Plug-ins that say what a good answer is.

Contract: ``metrics/NAME.py`` gives ``NAME(said: Answers) -> Mean | Ranking``, under ``@metric``,
which states the better direction. A metric only says which rows count and what each is worth; it
never averages. ``evaluation`` does: one value a group, and the paired units that the bounds need,
come from the same description.

- ``Mean``, of values in 0-1 over some rows: accuracy, true and false positive rate, false negative
  rate, selection rate, precision. Values True/False get a bound for proportions, others one for
  bounded numbers. Where the answers choose the rows (precision) the two models' rows are not
  paired; a bound for that is in ``statistics/procedures/conditional_rate.py``.
- ``Ranking``, of rows against rows: AUROC.

Questions: two classes -> class 1 is the positive. A group column ``label`` -> this class against
the rest, over all rows. More classes in any other group -> each class against the rest, and
the mean of these, unless the metric is not ``per_class``: then one question, "is it right?".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Answers:
    """What one model answers to one yes-no question about some rows.

    Args:
        truth: Is the row positive? ``(rows,)``, bool.
        score: Probability that it is, ``(rows,)``.
        decided: Is it decided to be? ``(rows,)``, bool.
        right: Is the decision right? ``(rows,)``, bool.
    """

    truth: np.ndarray
    score: np.ndarray
    decided: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Mean:
    """The mean of ``values``, bool or in 0-1, over the rows where ``over`` holds."""

    values: np.ndarray
    over: np.ndarray


@dataclass(frozen=True)
class Ranking:
    """How often a row where ``above`` holds has a higher score than one where it does not."""

    scores: np.ndarray
    above: np.ndarray


Measure = Mean | Ranking
Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Metric:
    """A metric's function and what must be known about it.

    Args:
        measure: The plug-in's function.
        name: Its name in params.yaml.
        title: Its name in a sentence.
        better: Direction in which it gets better; neither: any change is harm.
        per_class: Does it need to know which class is the positive?
        cross_group: Are a group's positives compared with everybody's negatives?
        own_rows: Do the decisions choose the rows that it is over, as for precision?
    """

    measure: Callable[[Answers], Measure]
    name: str
    title: str
    better: Better
    per_class: bool
    cross_group: bool = False
    own_rows: bool = False

    @property
    def sign(self) -> float:
        """Return what turns candidate minus baseline into a change that is worse below 0."""
        return -1.0 if self.better == "lower" else 1.0

    def __call__(self, answers: Answers) -> Measure:
        """Say which rows count and what each is worth."""
        return self.measure(answers)


def metric(
    *,
    better: Better,
    per_class: bool = True,
    title: str = "",
    cross_group: bool = False,
    own_rows: bool = False,
) -> Callable[[Callable[[Answers], Measure]], Metric]:
    """Make a function a metric."""

    def make(measure: Callable[[Answers], Measure]) -> Metric:
        name = measure.__name__
        shown = title or name.replace("_", " ")
        return Metric(measure, name, shown, better, per_class, cross_group, own_rows)

    return make
