"""ROC, reliability and confusion by group, and what intersections went through: nothing decides.

Estimates of the test rows without bounds, drawn from both models' predictions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.decisions import Decided, decide
from faircompress.evaluation.groups import POOLED, Group, groups_of
from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import Json, capital
from faircompress.support.number_text import ARROW, share, signed

PANELS, POINTS = 12, 60  # groups that are drawn, points of a curve
BINS, FEWEST = 10, 5  # of reliability; rows that a bin needs to be drawn
CLASSES = 12  # in a table of confusions
CROSSED = 12  # intersections that are told


def curves(verdict: Verdict, baseline: Predictions, candidate: Predictions) -> Json:
    """Return the figures of every group, everyone first; {} of decided classes.

    Args:
        verdict: Whose groups are shown; its thresholds decide.
        baseline: The baseline's predictions of the test rows.
        candidate: The candidate's.
    """
    pair = [
        decide(predictions, verdict.thresholds[name])
        for name, predictions in (("baseline", baseline), ("candidate", candidate))
    ]
    everyone = Group(POOLED, POOLED, np.arange(len(baseline.labels)))
    crossed = groups_of(baseline, intersections=True)
    known = {group.group for group in verdict.groups}
    plain = [group for group in crossed if group.question is None]
    shown = [everyone, *(group for group in plain if group.key in known)][:PANELS]
    captions, weights = verdict.captions, baseline.weights
    scored = not any(np.isin(model.probabilities, (0.0, 1.0)).all() for model in pair)
    two = len(baseline.classes) == 2
    return {
        "roc": [
            _roc(g, pair, weights, captions) for g in shown if two and scored and _both(g, pair)
        ],
        "reliability": [_reliability(g, pair, weights, captions) for g in shown if scored],
        "confusion": _confusion(shown, pair, baseline.classes, weights, captions),
        "weighted": bool(np.ptp(weights)),
        "crossed": _crossed([g for g in plain if g.key not in known], pair, weights),
        "hidden": max(len(plain) + 1 - PANELS, 0),
    }


def _both(group: Group, pair: Sequence[Decided]) -> bool:
    return len(np.unique(pair[0].labels[group.rows])) == 2


def _name(group: Group, captions: Captions) -> str:
    return f"all {captions.rows}" if group.key == POOLED else group.key


def _roc(group: Group, pair: Sequence[Decided], weights: np.ndarray, captions: Captions) -> Json:
    """Return both ROC curves of class 1 in a group, with the point at which each file decides."""
    rows, areas = group.rows, []
    drawn: Json = {}
    for name, model in zip(("baseline", "candidate"), pair, strict=True):
        truth, weight = model.labels[rows] == 1, weights[rows]
        fpr, tpr = _curve(model.probabilities[rows, 1], truth, weight)
        areas.append(float(np.trapezoid(tpr, fpr)))
        keep = np.unique(np.linspace(0, len(fpr) - 1, POINTS).round().astype(int))
        drawn[name] = _points(fpr[keep], tpr[keep])
        positive = model.decisions[rows] == 1
        at = [float(np.average(positive[of], weights=weight[of])) for of in (~truth, truth)]
        drawn[f"{name}_dots"] = [_place(*at)]
    note = f"AUROC {areas[0]:.3f} {ARROW} {areas[1]:.3f}"
    axes = {"x": "false positive rate", "y": "true positive rate"}
    return {"name": _name(group, captions), "note": note, **axes, **drawn}


def _curve(
    scores: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates from the highest threshold to the lowest."""
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.diff(scores[order]) != 0, True]
    rates = []
    for of in (~truth, truth):
        summed = np.cumsum((weight * of)[order])
        rates.append(np.r_[0.0, summed[last] / summed[-1]])
    return rates[0], rates[1]


