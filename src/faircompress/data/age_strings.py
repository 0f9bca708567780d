"""Ages as DICOM writes them, such as 058Y, as numbers of years."""

import pandas as pd

FORM = r"(\d{3})([YMWD])"
YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def as_years(words: "pd.Series[str]") -> "pd.Series[str]":
    """Return a column of age strings as text of numbers of years; another column as it is.

    Args:
        words: Text, or nothing; every field that is not empty must be an age for this.
    """
    there = words.notna() & (words.fillna("") != "")
    parts = words[there].astype(str).str.strip().str.extract(f"^{FORM}$")
    if parts.empty or parts.isna().to_numpy().any():
        return words
    if (parts[1] != "Y").all() and "age" not in str(words.name).lower():
        return words  # doses of 100D, lengths of 200M
    years = parts[0].astype(float) * parts[1].map(YEARS)
    found = words.copy().astype(object)
    found[there] = years.map("{:.6g}".format)
    return found
