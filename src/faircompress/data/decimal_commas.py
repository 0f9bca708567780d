"""Numbers whose decimals stand behind a comma, in columns that surely hold such."""

import pandas as pd

FEW = 12  # values of a column of names
DECIMAL_COMMA = r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?"
PLAIN = r"[-+]?\d+(?:[eE][-+]?\d+)?"
THOUSANDS = r"[-+]?[1-9]\d{0,2},\d{3}"  # may be a thousand and some, or one and some


def with_points(words: "pd.Series[str]") -> "pd.Series[str]":
    """Return a column with decimal points for its decimal commas, if it surely has these.

    It has if all of it are numbers, and some with a comma cannot be thousands, as 1,234 could.
    """
    known = pd.Series(words.unique(), dtype=object).map(str).str.strip()
    known = known[known != ""]
    comma = known.str.contains(",", regex=False).astype(bool)
    if not comma.any() or not known[comma].str.fullmatch(DECIMAL_COMMA).all():
        return words
    if known[comma].str.fullmatch(THOUSANDS).all() or not known[~comma].str.fullmatch(PLAIN).all():
        return words
    return words.astype(object).map(str).str.replace(",", ".", n=1, regex=False)


def are_names(words: "pd.Series[str]") -> bool:
    """Tell whether what looks like decimal commas parts names, which then must not become numbers.

    So it is where all of them are whole numbers of the column with a zero behind ("1,0" beside 1),
    or two of few values of the column ("0,1" beside 0 and 1).
    """
    known = pd.Series(words.unique(), dtype=object).map(str).str.strip()
    comma = known.str.contains(",", regex=False).astype(bool)
    parts, whole = known[comma].str.split(","), {*known[~comma]}
    zeros = parts.map(lambda two: not two[1].strip("0") and two[0] in whole)
    both = parts.map(lambda two: {*two} <= whole)
    return bool(zeros.all() or (len(known) <= FEW and both.all()))
