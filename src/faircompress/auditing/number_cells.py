"""Cells of a table as numbers, and what to do about those that are none."""

import numpy as np
import pandas as pd

from faircompress.data.decimal_commas import with_points

FILL = "Fill it in, or leave the row out for both models."
MIXED = "Some fields end in %, others do not: write all alike."
PRINTED = r"(?:tensor|array|np\.\w+)\(.*|\[.*\]"  # as Python shows them


def as_numbers(cells: pd.Series) -> np.ndarray:
    """Return a column as numbers, ``(rows,)``: NaN where it has none, percent as shares of 1."""
    if pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m":
        return np.full(len(cells), np.nan)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if np.isfinite(numbers).all() or pd.api.types.is_numeric_dtype(cells):
        return numbers
    texts = cells.astype(object).map(str).str.strip()
    percent = bool(texts.str.endswith("%").all())
    texts = with_points(texts.str.rstrip("% \u00a0\u202f") if percent else texts)
    found = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return found / 100 if percent else found


def cure_of(cells: pd.Series) -> str:
    """Say what to do about fields that are no numbers."""
    texts = cells.astype(object).map(str).astype(str).str.strip()
    if texts.str.endswith("%").any():
        return MIXED
    if texts.str.fullmatch(PRINTED).any():
        return (
            "Python wrote an array there: write one plain number a row; of several, each in a "
            "column of its class."
        )
    if texts.str.fullmatch(r"[-+]?\d*,\d+").any():
        return "Write decimals with points, thousands without commas."
    return FILL
