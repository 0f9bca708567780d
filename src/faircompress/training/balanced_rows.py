"""Rows drawn so that each class, or each cell of class and group, has as many as the rarest."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faircompress.support.errors import InputError
from faircompress.training.heads import Known

FEWEST = 4  # rows of the rarest: half of them fit, half choose how


def balanced_rows(
    parts: NDArray[np.int64], rng: np.random.Generator, *, among: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return as many rows of each part as the smallest has, in a random order.

    Args:
        parts: Class or cell of each row.
        rng: Of which rows.
        among: Rows that may be drawn; None: all. Parts without one of these are left out.
    """
    rows = np.arange(len(parts)) if among is None else among
    found, sizes = np.unique(parts[rows], return_counts=True)
    drawn = [rng.permutation(rows[parts[rows] == part])[: sizes.min()] for part in found]
    return rng.permutation(np.concatenate(drawn))


def cells_of(known: Known, columns: Sequence[str], who: str) -> NDArray[np.int64]:
    """Return the cell of group and label of each row as an index, ``(rows,)``.

    Args:
        known: Rows.
        columns: Group columns that are crossed with the label; none: all that there are.
        who: Wants to balance.

    Raises:
        InputError: If a column is unknown, there is one group, or a cell has too few rows.
    """
    unknown = [name for name in columns if name not in known.groups]
    if unknown:
        raise InputError(
            f"prune.head.{who}.columns names {unknown[0]!r}, and group columns are: "
            f"{', '.join(known.groups) or 'none'}"
        )
    crossed = [known.groups[name] for name in columns or known.groups]
    if len(np.unique(np.stack([*crossed, 0 * known.labels]), axis=1).T) < 2:
        raise InputError(
            f"{who} balances cells of group and label, and these rows have one group. Name a group "
            "column with two values or more in the data section, or choose prune.head.name: keep"
        )
    table = np.stack([*crossed, known.labels])
    _, cells, sizes = np.unique(table, axis=1, return_inverse=True, return_counts=True)
    if sizes.min() < FEWEST:
        raise InputError(
            f"{who} draws as many validation pictures of each cell of group and label as the "
            f"rarest has, and that has {sizes.min()} among the half of the people that may fit; "
            f"needed are {FEWEST}. Add validation people, cross fewer group columns "
            f"(prune.head.{who}.columns), or choose prune.head.name: keep"
        )
    return cells.reshape(-1)
