"""Plug-ins that know where pictures, labels and groups come from.

Contract: ``sources/NAME.py`` gives ``NAME(**options) -> RawData``, cheap to call: pictures are
read one by one, later, unless splits must be drawn by their pixels. A source that lives in files
has the option ``root``; one that can be had from its publisher also gives
``download(root: Path) -> None``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from faircompress.data.caps import MaxWeight

SPLITS = ("train", "validation", "test")
OPEN = "not drawn yet"  # in place of a split that only pixels can tell, while none is read


@dataclass(frozen=True)
class RawData:
    """A data set as its source has it, nothing checked yet.

    Args:
        rows: One row a picture. Columns: ``id`` (unique, str), ``split`` (one of ``SPLITS``),
            ``label`` (index into ``classes``, or null), ``identity`` (str or null: whose picture
            it is), ``weight`` (what the row counts in pooled rates; 1.0 unless the split was
            drawn with unnatural shares), and one str column a group.
        classes: Names of the labels, in the order of their index.
        groups: Names of the group columns of ``rows``. ``label`` may stand among them.
        read: Picture of row number i: the bytes of an image file, or uint8 ``(height, width, 3)``.
        drawn: What was split here by hash, such as "splits by identity"; "" if nothing was.
        drawn_by: Of each split that was drawn as a share of the rows, the key of that share.
        absent: Cells that the source lacks by design, as ``checks.absent_subgroups`` spells them.
        notes: What else is worth telling.
        max_weight: The most that a cluster (a person, or a row without one) of each subgroup
            weighs, where the source knows; empty: it does not.
        fixed_counts: Columns (``label`` among them) of whose crossed values the test split has
            counts that were fixed beforehand, instead of natural shares.
        columns: All columns of the user's own table, row by row, where there is one.
    """

    rows: pd.DataFrame
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    read: Callable[[int], bytes | np.ndarray]
    drawn: str = ""
    drawn_by: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    max_weight: tuple[MaxWeight, ...] = ()
    fixed_counts: tuple[str, ...] = ()
    columns: pd.DataFrame | None = None
