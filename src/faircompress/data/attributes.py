"""Columns that tell who somebody is, known by their names."""

import re

ATTRIBUTES = {  # words of which one is in the name of a column that tells who somebody is
    "sex", "gender", "male", "female", "age", "ages", "agegroup", "young", "race", "ethnicity",
    "ethnic", "ancestry", "skin", "skintone", "skintype", "fitzpatrick", "fitspatrick", "fst",
    "monk", "hospital", "center", "centre", "institution", "clinic", "country", "nationality",
    "religion", "disability", "insurance", "language",
}  # fmt: skip
PLACES = {"x", "y", "z", "width", "height", "lat", "lon", "latitude", "longitude"}  # no person's


def tells_who(name: str) -> bool:
    """Tell by its name whether a column says who somebody is, such as patient_sex."""
    words = words_of(name)
    return bool(ATTRIBUTES & words) and not PLACES & words


def words_of(name: str) -> set[str]:
    """Return the words of a name in lower case, such as of patient_sex or ageApprox."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {*re.split(r"[\W\d_]+", parted.lower())}
