"""Texts that others chose, as one line: in a terminal's log nobody can forge another."""

import unicodedata

LONGEST = 4000  # characters of a sentence
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, direction, surrogates, separators
JOINERS = "\u200c\u200d"  # unseen too, but some scripts cannot be written without


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text as one line without characters that are not seen, cut where it is too long."""
    seen = "".join(
        "\N{REPLACEMENT CHARACTER}" if _is_unseen(one) else one for one in " ".join(text.split())
    )
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def visible(text: str) -> str:
    """Return lines of text without characters that are not seen and may move what is."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if one not in "\n\t" and _is_unseen(one) else one
        for one in text
    )


def _is_unseen(one: str) -> bool:
    return unicodedata.category(one) in UNSEEN and one not in JOINERS
