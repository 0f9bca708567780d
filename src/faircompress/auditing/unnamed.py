"""Columns that look like clusters where none are named: a verdict on people, not on their rows."""

from collections.abc import Collection

from faircompress.auditing.rows import Asked
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table
from faircompress.data import whose


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
    return tuple(
        f"No clusters are named, and column {name!r} has {values:,} values in "
        f"{len(table.cells):,} rows. If it says whose row it is, name it "
        f"({spelt('cluster')}): rows of one are no evidence of their own, and bounds too narrow."
        for name, values in whose.likely(table.cells, known).items()
    )
