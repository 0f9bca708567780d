"""Which of two names of classes says no: the usual pairs of words, such as no and yes."""

import re
from collections.abc import Sequence

NEGATIVE = re.compile(
    "no|none|false|negative?|neg|benign|normal|healthy|absent|controls?|off|without|nothing|nein"
)
BESIDE = {"n": "y", "f": "t", "0": "1", "-1": "1"}  # say no beside this alone: f and m are sexes
NO = ("no", "non", "not", "without")  # before the name of the other class


def negative_first(names: Sequence[str]) -> tuple[str, str] | None:
    """Return two names, that which says no first; None: neither does, or both do.

    Args:
        names: Of two classes.
    """
    one, other = names
    says_no = _says_no(one, other), _says_no(other, one)
    if says_no[0] == says_no[1]:
        return None
    return (one, other) if says_no[0] else (other, one)


def _says_no(name: str, beside: str) -> bool:
    word, other = _plain(name), _plain(beside)
    if word in BESIDE:
        return other == BESIDE[word]
    return NEGATIVE.fullmatch(word) is not None or any(f"{no}{other}" == word for no in NO)


def _plain(name: str) -> str:
    number = re.fullmatch(r"(-?\d+)(?:\.0+)?", name.strip())
    return number[1] if number else re.sub(r"[\W_]+", "", name.casefold())
