"""What compression did to groups that nobody wrote down, on the test rows; nothing here decides.

Validation rows made the groups, test rows judge them: of each cluster x class the rows that only
one of the two models decides rightly are compared by the sign test, one row a person, and p is
corrected for all of them (Holm). No rule reads this, since what a cluster stands for is a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from faircompress.data.predictions import Predictions
from faircompress.evaluation.decisions import Decided

FEWEST = 20  # rows of a subgroup that is looked at
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class HiddenSubgroup:
    """One cluster x class of the test rows.

    Args:
        cluster: Its number, from 1.
        label: Its class.
        rows: One a person.
        before: Share that the baseline decides rightly.
        after: The candidate's.
        lost: Rows that only the baseline decides rightly.
        gained: Rows that only the candidate decides rightly.
        p: That as many are lost by chance, corrected for all subgroups.
        nearest: Ids of the rows nearest to the cluster's centre, the nearest first.
    """

    cluster: int
    label: str
    rows: int
    before: float
    after: float
    lost: int
    gained: int
    p: float
    nearest: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Tell whether it is shown to have lost."""
        return self.p < SIGNIFICANT and self.lost > self.gained


def hidden_subgroups(
    predictions: Predictions,
    pair: tuple[Decided, Decided],
    rows: np.ndarray,
    cluster: np.ndarray,
    distance: np.ndarray,
    *,
    exemplars: int = 6,
) -> list[HiddenSubgroup]:
    """Return each cluster x class with 20 rows or more, the worst first.

    Args:
        predictions: Of either model, for names and people.
        pair: What baseline and candidate decide.
        rows: Positions that were put into clusters.
        cluster: Cluster of each.
        distance: Of each from its cluster's centre.
        exemplars: How many ids of each are kept.
    """
    single = _one_a_person(predictions, rows)
    rows, cluster, distance = rows[single], cluster[single], distance[single]
    right = [model.decisions[rows] == model.labels[rows] for model in pair]
    labels = predictions.labels[rows]
    found = []
    for k, label in np.unique(np.stack([cluster, labels], 1), axis=0):
        here = np.flatnonzero((cluster == k) & (labels == label))
        if len(here) < FEWEST:
            continue
        before, after = (of[here] for of in right)
        lost, gained = int((before & ~after).sum()), int((~before & after).sum())
        moved = lost + gained
        p = bdtrc(lost - 1, moved, 0.5) if lost else 1.0  # binomial, one-sided
        near = here[np.argsort(distance[here], kind="stable")[:exemplars]]
        found.append(
            HiddenSubgroup(
                int(k) + 1, predictions.classes[int(label)], len(here),
                float(before.mean()), float(after.mean()), lost, gained, float(p),
                tuple(str(i) for i in predictions.ids[rows[near]]),
            )
        )  # fmt: skip
    return _corrected(found)


def _one_a_person(predictions: Predictions, rows: np.ndarray) -> np.ndarray:
    """Return which rows are the first of their person; rows of nobody known all stand."""
    if predictions.identities is None:
        return np.arange(len(rows))
    return np.sort(np.unique(predictions.identities[rows], return_index=True)[1])


def _corrected(found: Sequence[HiddenSubgroup]) -> list[HiddenSubgroup]:
    """Correct p by Holm; the smallest first, then the largest fall."""
    ordered = sorted(found, key=lambda one: (one.p, one.after - one.before))
    corrected, worst = [], 0.0
    for place, one in enumerate(ordered):
        worst = max(worst, min((len(ordered) - place) * one.p, 1.0))
        corrected.append(HiddenSubgroup(**{**vars(one), "p": worst}))
    return corrected
