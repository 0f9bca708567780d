"""What is known of the rows, whichever model is asked about them."""

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from faircompress.auditing.fixed_numbers import fixed
from faircompress.auditing.naming import clusters, doubtful_names, refuse_damaged
from faircompress.auditing.readings import Reading, equal_rows_each, giants_apart
from faircompress.auditing.repeats import doubted, in_other_groups, repeats
from faircompress.auditing.row_weights import weighed
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data.caps import UNKNOWN
from faircompress.data.csv_text import meant
from faircompress.data.declared_weights import Declared
from faircompress.data.negative_words import negative_first
from faircompress.data.predictions import Predictions, check, taken
from faircompress.evaluation.dropped import Dropped
from faircompress.report.context import ReportContext
from faircompress.support.errors import InputError

TRUTHS = ("0 1", "false true", "False True", "FALSE TRUE")
UNEVEN = 100.0  # times the least weight: beyond, some rows hardly count
ORDERED = [set(pair.split()) for pair in TRUTHS]  # the second is the positive


def needs_id(option: str = "validation") -> str:
    """Say why validation rows need ids."""
    return (
        f"{spelt(option)} needs {spelt('id')}, by which no row can be in both; a threshold "
        "may not be chosen on test rows."
    )


@dataclass(frozen=True)
class Asked:
    """Which columns hold what.

    Args:
        label: Column of the true class.
        groups: Columns of the groups; the label's own: each class against the rest.
        classes: Names of the classes, of two the positive second; empty: as found.
        identifier: Column of the rows' ids.
        cluster: Column of which cluster a row is in.
        weight: Column of what a row counts.
        max_weight: The most that a cluster, or a row without one, weighs in the population, or
            condition -> the most of a subgroup; None: not known.
        split: Column that tells validation rows from test rows.
        counts: What rates count: rows, or clusters, each once however many rows it has.
        fixed_counts: Columns (the label's, of groups) of whose crossed values the numbers of rows
            were fixed by design.
    """

    label: str | None
    groups: tuple[str, ...]
    classes: tuple[str, ...] = ()
    identifier: str | None = None
    cluster: str | None = None
    weight: str | None = None
    max_weight: Declared | None = None
    split: str | None = None
    counts: str = "rows"
    fixed_counts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse classes that are named twice, and columns without a name.

        Raises:
            ValueError: Naming one.
        """
        if self.cluster == "":
            raise InputError(f"{spelt('cluster')} is empty; name a column, or leave it out.")
        if again := [name for name in self.classes if self.classes.count(name) > 1]:
            raise InputError(f"{spelt('classes')} name {again[0]!r} twice; name each class once.")


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models' predictions of the same rows.

    Args:
        baseline: The first model's.
        candidate: The second's.
        decided: Columns that hold decided classes instead of probabilities.
        context: What the report can show beside the verdict.
        images: uint8 ``(rows, height, width, 3)``; None: the audit saw no pictures.
        hashes: Of pictures as the table has them, where ``images`` are resized; else None.
        classes: Names of the classes as they stand in a table of predictions.
        named: Do the rows have ids of their own? Else they were counted.
        notes: What a reader must know of the rows.
        readings: Other ways in which the rows may be meant, under which a verdict must hold.
        dropped: Rows that were left out before; an audit itself refuses what it cannot use.
        book: Hash by which an earlier record of looks knows these rows; None: that of their ids.
    """

    baseline: Predictions
    candidate: Predictions
    decided: tuple[str, ...] = ()
    context: ReportContext = field(default_factory=ReportContext)
    images: np.ndarray | None = None
    hashes: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    named: bool = True
    notes: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    book: str | None = None


