"""Texts that others chose, as one line: in a terminal's log nobody can forge another."""

import unicodedata

LONGEST = 4000  # characters of a sentence
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, direction, surrogates, separators
JOINERS = "\u200c\u200d"  # unseen too, but some scripts cannot be written without


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text as one line without characters that are not seen, cut where it is too long."""
    seen = all_seen(" ".join(text.split()))
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def all_seen(text: str) -> str:
    """Return a text in which a mark stands for each character that is not seen, lines aside."""
    unseen = {one for one in set(text) - {"\n", "\r", "\t"} if _is_unseen(one)}
    return text.translate(dict.fromkeys(map(ord, unseen), "\N{REPLACEMENT CHARACTER}"))


def _is_unseen(one: str) -> bool:
    return unicodedata.category(one) in UNSEEN and one not in JOINERS
