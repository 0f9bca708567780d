"""Rows that were counted, in files that are added and never changed: ``rows-000001.parquet``.

Everything else, wealth among it, is computed from them. A file is whole or absent, so whoever is
killed at any moment goes on where the files end, and counts no row twice.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.data.counting import shares
from faircompress.data.predictions import Predictions
from faircompress.monitoring.units import Rows
from faircompress.support.errors import StateError
from faircompress.support.files import write_bytes

GROUP, PROBABILITY, PICTURE = "group:", "p:", "picture:"
CURE = (
    "Bring the file back from a backup; or remove the folder, and all rows are counted anew, in "
    "the same order."
)


def load(folder: Path) -> pd.DataFrame:
    """Return all rows in the order in which they were counted.

    Those of one day in one file have the same ``moment``, from 1: wealth is read after each.

    Raises:
        StateError: If a file is missing in between, or is not as it was written.
    """
    paths = _files(folder)
    for number, path in enumerate(paths, start=1):
        if path != _file(folder, number):
            raise StateError(
                f"{_file(folder, number)} is missing and {path.name} is there: the record of "
                f"counted rows has a hole. {CURE}"
            )
    parts = [_part(path) for path in paths]
    found = [part.assign(batch=number) for number, part in enumerate(parts, start=1)]
    if not found:
        return pd.DataFrame()
    table = pd.concat(found, ignore_index=True)
    place = table[["batch", "labelled"]]
    return table.assign(moment=(place != place.shift()).any(axis=1).cumsum())


def add(folder: Path, rows: pd.DataFrame) -> int:
    """Write a batch as the next file; return its number."""
    number = len(_files(folder)) + 1
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False, write_page_checksum=True)
    write_bytes(_file(folder, number), buffer.getvalue())
    return number


def as_rows(table: pd.DataFrame) -> Rows:
    """Return counted rows as the processes read them."""
    names = [name for name in table if name.startswith(PROBABILITY)]
    renamed = {name: name.removeprefix(GROUP) for name in table if name.startswith(GROUP)}
    kept = table[["person", "labelled", "moment", "label", *renamed]].rename(columns=renamed)
    return Rows(kept.assign(weight=1.0), table[names].to_numpy(float))


def reference_rows(said: Predictions) -> Rows:
    """Return a champion's predictions on the test rows as the processes read them.

    A person has the mean weight of their rows; where rows share a weight of 1, each person has 1.
    """
    people = said.ids if said.identities is None else said.identities
    once = np.allclose(said.weights, shares(people), atol=0)
    own = {"person": people, "labelled": "", "moment": 0, "label": said.labels}
    groups = {name: values for name, values in said.groups.items() if name != "label"}
    table = pd.DataFrame({**own, "weight": 1.0 if once else said.weights, **groups})
    return Rows(table, said.probabilities.astype(np.float64))


def _part(path: Path) -> pd.DataFrame:
    """Read a file whole, or say that it is damaged."""
    try:
        found: pd.DataFrame = pq.read_table(path, page_checksum_verification=True).to_pandas()
        pd.to_datetime(found["labelled"], format="%Y-%m-%d")
        labels = pd.to_numeric(found["label"])
        scores = found[[name for name in found if str(name).startswith(PROBABILITY)]]
        fine = {"id", "person"} <= set(found) and scores.shape[1] > 1 and (labels % 1 == 0).all()
        fine = fine and bool(((scores >= 0) & (scores <= 1)).all(axis=None))
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise StateError(f"{path} is damaged: {error}. {CURE}") from error
    if not fine:
        raise StateError(f"{path} holds no rows as they are counted. {CURE}")
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("rows-*.parquet"))


def _file(folder: Path, number: int) -> Path:
    return folder / f"rows-{number:06d}.parquet"
