"""How many rows of a table lie in each bin: what rounding, respelling and recalibration leave.

A table whose rows have no names may come back with its labels spelt otherwise, its classes swapped,
its scores rounded, or put through a rising function (percent, a temperature, logits). Then no row
can be known by itself, but the table can: hardly two tables have as many rows in each of many bins.
Bins are made of scores to a few decimals within a class (and group), and of classes (and groups)
within a part of the scores' ranks. A class is known by how many rows it has, not by its name.

*Strata* are rows whose number may have been fixed beforehand: a class (and group) for decimals, a
part of the ranks for ranks, where it always is. A key's first 8 bits are its view's, the next 24
its stratum's, the others the bin's own.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from faircompress.ledger.hashing import as_texts, short_hashes

DECIMALS = (4, 3, 2, 1)
PARTS = (16, 64, 256, 1024)  # of the ranks
EACH = 2  # rows that a part has at least
BALANCED = 4.0  # standard deviations within which either of two classes may be the rarer one
Histogram = tuple[np.ndarray, np.ndarray]


def histogram(
    key: bytes, labels: np.ndarray, groups: Mapping[str, np.ndarray], baseline: np.ndarray,
    *, turned: bool = False,
) -> Histogram:  # fmt: skip
    """Return keys of all bins of all views, sorted, and how many rows lie in each.

    Args:
        key: The ledger's.
        labels: True classes, ``(rows,)``, under any names.
        groups: Group column -> group of each row.
        baseline: Scores, ``(rows,)`` or ``(rows, classes)``.
        turned: With the two classes exchanged, if a part of the rows might have either as the
            rarer one; else nothing.
    """
    columns = np.asarray(baseline, float).reshape(len(labels), -1)
    two = columns.shape[1] <= 2
    classes, scores = _two(labels, columns[:, -1]) if two else _several(labels, columns)
    if turned:
        surplus = abs(len(labels) - 2 * int((classes == 1).sum()))
        if not two or classes.max(initial=0) > 1 or surplus > BALANCED * np.sqrt(len(labels)):
            return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        classes, scores = 1 - classes, 1 - scores
    subgroups = _subgroups(key, classes, groups)
    found, view, most = [], 0, _decimals(scores)
    for decimals in DECIMALS:
        for stratum in (classes, subgroups):
            if decimals <= most:  # else it tells what the next one tells
                found.append(_binned(key, view, stratum, _steps(key, scores, decimals)))
            view += 1
    places = (_ranks(scores[:, 0] if two else _margins(scores)) - 0.5) / len(labels)
    for parts in PARTS:
        for kind in (classes, subgroups):
            if parts * EACH <= len(labels):
                found.append(_binned(key, view, np.floor(parts * places).astype(np.int64), kind))
            view += 1
    bins, counts = (np.concatenate(some) for some in zip(*found, strict=True))
    order = np.argsort(bins)
    return bins[order], counts[order]


def _two(labels: np.ndarray, score: np.ndarray) -> Histogram:
    """Return classes as 0 and 1, the rarer 1, and its score: whatever both are called."""
    codes, names = pd.factorize(as_texts(labels), sort=True)
    if len(names) > 2:
        return _by_frequency(codes, score), score[:, None]
    ranks = _ranks(score)
    means = [ranks[codes == code].mean() for code in range(len(names))]
    high = codes == int(np.argmax(means))  # the class that this score is of
    side = (ranks / len(ranks) - 0.5) ** 2
    surplus = 2 * int(high.sum()) - len(high) or float(side[high].sum() - side[~high].sum())
    rare = high if surplus <= 0 else ~high
    return rare.astype(np.int64), np.where(surplus <= 0, score, 1 - score)[:, None]


def _several(labels: np.ndarray, columns: np.ndarray) -> Histogram:
    """Return classes by how many rows they have, and each row's scores, the largest first."""
    codes = pd.factorize(as_texts(labels), sort=True)[0]
    scores = -np.sort(-columns, axis=1)
    return _by_frequency(codes, _margins(scores)), scores


def _by_frequency(codes: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return codes anew: 0 is the most frequent, of equal ones that with the lowest scores."""
    counts = np.bincount(codes)
    order = np.lexsort((np.bincount(codes, _ranks(score)) / counts, -counts))
    return np.asarray(np.argsort(order)[codes], np.int64)


def _ranks(score: np.ndarray) -> np.ndarray:
    """Return each row's rank from 1 on; equal rows share theirs."""
    return pd.Series(score).rank().to_numpy(float)


def _margins(scores: np.ndarray) -> np.ndarray:
    """Return how far the first class is before the second: a temperature leaves their order."""
    first, second = scores[:, 0], scores[:, 1]
    if (scores < 0).any() or not (first > 0).all():
        return np.asarray(first - second)
    return np.asarray(-second / first)


def _subgroups(key: bytes, classes: np.ndarray, groups: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return class and groups of each row as one number, the same in every table."""
    texts = pd.DataFrame({"\0class": classes.astype(str)})
    for name, column in sorted(groups.items()):
        texts[name] = as_texts(column)
    codes = texts.groupby(list(texts.columns), sort=False).ngroup().to_numpy()
    first = np.unique(codes, return_index=True)[1]
    heads = (repr(list(texts.iloc[row].items())).encode() for row in first)
    return short_hashes(key, "subgroup", heads).view(np.int64)[codes]


def _decimals(scores: np.ndarray) -> int:
    """Return how many decimals, of ``DECIMALS``, scores have at most."""
    steps = np.rint(scores * 10 ** DECIMALS[0])
    return min(d for d in DECIMALS if (steps % 10 ** (DECIMALS[0] - d) == 0).all())


def _steps(key: bytes, scores: np.ndarray, decimals: int) -> np.ndarray:
    """Return rounded scores of each row as one number, the same in every table."""
    steps = np.ascontiguousarray(np.rint(scores * 10**decimals), "<i8")
    if steps.shape[1] == 1:
        return steps[:, 0]
    rows, codes = np.unique(steps, axis=0, return_inverse=True)
    return short_hashes(key, "steps", (row.tobytes() for row in rows)).view(np.int64)[codes.ravel()]


def _binned(key: bytes, view: int, strata: np.ndarray, within: np.ndarray) -> Histogram:
    """Return the keys of a view's bins, and how many rows lie in each."""
    (stratum, strata_), (inner, within_) = (pd.factorize(column) for column in (strata, within))
    codes, counts = np.unique(stratum * len(within_) + inner, return_counts=True)
    own = np.stack([strata_[codes // len(within_)], within_[codes % len(within_)]], 1)
    pairs = np.ascontiguousarray(own, "<i8")
    heads = short_hashes(key, f"stratum {view}", (one.tobytes() for one in strata_.astype("<i8")))
    bins = short_hashes(key, f"bin {view}", (pair.tobytes() for pair in pairs))
    of_stratum = (heads[codes // len(within_)] >> np.uint64(40)) << np.uint64(32)
    found = (np.uint64(view) << np.uint64(56)) | of_stratum | (bins >> np.uint64(32))
    keys, at = np.unique(found, return_inverse=True)
    return keys, np.bincount(at.ravel(), counts).astype(np.uint64)


def view_of(bins: np.ndarray) -> np.ndarray:
    """Return the number of each bin's view."""
    return bins >> np.uint64(56)


def stratum_of(bins: np.ndarray) -> np.ndarray:
    """Return what is equal for the bins of one stratum of one view."""
    return bins >> np.uint64(32)
