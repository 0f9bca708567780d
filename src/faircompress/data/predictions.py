"""What a model said about a split: the value the chain hands to its judge. No torch in sight."""

import io
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.data.caps import MaxWeight
from faircompress.support.errors import InputError
from faircompress.support.files import write_bytes

GROUP, PROBABILITY, FACTS = "group:", "p:", b"faircompress"
LIGHTEST, HEAVIEST = 1e-100, 1e100  # weights whose squares and sums are still numbers
SUM_TOLERANCE = 1e-3
ROUNDED = 0.05  # a sum that is off by no more has probably lost digits


@dataclass(frozen=True)
class Predictions:
    """One exported file's word on every row of one split.

    Args:
        ids: Unique row ids, ``(rows,)``, str.
        labels: True classes, ``(rows,)``, integers in ``[0, classes)``.
        probabilities: ``(rows, classes)``; each row sums to 1.
        groups: Group column -> group of each row, ``(rows,)``, str. The column named ``label``,
            if any, holds class names and is judged one-vs-rest.
        identities: Whose picture a row is, ``(rows,)``, str; None: rows are independent.
        weights: What a row counts in rates, ``(rows,)``, within ``[LIGHTEST, HEAVIEST]``.
        classes: Names of the classes.
        model: sha256 of the file that predicted.
        data: sha256 of the data set.
        max_weight: The most that a cluster of each subgroup weighs, where that is known.
        fixed_counts: Columns (``label`` among them) of whose crossed values the counts were fixed
            beforehand.
        slack: How far from 1 rounding may have brought the sum of a row.
    """

    ids: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    groups: dict[str, np.ndarray]
    identities: np.ndarray | None
    weights: np.ndarray
    classes: tuple[str, ...]
    model: str
    data: str
    max_weight: tuple[MaxWeight, ...] = ()
    fixed_counts: tuple[str, ...] = ()
    slack: float = 0.0


