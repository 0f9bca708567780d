"""What the rows are declared to lack by design."""

from collections.abc import Mapping, Sequence

import numpy as np

from faircompress.auditing.rows import Asked, Pair
from faircompress.auditing.spelling import spelt
from faircompress.config.bounds import JOIN
from faircompress.data.csv_text import meant
from faircompress.data.predictions import Predictions
from faircompress.support.errors import InputError


def absent(
    conditions: Sequence[str],
    asked: Asked,
    pair: Pair,
    validation: tuple[Predictions, Predictions] | None = None,
) -> list[str]:
    """Return conditions of ``gate.absent`` in the names that the pair's classes have in a verdict.

    Raises:
        ValueError: If one names a column that is neither the label's nor a group's, a value that
            no row has, or rows that are there.
    """
    names = dict(zip(pair.classes, pair.baseline.classes, strict=False))
    rows = pair.baseline
    columns = _columns(rows)
    others = {} if validation is None else _columns(validation[0])
    known = {c: {*map(str, v), *map(str, others.get(c, ()))} for c, v in columns.items()}
    known["label"] = {*rows.classes, *names}
    found = []
    for condition in conditions:
        texts = {}
        for column, value in (part.split("=", 1) for part in condition.split(JOIN)):
            own = "label" if column == asked.label else column
            _check_known(condition, column, value, known.get(own), asked)
            texts[own] = names.get(value, value) if own == "label" else value
        there = sum(_count(part, texts) for part in (columns, others))
        if there:
            raise InputError(
                f"{spelt('absent')} {condition!r}: {there:,} rows are there, so they are not "
                "absent. Leave it out, or leave these rows out for both models."
            )
        found.append(JOIN.join(f"{column}={value}" for column, value in texts.items()))
    return found


def _columns(rows: Predictions) -> dict[str, np.ndarray]:
    return {**rows.groups, "label": np.asarray(rows.classes)[rows.labels]}


def _count(columns: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> int:
    """Count the rows that have all these values; 0 where a column is not there."""
    if not set(texts) <= set(columns):
        return 0
    return int(np.all([columns[column] == value for column, value in texts.items()], axis=0).sum())


def _check_known(
    condition: str, column: str, value: str, known: set[str] | None, asked: Asked
) -> None:
    start = f"{spelt('absent')} {condition!r}:"
    if known is None:
        columns = sorted({str(asked.label), *asked.groups})
        raise InputError(
            f"{start} {column!r} is neither the label's column nor a group's."
            f"{meant(column, columns)}"
        )
    if value not in known:
        raise InputError(
            f"{start} no row at all has {column}={value}.{meant(value, sorted(known))} Correct it, "
            "or leave it out."
        )
