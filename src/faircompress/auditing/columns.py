"""Two models' predictions from columns of a table: probabilities, or decided classes."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from faircompress.auditing.number_cells import FILL, as_numbers, cure_of
from faircompress.auditing.readings import giants_apart
from faircompress.auditing.rounding import slack
from faircompress.auditing.rows import (
    Asked,
    Pair,
    fit,
    in_order,
    known,
    naturally,
    needs_id,
    part_sha256,
    together,
)
from faircompress.auditing.spelling import spelt
from faircompress.auditing.starred import refuse_other_columns
from faircompress.auditing.strays import refuse_stray_labels
from faircompress.auditing.tables import Table
from faircompress.auditing.truths import as_classes, as_one, written_otherwise
from faircompress.auditing.two_tables import aligned
from faircompress.auditing.unnamed import unnamed_clusters
from faircompress.data.predictions import Predictions, taken
from faircompress.data.split_words import SPELLINGS
from faircompress.data.words import listed, near
from faircompress.report.context import ReportContext
from faircompress.support.errors import InputError

SPLITS = ("validation", "test")


def from_columns(tables: Sequence[Table], asked: Asked, baseline: str, candidate: str) -> Pair:
    """Return what columns say; rows of a second table are put in the order of the first.

    A column name with a star means one column of probabilities a class. One without is a column
    of decided classes if it holds nothing but names of classes, else of the probability of the
    positive of two.

    Args:
        tables: One, or the baseline model's and the candidate's.
        asked: Which columns hold what.
        baseline: Column of the baseline model.
        candidate: Column of the candidate.

    Raises:
        ValueError: If the tables differ in rows, or a column cannot be evaluated.
    """
    first, last = tables[0], tables[-1]
    if first is last and baseline == candidate:
        raise InputError(
            f"{spelt('baseline')} and {spelt('candidate')} both name column {baseline!r}; a "
            "model cannot be compared with "
            "itself. Name the column of each."
        )
    if first is not last:
        last = aligned(first, last, asked)
    columns = ((first, spelt("baseline"), baseline), (last, spelt("candidate"), candidate))
    truth = as_one(first.texts(spelt("label"), str(asked.label)))
    classes = _classes(columns, asked, truth)
    if len(classes) > 2 and not asked.classes and "*" not in baseline:
        answers = [t.texts(option, c) for t, option, c in columns if c in t.cells.columns]
        refuse_stray_labels(first, str(asked.label), truth, baseline, answers)
    rows = known(first, asked, truth, classes)
    models, decided = [], []
    for table, option, column in columns:
        if "*" in column and not asked.classes:
            refuse_other_columns(table, option, column, truth)
        p, hard = _probabilities(table, option, column, classes)
        decided += [column] if hard else []
        model = _sha256(option, p[np.argsort(rows["ids"], kind="stable")])
        models.append(
            fit(option, Predictions(**rows, probabilities=p, model=model, slack=slack(p)))
        )
    _refuse_either(columns, decided, classes)
    called = [f"column {column} of {table.name}" for table, _, column in columns]
    context = ReportContext(called=dict(zip(("baseline", "candidate"), called, strict=True)))
    named = asked.identifier is not None
    notes = unnamed_clusters(first, asked, {baseline, candidate})
    return together(
        Pair(
            models[0], models[1], tuple(decided), context, classes=classes, named=named,
            notes=notes,
        )
    )  # fmt: skip


def _splits(table: Table, column: str) -> np.ndarray:
    """Return the split of each row, in whatever spelling."""
    texts = table.texts(spelt("split"), column)
    splits = np.array([SPELLINGS.get(text.lower(), "") for text in texts])
    cure = f"Write {' or '.join(SPLITS)}, and leave other rows out."
    table.refuse(spelt("split"), column, splits == "", "is no split", cure)
    table.refuse(spelt("split"), column, splits == "train", "is of the train split", cure)
    if not (splits == "test").any():
        raise InputError(f"{spelt('split')}: no row of {table.name} is test.")
    return splits


def split_columns(
    tables: Sequence[Table], asked: Asked, baseline: str, candidate: str
) -> tuple[Pair, tuple[Predictions, Predictions] | None]:
    """Return what columns say about test rows, and about validation rows if there are.

    A column tells them apart. Validation rows order the failures and may set the threshold.

    Raises:
        ValueError: If a row is neither, or none is of the test, or rows have no ids.
    """
    if asked.identifier is None:
        raise InputError(needs_id("split"))
    of_row = [_splits(table, str(asked.split)) for table in tables]
    parts = {
        name: [table.kept(splits == name) for table, splits in zip(tables, of_row, strict=True)]
        for name in SPLITS
    }
    pair = from_columns(parts["test"], asked, baseline, candidate)
    if not len(parts["validation"][0].ids):
        return pair, None
    return pair, validation(parts["validation"], asked, baseline, candidate, pair)


def validation(
    tables: Sequence[Table], asked: Asked, baseline: str, candidate: str, test: Pair
) -> tuple[Predictions, Predictions]:
    """Return what the same columns say about rows that thresholds are chosen on.

    Raises:
        ValueError: If these cannot be told from test rows, or are not fit to be evaluated.
    """
    if asked.identifier is None:
        raise InputError(needs_id())
    here = [str(name) for name in tables[0].cells.columns]
    groups = asked.groups if all(name in here for name in asked.groups) else ()
    cluster = asked.cluster if asked.cluster in here else None
    asked = replace(asked, groups=groups, cluster=cluster, classes=test.classes, fixed_counts=())
    found = from_columns(tables, asked, baseline, candidate)
    return (
        replace(found.baseline, model=test.baseline.model),
        replace(found.candidate, model=test.candidate.model),
    )


def part_of(pair: Pair, rows: np.ndarray) -> Pair:
    """Return some rows of a pair, as if nothing else had been given.

    Args:
        pair: Both models' predictions.
        rows: Which, booleans, ``(rows,)``.
    """
    at = np.flatnonzero(rows)
    models = []
    for option, whole in (("baseline", pair.baseline), ("candidate", pair.candidate)):
        some = taken(whole, at)
        if pair.images is None and pair.hashes is None:  # no file: known by its answers
            order = np.argsort(some.ids, kind="stable")
            some = replace(some, model=_sha256(option, some.probabilities[order]))
        models.append(replace(some, data=part_sha256(some)))
    images, hashes = (None if one is None else one[at] for one in (pair.images, pair.hashes))
    return replace(
        pair, baseline=models[0], candidate=models[1], images=images, hashes=hashes,
        readings=giants_apart(models[0], models[1]),
    )  # fmt: skip


def _classes(
    columns: Sequence[tuple[Table, str, str]], asked: Asked, truth: np.ndarray
) -> tuple[str, ...]:
    starred = {
        option: tuple(table.starred(option, column))
        for table, option, column in columns
        if "*" in column
    }
    if not starred:
        names = asked.classes or tuple(sorted(set(truth.tolist()), key=naturally))
        return names if len(names) < 2 else in_order(asked, names)
    names, *other = starred.values()
    if other and set(other[0]) != set(names):
        raise InputError(
            f"{spelt('baseline')} has columns of the classes {', '.join(names)}, "
            f"{spelt('candidate')} of "
            f"{', '.join(other[0])}; both models must know the same. Correct names or stars."
        )
    return in_order(asked, sorted(names, key=naturally))


def _probabilities(
    table: Table, option: str, column: str, classes: tuple[str, ...]
) -> tuple[np.ndarray, bool]:
    """Return probabilities ``(rows, classes)``, and whether they are decided classes."""
    if "*" in column:
        found = table.starred(option, column)
        return np.stack([table.shares(option, found[name]) for name in classes], axis=1), False
    cells = table.column(option, column)
    if (
        len(classes) == 2
        and cells.dtype.kind == "f"
        and cells.nunique() > 2
        and cells.notna().all()
    ):
        positive = table.shares(option, column)  # more values than classes, and no words
        return np.stack([1 - positive, positive], axis=1), False
    texts = as_classes(table.texts(option, column), classes)
    place = pd.Index(classes).get_indexer(pd.Index(texts))
    if (place >= 0).all():
        return np.eye(len(classes))[place], True
    known = f"Classes are {', '.join(classes[:40])}"
    if len(classes) > 2:
        _refuse_one_probability(table, option, column, classes)
        otherwise = written_otherwise(texts[place < 0], classes)
        cure = f"{known}; for probabilities, name one column a class, such as '{column}_*'."
        cure = f"{known}. {otherwise}" if otherwise else cure
        table.refuse(option, column, place < 0, "holds no known class", cure)
    number = np.isfinite(as_numbers(pd.Series(texts)))
    neither = (place < 0) & ~number
    cure = f"{known}; a probability is of {classes[-1]!r}."
    better = written_otherwise(texts[neither], classes) or cure_of(pd.Series(texts[neither]))
    cure = cure if better == FILL else f"{cure} {better}"
    table.refuse(option, column, neither, "is neither a class nor a probability", cure)
    positive = table.shares(option, column)
    return np.stack([1 - positive, positive], axis=1), False


def _refuse_either(
    columns: Sequence[tuple[Table, str, str]], decided: Sequence[str], classes: tuple[str, ...]
) -> None:
    """Refuse 0 and 1 that are decided classes or probabilities of 0, beside probabilities of 0."""
    if classes != ("1", "0") or len(decided) != 1:
        return
    (option,) = (option for _, option, column in columns if column == decided[0])
    raise InputError(
        f"{option}: column {decided[0]!r} holds nothing but 0 and 1, and the positive class is "
        "'0': a 1 may be the decided class 1, or probability 1 of class 0. Give decided classes of "
        "both models, name classes by words, or make 1 the positive class."
    )


def _refuse_one_probability(
    table: Table, option: str, column: str, classes: tuple[str, ...]
) -> None:
    """Refuse one column of probabilities beside more than two classes: is one spelt in two ways?"""
    scores = as_numbers(table.cells[column])
    if not ((scores >= 0) & (scores <= 1)).all():
        return
    alike = listed(near(classes))
    raise InputError(
        f"{option}: column {column!r} of {table.name} holds one probability a row, which is for "
        f"two classes, but the label has {len(classes)}: {', '.join(map(repr, classes[:10]))}. "
        + (
            f"Are {alike} one class? Write it alike. If not, n"
            if alike
            else "Correct the label, or n"
        )
        + f"ame one column a class, such as '{column}_*'."
    )


def _sha256(option: str, probabilities: np.ndarray) -> str:
    """Identify a model that has no file; equal answers of two columns are still two models."""
    answers = np.ascontiguousarray(probabilities, np.float64).tobytes()
    return hashlib.sha256(f"{option.lstrip('-')}:".encode() + answers).hexdigest()