def _reliability(
    group: Group, pair: Sequence[Decided], weights: np.ndarray, captions: Captions
) -> Json:
    """Return how often what a model gave a probability came true, by bins of probability."""
    rows, two = group.rows, pair[0].probabilities.shape[1] == 2
    drawn: Json = {}
    for name, model in zip(("baseline", "candidate"), pair, strict=True):
        p = model.probabilities[rows]
        held = model.labels[rows] == (1 if two else p.argmax(axis=1))
        score = p[:, 1] if two else p.max(axis=1)
        places = _bins(score, held, weights[rows])
        drawn[name] = " ".join(f"{x},{y}" for x, y in places)
        drawn[f"{name}_dots"] = places
    axes = {"x": "probability", "y": "share that came true"}
    note = f"{len(rows):,} {captions.rows}"
    return {"name": _name(group, captions), "note": note, **axes, **drawn}


def _bins(score: np.ndarray, held: np.ndarray, weight: np.ndarray) -> list[tuple[float, float]]:
    at = np.minimum((score * BINS).astype(int), BINS - 1)
    return [
        _place(
            float(np.average(score[at == k], weights=weight[at == k])),
            float(np.average(held[at == k], weights=weight[at == k])),
        )
        for k in range(BINS)
        if (at == k).sum() >= FEWEST
    ]


def _confusion(
    groups: Sequence[Group], pair: Sequence[Decided], classes: Sequence[str],
    weights: np.ndarray, captions: Captions,
) -> Json:  # fmt: skip
    """Return how many rows of each class each model decided for each; {} of many classes.

    Where rows weigh differently, rates do not follow from counts: then each count has its share of
    the class by weight beside it.
    """
    if len(classes) > CLASSES:
        return {}
    shown = groups if len(classes) == 2 else groups[:1]
    rows = []
    for group in shown:
        for truth, name in enumerate(classes):
            of = group.rows[pair[0].labels[group.rows] == truth]
            counts = [np.bincount(m.decisions[of], minlength=len(classes)) for m in pair]
            cells = [_cell(f"{a:,}", f"{b:,}") for a, b in zip(*counts, strict=True)]
            if np.ptp(weights) and len(of):
                shares = [_shares(m.decisions[of], weights[of], len(classes)) for m in pair]
                beside = [_cell(*both) for both in zip(*shares, strict=True)]
                cells = [f"{cell} ({text})" for cell, text in zip(cells, beside, strict=True)]
            rows.append([_name(group, captions), name, f"{len(of):,}", *cells])
    columns = ["Group", "True class", capital(captions.rows), *(f"Decided {c}" for c in classes)]
    return {"columns": columns, "rows": rows}


def _shares(decisions: np.ndarray, weights: np.ndarray, classes: int) -> list[str]:
    """Write which share of the rows, by weight, was decided for each class."""
    summed = np.bincount(decisions, weights=weights, minlength=classes)
    return [share(float(of)) for of in summed / summed.sum()]


def _cell(before: str, after: str) -> str:
    return before if before == after else f"{before} {ARROW} {after}"


def _crossed(groups: Sequence[Group], pair: Sequence[Decided], weights: np.ndarray) -> Json:
    """Return the intersections whose accuracy fell most, as observed; {} where there are none."""
    found: list[tuple[float, list[Any]]] = []
    for group in groups:
        right = [m.decisions[group.rows] == m.labels[group.rows] for m in pair]
        before, after = (float(np.average(r, weights=weights[group.rows])) for r in right)
        cells = [group.key, f"{len(group.rows):,}", share(before), share(after),
                 signed(after - before)]  # fmt: skip
        found.append((after - before, cells))
    if not found:
        return {}
    worst = sorted(found, key=lambda one: one[0])[:CROSSED]
    return {
        "columns": ["Intersection", "Rows", "Accuracy before", "after", "Change"],
        "rows": [cells for _, cells in worst],
        "left": len(found) - len(worst),
    }


def _points(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a},{b}" for a, b in (_place(*one) for one in zip(x, y, strict=True)))


def _place(x: float, y: float) -> tuple[float, float]:
    return round(100 * float(x), 1), round(100 * (1 - float(y)), 1)