def save(predictions: Predictions, path: Path) -> None:
    """Write predictions as Parquet, whole or not at all.

    Raises:
        ValueError: If they are not fit to be judged; see ``check``.
    """
    check(predictions)
    facts = {k: getattr(predictions, k) for k in ("classes", "model", "data", "fixed_counts")}
    facts["max_weight"] = [asdict(cap) for cap in predictions.max_weight]
    table = pa.table(_columns(predictions))
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({FACTS: json.dumps(facts)}), buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> Predictions:
    """Read predictions; refuse NaN, probabilities outside 0-1, duplicate or missing ids."""
    try:
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {}).get(FACTS, b"null"))
        names = set(table.column_names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {error}. Was export run?") from error
    lacking = {"id", "label", "weight", PROBABILITY + "0"} - names
    if facts is None or lacking:
        raise InputError(
            f"{path} is no file of predictions: it lacks {', '.join(sorted(lacking)) or 'facts'}; "
            "needed is what `export` writes."
        )
    try:
        predictions = _from_table(table, facts)
        check(predictions)
    except (KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise InputError(f"{path} is damaged, or no file of predictions: {error!r}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    return predictions


def taken(predictions: Predictions, rows: np.ndarray) -> Predictions:
    """Return some rows, in the order asked for."""
    p = predictions
    return replace(
        p,
        ids=p.ids[rows],
        labels=p.labels[rows],
        probabilities=p.probabilities[rows],
        groups={name: column[rows] for name, column in p.groups.items()},
        identities=None if p.identities is None else p.identities[rows],
        weights=p.weights[rows],
    )


def check(predictions: Predictions) -> None:
    """Refuse predictions that cannot be judged.

    Raises:
        ValueError: If there is no row, lengths differ, an id, group or identity is missing, an id
            stands twice, a label is no class, a weight is not above 0, or a probability is NaN,
            outside 0-1, or in a row that does not sum to 1, rounding aside.
    """
    _check_shapes(predictions)
    _check_numbers(predictions)
    _check_words(predictions)


def check_pair(dense: Predictions, pruned: Predictions) -> None:
    """Refuse two predictions that do not speak of the same rows.

    Raises:
        ValueError: If data, classes, ids or their order, labels, groups, identities or weights
            differ, or if one file gave two answers.
    """
    for fact in ("data", "classes"):
        ours, theirs = getattr(dense, fact), getattr(pruned, fact)
        if ours != theirs:
            raise InputError(
                f"{fact} differ: dense {ours}, pruned {theirs}; both files must be asked about the "
                "same test set. Run export again."
            )
    if list(dense.groups) != list(pruned.groups):
        raise InputError(
            f"group columns differ: dense {list(dense.groups)}, pruned {list(pruned.groups)}; "
            "they must be equal. Run export again."
        )
    for name, one, other in _paired_columns(dense, pruned):
        _check_equal(name, one, other, dense.ids)
    if dense.model == pruned.model:
        ours, theirs = dense.probabilities, pruned.probabilities
        _check_equal("probabilities of one and the same file", ours, theirs, dense.ids)


def _paired_columns(
    dense: Predictions, pruned: Predictions
) -> list[tuple[str, np.ndarray | None, np.ndarray | None]]:
    columns = [(k, getattr(dense, k), getattr(pruned, k)) for k in ("ids", "labels")]
    columns += [(f"groups {k!r}", v, pruned.groups[k]) for k, v in dense.groups.items()]
    return columns + [(k, getattr(dense, k), getattr(pruned, k)) for k in ("identities", "weights")]


def _check_equal(
    what: str, one: np.ndarray | None, other: np.ndarray | None, ids: np.ndarray
) -> None:
    if one is None and other is None:
        return
    if one is None or other is None or len(one) != len(other):
        sizes = [0 if column is None else len(column) for column in (one, other)]
        raise InputError(
            f"{what}: dense has {sizes[0]} rows, pruned {sizes[1]}; both must be asked about the "
            "same rows. Run export again."
        )
    unequal = (one != other).reshape(len(one), -1).any(axis=1)
    if unequal.any():
        row = int(unequal.argmax())
        raise InputError(
            f"{what} differ in {int(unequal.sum())} rows, first in {str(ids[row])!r}: dense "
            f"{one[row]}, pruned {other[row]}; they must be equal, in the same order. Run export "
            "again."
        )


def _columns(predictions: Predictions) -> dict[str, pa.Array]:
    columns = {"id": pa.array(predictions.ids, pa.string()), "label": predictions.labels}
    if predictions.identities is not None:
        columns["identity"] = pa.array(predictions.identities, pa.string())
    columns["weight"] = predictions.weights
    for name, groups in predictions.groups.items():
        columns[GROUP + name] = pa.array(groups, pa.string())
    for k in range(len(predictions.classes)):
        columns[f"{PROBABILITY}{k}"] = np.ascontiguousarray(predictions.probabilities[:, k])
    return columns


def _from_table(table: pa.Table, facts: dict[str, Any]) -> Predictions:
    names = table.column_names
    classes: tuple[str, ...] = tuple(facts["classes"])
    wanted = [f"{PROBABILITY}{k}" for k in range(len(classes))]
    found = [name for name in names if name.startswith(PROBABILITY)]
    if sorted(found) != sorted(wanted):
        raise InputError(f"{len(classes)} classes, but columns {', '.join(found)}; one each needed")
    return Predictions(
        ids=_words(table, "id"),
        labels=table["label"].to_numpy(),
        probabilities=np.stack([table[name].to_numpy() for name in wanted], axis=1),
        groups={n.removeprefix(GROUP): _words(table, n) for n in names if n.startswith(GROUP)},
        identities=_words(table, "identity") if "identity" in names else None,
        weights=table["weight"].to_numpy(),
        classes=classes,
        model=str(facts["model"]),
        data=str(facts["data"]),
        max_weight=tuple(MaxWeight(**cap) for cap in facts.get("max_weight", ())),
        fixed_counts=tuple(facts.get("fixed_counts", ())),
    )


def _words(table: pa.Table, column: str) -> np.ndarray:
    missing = table[column].null_count
    if missing:
        raise InputError(f"column {column!r} is empty in {missing} rows; every row needs one")
    return table[column].to_numpy().astype(str)


def _check_shapes(predictions: Predictions) -> None:
    rows, classes = len(predictions.ids), len(predictions.classes)
    if rows == 0:
        raise InputError("there is no row; needed is at least one. Is the split empty?")
    if classes < 2 or len(set(predictions.classes)) < classes:
        raise InputError(
            f"classes are {predictions.classes}; needed are two or more, all different"
        )
    if predictions.probabilities.shape != (rows, classes):
        raise InputError(
            f"probabilities have shape {predictions.probabilities.shape}; {rows} rows of {classes} "
            f"classes need {(rows, classes)}."
        )
    columns = {"labels": predictions.labels, "weights": predictions.weights, **predictions.groups}
    if predictions.identities is not None:
        columns["identities"] = predictions.identities
    for name, column in columns.items():
        if column.shape != (rows,):
            raise InputError(f"{name} has shape {column.shape}; {rows} ids need {(rows,)}.")


def _check_words(predictions: Predictions) -> None:
    ids, times = predictions.ids, np.ones(1, int)
    if not (ids[1:] > ids[:-1]).all():
        ids, times = np.unique(ids, return_counts=True)
    if times.max() > 1:
        example = str(ids[times.argmax()])
        raise InputError(
            f"{int((times > 1).sum())} ids stand more than once, such as {example!r}; "
            "ids must be unique. Were two splits joined?"
        )
    for name, groups in predictions.groups.items():
        if (groups == "").any():
            raise InputError(
                f"group column {name!r} is empty in some rows; every row needs a group"
            )
    if "label" in predictions.groups:
        truth = np.asarray(predictions.classes)[predictions.labels]
        if (truth != predictions.groups["label"]).any():
            raise InputError("group column 'label' must hold the class names of the labels")


def _check_numbers(predictions: Predictions) -> None:
    labels, weights, p = predictions.labels, predictions.weights, predictions.probabilities
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= p.shape[1]:
        raise InputError(f"labels must be integers in [0, {p.shape[1]}); found {np.unique(labels)}")
    if not ((weights >= LIGHTEST) & (weights <= HEAVIEST)).all():
        raise InputError(
            f"weights must be finite and from {LIGHTEST:g} to {HEAVIEST:g}; they go from "
            f"{weights.min():g} to {weights.max():g}. "
            "Only ratios count: divide all, and max_weight, by one number."
        )
    off = np.abs(p.sum(axis=1) - 1)
    rounded = f"A sum is {off.max():.4g} off: is this rounding? Write more digits."
    cure = "Does the exported model end in a softmax?"
    cure = rounded if off.max() <= max(ROUNDED, 2 * predictions.slack) else cure
    for what, bad in {
        "NaN": np.isnan(p).any(axis=1),
        "outside 0-1": ((p < 0) | (p > 1)).any(axis=1),
        "not summing to 1": off > SUM_TOLERANCE + predictions.slack,
    }.items():
        if bad.any():
            row = int(bad.argmax())
            name = str(predictions.ids[row])
            raise InputError(
                f"probabilities are {what} in {int(bad.sum())} rows, first in {name!r}: "
                f"{p[row].tolist()}; needed are shares that sum to 1. {cure}"
            )
