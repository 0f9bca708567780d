"""A CSV file as text, and the word that was probably meant."""

import difflib
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from faircompress.support.errors import InputError


def read_csv(path: Path, *, key: str, separator: str = ",") -> pd.DataFrame:
    """Read a CSV file as text.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no CSV file, or a row has more fields than there are columns.
    """
    try:
        with warnings.catch_warnings():  # pandas takes the first row's fields for the right count
            warnings.filterwarnings("error", "Length of header", pd.errors.ParserWarning)
            cells = pd.read_csv(
                path, sep=separator, dtype=str, keep_default_na=False, index_col=False,
                skipinitialspace=True, encoding="utf-8-sig", on_bad_lines="error",
            )  # fmt: skip
    except pd.errors.ParserWarning:
        raise InputError(
            f"{key}: in {path} the first row, line 2, has more fields than line 1 has names of "
            f"columns. Name every column, or put words that hold {separator!r} in quotes."
        ) from None
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{key}: {path} is not a CSV file in UTF-8: {error}") from error
    return cells.rename(columns=str.strip)


def meant(word: str, known: Sequence[str]) -> str:
    """Return the end of an error: the known word that was probably meant, or all there are."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(known[:40])}."
