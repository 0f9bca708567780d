"""Where harm to true positive rates comes from: one threshold, a group's scores, or its ranking.

The same probabilities are decided in three ways: at one half; with the candidate's one threshold
moved until it selects as often as the baseline; and with a threshold of each group's own, at which
its false positive rate is the baseline's there. Harm that the second way takes away is the
threshold's; what only the third takes away is a shift of a group's scores against the others',
which cross-group AUROC sees; what stays is lost ranking within the group, all that AUROC within a
group sees. Estimates on the test rows: no rule reads them. docs/statistics.md, 16.5.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.decisions import Decided
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.reported_results import Layer, Layers

HALF = 0.5
EQUAL = 1e-12  # shares that differ less are equal but for the order of a sum
SLIGHT = 0.01  # a fall of a rate that is no harm worth a cause
Threshold = Literal["half", "selection_rate", "false_positive_rate"]
Rates = tuple[float, float]  # true positive rates of baseline and candidate
AT: dict[Threshold, str] = {
    "half": "At 0.5",
    "selection_rate": "At the {baseline} model's selection rate",
    "false_positive_rate": "At the {baseline} model's false positive rate in each group",
}
NONE = (
    "No layer carries harm: in none of the three does a group's true positive rate fall by more "
    "than {slight:g}."
)
MENDED: dict[Threshold, str] = {
    "half": "Most of the harm is the threshold's: at 0.5 the {candidate} model says yes more "
    "seldom. One threshold for everyone, at the {baseline} model's selection rate, mends it.",
    "selection_rate": "Most of the harm is a shift of scores: those of {group} slipped under the "
    "other groups'. One threshold for all does not mend it; weight on this group while training, "
    "or thresholds by group where the law allows them, would.",
    "false_positive_rate": "Most of the harm is lost ranking within {group}: no threshold mends "
    "it. Compress less, or train longer with more weight on its badly served {rows}.",
}
SEVERAL = "Not computed: with several classes no single threshold stands between yes and no."
DECIDED = "Not computed: a model gave decided classes, which no other threshold can decide anew."
NOBODY = "Not computed: no group has both classes."


def harm_layers(
    comparison: PairedComparison, groups: Sequence[Group], captions: Captions
) -> Layers:
    """Return the worst group at each way of choosing thresholds, and what carries its harm.

    Args:
        comparison: The models.
        groups: Of the test rows; everyone and the classes as groups are left out.
        captions: What models and rows are called.
    """
    if len(comparison.classes) != 2:
        return Layers([], SEVERAL)
    models = comparison.baseline, comparison.candidate
    if any(np.isin(model.probabilities[:, 1], (0.0, 1.0)).all() for model in models):
        return Layers([], DECIDED)
    labels = comparison.baseline.labels
    tested = [
        group
        for group in groups
        if group.key != POOLED
        and group.question is None
        and len(np.unique(labels[group.rows])) == 2
    ]
    if not tested:
        return Layers([], NOBODY)
    ours, theirs = map(_score, models)
    weights = comparison.weights
    share = float(np.average(ours >= HALF, weights=weights))
    selected = {
        "half": (theirs >= HALF).astype(float),
        "selection_rate": chance_selected(theirs, theirs, weights, share),
    }
    found = [_layer(name, comparison, tested, selected.get(name), captions) for name in AT]
    return Layers(found, _carrier(found, captions))


def chance_selected(
    scores: np.ndarray, others: np.ndarray, weights: np.ndarray, share: float
) -> np.ndarray:
    """Return the chance that each score is selected where a share of other scores is.

    The highest scores are selected. Scores that are tied with the last are selected with one
    chance; one that falls into the gap between the last that is selected and the next with one
    half, since a threshold may lie on either side of it.

    Args:
        scores: Asked about, ``(rows,)``.
        others: Of which the share is selected, ``(others,)``.
        weights: Of the others, > 0.
        share: Of their weight, in 0-1.
    """
    order = np.argsort(others, kind="stable")
    known, summed = others[order], np.concatenate([[0.0], np.cumsum(weights[order])])
    above = 1 - summed[np.searchsorted(known, scores, side="right")] / summed[-1]
    at_least = 1 - summed[np.searchsorted(known, scores, side="left")] / summed[-1]
    tied = at_least - above
    part = (share - above) / np.where(tied > EQUAL, tied, 1.0)
    between = np.where(np.abs(share - above) <= EQUAL, 0.5, (share > above).astype(float))
    return np.where(tied > EQUAL, np.clip(part, 0, 1), between)


def _layer(
    name: Threshold,
    comparison: PairedComparison,
    groups: Sequence[Group],
    selected: np.ndarray | None,
    captions: Captions,
) -> Layer:
    rates = [_rates(comparison, group, selected) for group in groups]
    worst = min(range(len(groups)), key=lambda at: rates[at][1] - rates[at][0])
    baseline, candidate = rates[worst]
    group, change = groups[worst], candidate - baseline
    went = f"goes from {baseline:.3f} to {candidate:.3f} ({change:+.3f})"
    start = AT[name].format(baseline=captions.baseline)
    return Layer(
        threshold=name,
        group=group.key,
        positives=int((comparison.baseline.labels[group.rows] == 1).sum()),
        baseline=baseline,
        candidate=candidate,
        change=change,
        sentence=f"{start} the worst group is {group.key}: its true positive rate {went}.",
    )


def _rates(comparison: PairedComparison, group: Group, selected: np.ndarray | None) -> Rates:
    """Return both rates; where nothing is selected for all, at the group's false positive rate."""
    models, weights = (comparison.baseline, comparison.candidate), comparison.weights
    ours = _score(models[0])
    positive, negative = (group.rows[models[0].labels[group.rows] == k] for k in (1, 0))

    def mean(chances: np.ndarray) -> float:
        return float(np.average(chances, weights=weights[positive]))

    if selected is not None:
        return mean(ours[positive] >= HALF), mean(selected[positive])
    share = float(np.average(ours[negative] >= HALF, weights=weights[negative]))
    pair = [
        mean(chance_selected(_score(m)[positive], _score(m)[negative], weights[negative], share))
        for m in models
    ]
    return pair[0], pair[1]


def _score(model: Decided) -> np.ndarray:
    return np.asarray(model.probabilities[:, 1], float)


def _carrier(layers: Sequence[Layer], captions: Captions) -> str:
    """Say which layer carries most of the worst group's harm, and what would mend it."""
    falls = [max(-layer.change, 0.0) for layer in layers]
    if max(falls) <= SLIGHT:
        return NONE.format(slight=SLIGHT)
    parts = [falls[0] - falls[1], falls[1] - falls[2], falls[2]]
    at = int(np.argmax(parts))
    names = {"baseline": captions.baseline, "candidate": captions.candidate, "rows": captions.rows}
    return MENDED[layers[at].threshold].format(group=layers[at].group, **names)
