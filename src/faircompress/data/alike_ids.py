"""Ids of two tables that differ in writing alone: 1,000 and 1000, 01 and 1, img/1.png and 1.PNG."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from urllib.parse import unquote

from faircompress.data.words import seen

SUFFIX = re.compile(r"(?<=[^/.])(?:\.[A-Za-z][A-Za-z0-9]{0,4}){1,2}$")  # .png, .nii.gz
ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?=([,.'\u2019 \u00a0\u202f]))(?:\1\d{3})+(?!\d)")
GAPS = re.compile(r"[\s_\-\u2010-\u2015]+")
MOST = 4  # ways that are looked for at once


def _composed(text: str) -> str:
    """Return a text with each letter in one piece, and without marks that nobody sees."""
    there = (letter for letter in text if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", "".join(there))


WAYS: dict[str, Callable[[str], str]] = {
    "how Unicode writes letters": _composed,
    "quotes": lambda text: text.strip("='\"` "),
    "%20 and the like": unquote,
    "marks between thousands": lambda text: THOUSANDS.sub(
        lambda found: re.sub(r"\D", "", found[0]), text
    ),
    "capitals": str.lower,
    "zeros in front of numbers": lambda text: ZEROS.sub("", text),
    "the suffix": lambda text: SUFFIX.sub("", text),
    "the folder": lambda text: text.rsplit("/", 1)[-1],
    "blanks": lambda text: "".join(text.split()),
    "blanks, hyphens or underscores": lambda text: GAPS.sub("", text),
}


def alike_ids(ids: Iterable[object], others: Iterable[object]) -> str:
    """Say how two tables' ids differ in writing alone; empty: they differ in more.

    Args:
        ids: Of one table, each once.
        others: Of the other, each once.
    """
    one, other = [str(text) for text in ids], [str(text) for text in others]
    fewest = min(len(one), len(other))
    all_ways = set(_written(one, WAYS)), set(_written(other, WAYS))
    if not (all_ways[0] <= all_ways[1] or all_ways[1] <= all_ways[0]):
        return ""
    if len(set(one) & set(other)) == fewest:
        return ""  # one table has all rows of the other
    used = [name for name, way in WAYS.items() if any(way(text) != text for text in one + other)]
    for names in (names for n in range(1, MOST + 1) for names in combinations(used, n)):
        mine, theirs = _written(one, names), _written(other, names)
        both = set(mine) & set(theirs)
        apart = len(set(mine)) == len(mine) and len(set(theirs)) == len(theirs)
        if apart and len(both) == fewest:
            place = dict(zip(theirs, other, strict=True))
            pairs = ((text, place[key]) for text, key in zip(one, mine, strict=True) if key in both)
            return f"differ only in {_listed(names)}, such as {_first_unlike(pairs)}"
    return ""


def _first_unlike(pairs: Iterable[tuple[str, str]]) -> str:
    first, second = next((text, match) for text, match in pairs if text != match)
    write = seen((first, second))
    return f"{write(first)} and {write(second)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _written(ids: Iterable[str], names: Iterable[str]) -> list[str]:
    for name in names:
        ids = list(map(WAYS[name], ids))
    return list(ids)