def known(
    table: Table, asked: Asked, truth: np.ndarray, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Return everything of ``Predictions`` that does not depend on the model.

    Args:
        table: Of the rows.
        asked: Which columns hold what.
        truth: True class of each row, by name, ``(rows,)``.
        classes: Names of the classes.

    Raises:
        ValueError: If a column is missing, or a field of it is empty or unfit.
    """
    names = _class_names(str(asked.label), classes)
    refuse_damaged(table, "label", str(asked.label), truth)
    people = clusters(table, asked.cluster) if asked.cluster else None
    weights, caps = weighed(table, asked, people, names)
    found: dict[str, Any] = {
        "ids": table.ids,
        "labels": _indices(table, asked, truth, classes),
        "groups": _groups(table, asked, truth, names),
        "identities": people,
        "weights": weights,
        "max_weight": caps,
        "classes": tuple(names.values()),
    }
    if asked.fixed_counts:
        found["fixed_counts"] = fixed(asked, found["labels"], found["groups"], people)
    return {**found, "data": _sha256(found)}


def cap_is_missing(predictions: Predictions) -> bool:
    """Tell whether rows weigh or belong together, and nothing says how much at most."""
    weighed = predictions.identities is not None or bool((predictions.weights != 1).any())
    return weighed and not predictions.max_weight


def together(pair: Pair) -> Pair:
    """Return the pair with rows that stand more than once counted once, if nothing says whose.

    What must be known of such rows, and what no declared cap on weights costs, is noted.
    """
    baseline, candidate, images, notes = pair.baseline, pair.candidate, pair.images, []
    hashes = pair.hashes
    readings = giants_apart(baseline, candidate)
    people = baseline.identities
    own = pair.named if people is None else len(np.unique(people)) == len(people)
    if own:
        notes = list(filter(None, [doubted(baseline, candidate)]))
    elif people is None:
        found = repeats(baseline, candidate)
        notes = [found.note] if found.note else []
        if found.kept is not None:
            readings = (equal_rows_each(baseline, candidate),)
            baseline, candidate = (taken(p, found.kept) for p in (baseline, candidate))
            images = None if images is None else images[found.kept]
            hashes = None if hashes is None else hashes[found.kept]
    if own or people is None:
        notes += filter(None, [in_other_groups(baseline, candidate)])
    if cap_is_missing(baseline):
        notes.append(
            f"Nothing says how much one cluster weighs at most, so {UNKNOWN:g} is taken. Lighter "
            "ones are believed less for it: n rows of weight 1 count as about n/"
            f"{UNKNOWN:g}. Declare what the heaviest in the population weighs "
            f"({spelt('max-weight')})."
        )
    least, most = float(baseline.weights.min()), float(baseline.weights.max())
    if most > UNEVEN * least:
        notes.append(
            f"Weights reach from {least:g} to {most:g}: the verdict is about the population in "
            "which rows count so, and harm to rows that hardly count is not seen."
        )
    notes = [*pair.notes, *doubtful_names(baseline), *notes]
    return replace(
        pair, baseline=baseline, candidate=candidate, images=images, hashes=hashes,
        notes=tuple(notes), readings=readings,
    )  # fmt: skip


def in_order(asked: Asked, names: Sequence[str]) -> tuple[str, ...]:
    """Return class names in the order of ``--classes``; of two, say which is the positive.

    Raises:
        ValueError: If ``--classes`` names others, or two classes have no known order.
    """
    if asked.classes:
        if set(asked.classes) != set(names):
            raise InputError(
                f"{spelt('classes')} are {', '.join(asked.classes)}, but the columns have "
                f"{', '.join(names)}; they must be the same."
            )
        return asked.classes
    if len(names) == 2 and set(names) not in ORDERED:
        one, other = negative_first(names) or names
        raise InputError(
            f"the classes are {one!r} and {other!r}; which is the positive? Name them with "
            f"{spelt('classes')}, the "
            f"positive second, such as {spelt('classes')} {shlex.quote(f'{one},{other}')}."
        )
    return tuple(names)


def fit(name: str, predictions: Predictions) -> Predictions:
    """Return predictions that can be evaluated.

    Raises:
        ValueError: Under this name, if they cannot.
    """
    try:
        check(predictions)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    return predictions


def _indices(table: Table, asked: Asked, truth: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    unknown = ~np.isin(truth, classes)
    label = str(asked.label)
    if unknown.any():
        close = meant(str(truth[unknown.argmax()]), classes)
        table.refuse(spelt("label"), label, unknown, "holds no known class", close.strip())
    there = np.unique(truth)
    if len(there) < 2:
        raise InputError(
            f"{spelt('label')}: column {label!r} of {table.name} holds the single class "
            f"{str(there[0])!r}; "
            "nothing could be told apart. Add rows of the others."
        )
    place = {name: k for k, name in enumerate(classes)}
    return np.array([place[name] for name in truth])


def _class_names(label: str, classes: tuple[str, ...]) -> dict[str, str]:
    """Return what to call each class in a sentence: a bare number says nothing there."""
    bare = set(classes) in ORDERED or all(name.isdigit() for name in classes)
    return {name: f"{label}={name}" if bare else name for name in classes}


def _groups(
    table: Table, asked: Asked, truth: np.ndarray, names: dict[str, str]
) -> dict[str, np.ndarray]:
    found = {}
    for name in asked.groups:
        if name == asked.label:
            found["label"] = np.array([names[name] for name in truth])
        elif name == "label":
            raise InputError(
                f"{spelt('group')} label: this name is kept for the classes as groups. For these, "
                f"name the label's column, {spelt('group')} {asked.label}; else rename yours."
            )
        else:
            found[name] = table.texts(spelt("group"), name)
            _check_groups(table, name, np.unique(found[name]))
            refuse_damaged(table, "group", name, found[name])
    return found


def _check_groups(table: Table, column: str, values: np.ndarray) -> None:
    if len(values) > max(len(table.ids) // 2, 2):
        raise InputError(
            f"{spelt('group')}: column {column!r} of {table.name} has {len(values):,} values in "
            f"{len(table.ids):,} rows, such as {str(values[0])!r} and {str(values[1])!r}; a group "
            "has many rows. Name the right column, or put its values into bands."
        )


def part_sha256(rows: Predictions) -> str:
    """Return the hash of some rows, as of a data set of their own."""
    return _sha256(vars(rows))


def _sha256(found: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([found["classes"], *found["groups"]]).encode())
    columns = [found[name] for name in ("ids", "labels", "identities", "weights")]
    for column in (*columns, *found["groups"].values()):
        digest.update(json.dumps(None if column is None else column.tolist()).encode())
    return digest.hexdigest()


def naturally(name: str) -> tuple[bool, float, str]:
    """Order numbers by size, before words by letters."""
    number = re.fullmatch(r"-?\d+", name)
    return (not number, float(name) if number else 0.0, name)
