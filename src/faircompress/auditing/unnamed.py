"""Columns that look like clusters where none are named: a verdict on people, not on their rows."""

import re
from collections.abc import Collection

import pandas as pd

from faircompress.auditing.rows import Asked
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data import whose
from faircompress.data.picture_files import PICTURES

OF_PICTURES = {
    "image", "images", "img", "picture", "photo", "file", "filename", "filepath", "path",
    "imagepath", "imgpath", "sample", "example", "scan",
}  # fmt: skip


def unnamed_clusters(table: Table, asked: Asked, used: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each column that looks like clusters, where none are named.

    Args:
        table: All that was given.
        asked: Which columns hold what.
        used: Further columns that hold something else: both models'.
    """
    if asked.cluster is not None:
        return ()
    others = (asked.label, asked.identifier, asked.weight, asked.split)
    known = {*used, *asked.groups, *(name for name in others if name)}
    found = whose.likely(table.cells, known) | _pictures(table.cells, known)
    return tuple(
        f"No clusters are named, and column {name!r} has {values:,} values in "
        f"{len(table.cells):,} rows. If it says whose row it is, name it "
        f"({spelt('cluster')}): rows of one are no evidence of their own, and bounds too narrow."
        for name, values in found.items()
    )


def _pictures(cells: pd.DataFrame, used: Collection[str]) -> dict[str, int]:
    """Return columns of pictures that have several rows each, and how many pictures they have.

    Such are rows of variants of a picture, of faces or boxes in it, or of several runs of a model.
    """
    found = {}
    for name, column in cells.items():
        texts = column.dropna().map(str)
        distinct = texts.nunique()
        if str(name) in used or not whose.FEWEST <= distinct <= whose.DENSE * len(texts):
            continue
        called = re.sub(r"[\W_]+", "", str(name).lower()) in OF_PICTURES
        if called or texts.str.lower().str.endswith(PICTURES).mean() > 0.5:
            found[str(name)] = int(distinct)
    return found
