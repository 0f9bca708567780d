"""Columns that a pattern with a star takes although they are of no class."""

import numpy as np

from faircompress.auditing.number_cells import as_numbers
from faircompress.auditing.tables import ROUNDING, Table
from faircompress.support.errors import InputError


def refuse_other_columns(table: Table, option: str, pattern: str, truth: np.ndarray) -> None:
    """Refuse a pattern that takes columns beside the classes, such as a sum or a decision.

    Such are columns of no row's class that hold words, or without which shares sum to 1.

    Args:
        table: Of the rows.
        option: By which the pattern was given.
        pattern: With one star for the class.
        truth: True class of each row, ``(rows,)``.

    Raises:
        ValueError: Naming the columns.
    """
    found = table.starred(option, pattern)
    other = [column for name, column in found.items() if name not in set(truth.tolist())]
    cells = {column: as_numbers(table.cells[column]) for column in found.values()}
    worded = [column for column in other if np.isnan(cells[column]).all()]
    wrong = worded or ([] if _sum_to_1(cells, []) else other if _sum_to_1(cells, other) else [])
    if not wrong:
        return
    raise InputError(
        f"{option}: {pattern!r} takes {', '.join(map(repr, wrong))} of {table.name}, too, and no "
        "row has such a class. Rename what is no probability of a class, so that it does not fit."
    )


def _sum_to_1(cells: dict[str, np.ndarray], without: list[str]) -> bool:
    kept = [numbers for column, numbers in cells.items() if column not in without]
    return len(kept) > 1 and bool((np.abs(np.sum(kept, axis=0) - 1) < ROUNDING).all())
