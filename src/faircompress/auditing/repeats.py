"""Rows that stand more than once, in a table whose rows have no ids.

A join or a sampler that pads writes rows again, and sixty rows written ten times must not count as
six hundred. Where scores are so fine that equal rows are no coincidence they are one cluster; where
they are coarse (decisions, 8 bits, 2 decimals) equal rows say nothing, and ids are asked for.
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from faircompress.auditing.near_repeats import Again, again, one_number
from faircompress.auditing.spelling import spelt
from faircompress.data.predictions import Predictions, taken

DIGITS = 9  # decimals to which probabilities are compared
END = 1e-5  # nearer to 0 or 1, different pictures have equal probabilities
COINCIDENCE = 0.01  # of the equal pairs seen: expecting more, they may be chance
Both = tuple[Predictions, Predictions]  # of the baseline, of the candidate


@dataclass(frozen=True)
class Repeats:
    """What is known of rows that equal another in every column that is evaluated.

    Args:
        kept: Rows that are no repeats, integers; None: all are taken to be different.
        note: What a reader must know; empty: no row equals another.
    """

    kept: np.ndarray | None
    note: str


def repeats(baseline: Predictions, candidate: Predictions) -> Repeats:
    """Tell which rows stand more than once.

    Args:
        baseline: One model's predictions, of rows without ids or identities of their own.
        candidate: The other's.
    """
    found = _near(baseline, candidate)
    if found is None:
        return _equal(baseline, candidate)
    rest = _equal(taken(baseline, found.kept), taken(candidate, found.kept))
    kept = found.kept if rest.kept is None else found.kept[rest.kept]
    note = _fine(len(baseline.ids) - len(kept), f", to within {found.within:g}")
    left = rest.note if rest.kept is None else ""
    return Repeats(kept, f"{note} {left}".strip())


def doubted(baseline: Predictions, candidate: Predictions) -> str:
    """Say of rows with ids of their own that they stand more than once; empty: they surely do not.

    Ids are believed: two pictures may be alike. But they may be numbers of rows.
    """
    found = _near(baseline, candidate)
    if found is None:
        return ""
    rows = len(baseline.ids) - len(found.kept)
    return (
        f"About {rows:,} of {len(baseline.ids):,} rows are another one again by label, groups and "
        f"both models' scores (to within {found.within:g}), too many to be chance, though their "
        f"ids differ. If ids are numbers of rows or copies, bounds are too narrow: name what tells "
        f"pictures or people apart ({spelt('id')}, {spelt('cluster')})."
    )


def in_other_groups(baseline: Predictions, candidate: Predictions) -> str:
    """Say that rows stand again under other groups, as where a table has a row for each group.

    Each group then has everybody once, but everyone has them as often as there are such groups.
    Empty: they surely do not.
    """
    rows = len(baseline.ids)
    known = _equal(replace(baseline, groups={}), candidate).kept
    if known is None:
        return ""
    alike = _equal(baseline, candidate).kept  # in their groups, too: told elsewhere
    again = (rows if alike is None else len(alike)) - len(known)
    if again < rows * COINCIDENCE:
        return ""
    return (
        f"{again:,} of {rows:,} rows have the label and both models' scores of another row and "
        "other groups, too many to be chance. If this table has a row for each group that somebody "
        "is in, all rows together count people several times, and bounds over them are too narrow: "
        f"give each person one row, with a column for each kind of group, or name clusters "
        f"({spelt('cluster')})."
    )


def in_validation(test: Both, validation: Both) -> str:
    """Say that validation rows are test rows again under other ids; empty: they surely are not.

    What is chosen on them, the threshold and the order of failures, is then chosen on test rows.

    Args:
        test: Both models' predictions of the test rows.
        validation: Of the validation rows, none of whose ids is a test row's.
    """
    known = test[0].groups.keys() & validation[0].groups.keys()  # of pictures none
    ours, theirs = ([_of_groups(one, known) for one in both] for both in (test, validation))
    stacked = [_stacked(one, other) for one, other in zip(ours, theirs, strict=True)]
    rows = len(validation[0].ids)
    found = min(_again(*stacked) - _again(*ours) - _again(*theirs), rows)
    if found < 1:
        return ""
    return (
        f"About {found:,} of {rows:,} validation rows are test rows again by label, groups and "
        "both models' scores, too many to be chance, though their ids differ. What is chosen on "
        "validation rows (thresholds, the order of failures) may not be chosen on test rows: leave "
        "them out of one of the two."
    )


def _near(baseline: Predictions, candidate: Predictions) -> Again | None:
    scores = np.column_stack([one_number(p.probabilities) for p in (baseline, candidate)])
    columns = pd.DataFrame({"one": np.zeros(len(scores), int), **baseline.groups})
    groups = columns.groupby(list(columns.columns), sort=False).ngroup().to_numpy()
    return again(scores, baseline.labels, groups)


def _stacked(one: Predictions, other: Predictions) -> Predictions:
    """Return the rows of both, with what repeats are told by."""
    groups = {name: np.concatenate([one.groups[name], other.groups[name]]) for name in one.groups}
    return replace(
        one,
        ids=np.concatenate([one.ids, other.ids]),
        labels=np.concatenate([one.labels, other.labels]),
        probabilities=np.concatenate([one.probabilities, other.probabilities]),
        weights=np.concatenate([one.weights, other.weights]),
        groups=groups,
        identities=None,
    )


def _of_groups(predictions: Predictions, names: Collection[str]) -> Predictions:
    groups = {name: column for name, column in predictions.groups.items() if name in names}
    return replace(predictions, groups=groups)


def _again(baseline: Predictions, candidate: Predictions) -> int:
    """Count rows that surely are another one again, equal or nearly so."""
    kept = repeats(baseline, candidate).kept
    return 0 if kept is None else len(baseline.ids) - len(kept)


def _equal(baseline: Predictions, candidate: Predictions) -> Repeats:
    """Tell which rows are equal to the last digit that counts."""
    scores = [p.probabilities.astype(float) for p in (baseline, candidate)]
    known = [baseline.labels, *baseline.groups.values()]
    codes = pd.DataFrame({n: pd.factorize(column)[0] for n, column in enumerate(known)})
    for name, score in zip(("baseline", "candidate"), scores, strict=True):
        rounded = pd.DataFrame(np.round(score, DIGITS))
        codes[name] = rounded.groupby(list(rounded.columns), sort=False).ngroup()
    row_of = codes.groupby(list(codes.columns), sort=False).ngroup().to_numpy()
    ends = [_at_an_end(score, baseline.labels, row_of) for score in scores]
    fine = ~(ends[0] & ends[1])
    twice = len(row_of) - len(np.unique(row_of))
    if not twice:
        return Repeats(None, "")
    # one row written a thousand times makes no scores coarse: the question is asked of two of each
    few = fine & (codes.groupby(list(codes.columns), sort=False).cumcount() < 2).to_numpy()
    if not _no_coincidence(codes[few], scores, baseline.labels, few):
        return Repeats(None, _coarse(twice))
    first = np.zeros(len(row_of), bool)
    first[np.unique(row_of, return_index=True)[1]] = True
    kept = np.flatnonzero(first | ~fine)
    joined = len(row_of) - len(kept)
    left = twice - joined
    return Repeats(kept, f"{_fine(joined)} {_coarse(left)}" if left else _fine(joined))


def _fine(rows: int, within: str = "") -> str:
    return (
        f"{_rows(rows)} an earlier one in label, groups and both models' scores{within}, too many "
        f"to be chance: equal rows count once. Name ids ({spelt('id')}) or clusters "
        f"({spelt('cluster')}) if they are different."
    )


def _rows(rows: int) -> str:
    return f"{rows:,} rows equal" if rows != 1 else "1 row equals"


def _coarse(rows: int) -> str:
    return (
        f"{_rows(rows)} an earlier one in label, groups and both models' scores. Scores are "
        "too coarse to tell whether these are the same rows again, which would make bounds too "
        f"narrow: name ids ({spelt('id')}) or clusters ({spelt('cluster')})."
    )


def _at_an_end(score: np.ndarray, labels: np.ndarray, row_of: np.ndarray) -> np.ndarray:
    """Tell which rows have a score at an end of its range, where many different ones meet.

    The range is 0 to 1, or that to which scores of a class were clipped: more rows have its ends
    than its other values, and they differ in something else. Rows that were all written again have
    all their values as often; one row alone that was differs in nothing.
    """
    of_class = np.round(_of_true_class(score, labels), DIGITS)
    found = (of_class <= END) | (of_class >= 1 - END)
    for label in np.unique(labels):
        own = labels == label
        values, counts = np.unique(of_class[own], return_counts=True)
        usual = max(np.median(counts), 1)
        for end in (values[at] for at in (0, -1) if counts[at] > usual):
            there = own & (of_class == end)
            if len(np.unique(row_of[there])) > 1:
                found |= there
    return found


def _of_true_class(score: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return score[np.arange(len(score)), labels]


def _no_coincidence(
    codes: pd.DataFrame, scores: list[np.ndarray], labels: np.ndarray, fine: np.ndarray
) -> bool:
    """Tell whether equal pairs of rows are far more than chance would bring.

    Chance is taken as the larger of two numbers: pairs that would be equal if columns were
    shuffled, and half of the pairs that are one step of the scores apart, which smooth scores
    that were rounded have about twice as often as equal ones.
    """
    rows = len(codes)
    equal = _pairs(codes.groupby(list(codes.columns)).size().to_numpy())
    if not equal:
        return False
    every = rows * (rows - 1) / 2
    shares = [_pairs(codes[name].value_counts().to_numpy()) / every for name in codes.columns]
    chance = max(every * float(np.prod(shares)), _next_to(codes, scores, labels, fine) / 2)
    return chance < COINCIDENCE * equal


def _next_to(
    codes: pd.DataFrame, scores: list[np.ndarray], labels: np.ndarray, fine: np.ndarray
) -> float:
    """Count pairs of equal label and groups whose scores lie at most a step apart, not equal."""
    cells = codes.drop(columns=["baseline", "candidate"])
    for name, score in zip(("x", "y"), scores, strict=True):
        values = np.round(_of_true_class(score, labels)[fine], DIGITS)
        gaps = np.diff(np.unique(values))
        step = gaps.min() if len(gaps) else 1.0
        cells[name] = np.round(values / step).astype(np.int64)
    counts = cells.groupby(list(cells.columns)).size()
    found = 0.0
    for x, y in itertools.product((-1, 0, 1), repeat=2):
        if (x, y) > (0, 0):  # each pair once
            moved = counts.reset_index(name="n")
            moved["x"] += x
            moved["y"] += y
            there = counts.reindex(pd.MultiIndex.from_frame(moved.drop(columns="n")), fill_value=0)
            found += float((moved["n"].to_numpy() * there.to_numpy()).sum())
    return found


def _pairs(counts: np.ndarray) -> float:
    return float((counts * (counts - 1) / 2).sum())
