"""What a second opinion reads: files of predictions, and the rows of each group by name."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.support.errors import InputError

LABEL, EVERYONE = "label", "all"


@dataclass(frozen=True)
class Predictions:
    """What one model answered, rows sorted by id (as text)."""

    ids: np.ndarray  # (rows,), str; all others are in this order
    labels: np.ndarray  # true classes, (rows,), int
    probabilities: np.ndarray  # (rows, classes)
    groups: dict[str, np.ndarray]  # group column -> value of each row
    clusters: np.ndarray  # number of each row's cluster, (rows,), int
    weights: np.ndarray  # (rows,), > 0
    classes: tuple[str, ...]
    model: str  # sha256 of its file
    data: str  # sha256 of the data set
    identified: bool = False  # whether clusters were given
    max_weight: tuple[dict[str, Any], ...] = ()  # {"most": number, "where": {column: value}}
    fixed_counts: tuple[str, ...] = ()  # columns of whose crossed values counts were fixed


def read(path: Path) -> Predictions:
    """Read a Parquet file of predictions.

    Raises:
        ValueError: If it is none, or not there; the file is named.
    """
    if not path.exists():
        raise InputError(
            f"there is no {path}. Needed are the predictions of the models that the verdict names: "
            "of a project dense-test.parquet and pruned-test.parquet in "
            "artifacts/export/predictions, of an audit predictions-*.parquet."
        )
    try:
        table = pq.read_table(path)
        header = json.loads((table.schema.metadata or {})[b"faircompress"])
        names = table.column_names
        order = np.argsort(table["id"].to_numpy().astype(str), kind="stable")
        column = {n: table[n].to_numpy()[order] for n in names}
        identified = "identity" in names
        whose = column["identity"].astype(str) if identified else np.arange(len(order))
        return Predictions(
            ids=column["id"].astype(str),
            labels=column["label"].astype(int),
            probabilities=np.stack([column[f"p:{k}"] for k in range(len(header["classes"]))], 1),
            groups={n[6:]: column[n].astype(str) for n in names if n.startswith("group:")},
            clusters=np.unique(whose, return_inverse=True)[1],
            weights=column["weight"].astype(float),
            classes=tuple(header["classes"]),
            model=str(header["model"]),
            data=str(header["data"]),
            identified=identified,
            max_weight=tuple(header.get("max_weight") or ()),
            fixed_counts=tuple(header.get("fixed_counts") or ()),
        )
    except (
        OSError,
        pa.ArrowException,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise InputError(
            f"{path} is no file of predictions: {error!r}. Needed is the Parquet file that "
            "`export` or `audit --out` wrote, with id, label, weight, p:0, p:1, ... and its facts."
        ) from error


@dataclass(frozen=True, eq=False)
class Group:
    """Rows under a name."""

    name: str  # all, column=value, or two of these joined by " & "
    columns: tuple[str, ...]  # none of all rows, else one, or two that are crossed
    where: dict[str, str]  # column -> value; label is no column here
    own: np.ndarray  # which rows are in it
    asked: np.ndarray  # which rows a metric looks at: of a class as group all
    k: int | None = None  # the class that is a group


def groups_of(rows: Predictions, *, crossed: bool) -> dict[str, Group]:
    """Return all rows, then the groups of each column and, if asked for, of each two, by name."""
    every = np.ones(len(rows.ids), bool)
    found, by_column = [Group(EVERYONE, (), {}, every, every)], []
    for column, values in rows.groups.items():
        if column == LABEL:
            found += [
                Group(f"{LABEL}={name}", (LABEL,), {}, rows.labels == k, every, k)
                for k, name in enumerate(rows.classes)
            ]
            continue
        masks = {str(v): values == v for v in np.unique(values)}
        of = [Group(f"{column}={v}", (column,), {column: v}, m, m) for v, m in masks.items()]
        by_column.append(of)
        found += of
    pairs = itertools.combinations(by_column, 2) if crossed else ()
    for one, other in pairs:
        for a, b in itertools.product(one, other):
            both = a.own & b.own
            if both.any():
                name, where = f"{a.name} & {b.name}", a.where | b.where
                found.append(Group(name, a.columns + b.columns, where, both, both))
    return {group.name: group for group in found}


def strata(rows: Predictions, chosen: np.ndarray) -> np.ndarray | None:
    """Return the stratum of some rows, as numbers (4.6); None: counts were not fixed."""
    if not rows.fixed_counts:
        return None
    columns = [rows.labels if c == LABEL else rows.groups[c] for c in rows.fixed_counts]
    codes = np.stack([np.unique(c, return_inverse=True)[1] for c in columns])
    return np.unique(codes, axis=1, return_inverse=True)[1].ravel()[chosen]


def assigned(models: dict[str, str], files: dict[Path, Predictions]) -> dict[str, Predictions]:
    """Return the predictions of each model of a verdict, known by its sha256.

    Raises:
        ValueError: If a file is of no model of the verdict, or two are of one.
    """
    known: dict[str, Path] = {}
    for path, rows in files.items():
        if (other := known.setdefault(rows.model, path)) != path:
            raise InputError(
                f"{other} and {path} hold predictions of one model. Give those of the test split "
                "alone, one file a model."
            )
        if rows.model not in models.values():
            raise InputError(
                f"{path} holds predictions of the file {rows.model}; the verdict is about "
                f"{', '.join(f'{name} {digest}' for name, digest in models.items())}."
            )
    by_digest = {rows.model: rows for rows in files.values()}
    return {name: by_digest[digest] for name, digest in models.items() if digest in by_digest}
