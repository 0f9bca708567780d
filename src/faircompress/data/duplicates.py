"""Pictures that stand in several rows: which rows to set aside, and the table without them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from faircompress.data.sources import SPLITS

Duplicates = Literal["keep", "drop_conflicting", "drop", "error"]
CONFLICTING, DUPLICATE = "conflicting", "duplicate"


def set_aside(rows: pd.DataFrame, groups: Sequence[str], how: Duplicates) -> "pd.Series[str]":
    """Return what each row is set aside as; "" if it stays.

    ``drop_conflicting``: every row of a picture of which rows tell unlike labels or groups, since
    nobody knows which is right. ``drop``: these, and of each other picture all rows but one; test
    keeps it before validation, and validation before train.

    Args:
        rows: Those whose pictures were read; columns ``sha256``, ``split``, ``label``, groups.
        groups: Group columns other than ``label``.
        how: ``keep`` and ``error`` set nothing aside; the checks tell.
    """
    found = pd.Series("", rows.index, dtype=object)
    if how in ("keep", "error"):
        return found
    equal = rows[rows["sha256"].duplicated(keep=False)]
    truths = equal.drop_duplicates(["sha256", "label", *groups])["sha256"].value_counts()
    conflicting = equal["sha256"].map(truths) > 1
    found[equal.index[conflicting]] = CONFLICTING
    if how == "drop":
        place = {split: -at for at, split in enumerate(SPLITS)}
        alike = equal[~conflicting].sort_values(
            "split", key=lambda words: words.map(place), kind="stable"
        )
        found[alike.index[alike["sha256"].duplicated()]] = DUPLICATE
    return found


def rewrite(path: Path, gone: NDArray[np.bool_], on_gone: Callable[[dict[str, Any]], None]) -> None:
    """Take rows out of a Parquet file.

    Args:
        path: The file.
        gone: Which rows, in the file's order, ``(rows,)``.
        on_gone: Told each row that goes.
    """
    part, start = path.with_suffix(".part"), 0
    with pq.ParquetFile(path) as old:
        schema = old.schema_arrow
        kinds = {name: "none" if name == "image" else "zstd" for name in schema.names}
        plain = [name for name in schema.names if name != "image"]
        with pq.ParquetWriter(part, schema, compression=kinds, write_statistics=plain) as new:
            for number in range(old.num_row_groups):
                group = old.read_row_group(number)
                leaves = gone[start : start + len(group)]
                start += len(group)
                for row in group.filter(leaves).to_pylist():
                    on_gone(row)
                if not leaves.all():
                    new.write_table(group.filter(~leaves))
    part.replace(path)
