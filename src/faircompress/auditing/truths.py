"""Classes that are one word written in two ways: 1 and true, 0 and false, in any capitals."""

from collections.abc import Sequence

import numpy as np

TRUTHS = {"0": "0", "1": "1", "false": "0", "true": "1"}


def as_one(texts: np.ndarray) -> np.ndarray:
    """Return words in which true is 1 and false is 0, if nothing but these stands, in two ways.

    Args:
        texts: Of the label's column, or of several, ``(rows,)``.
    """
    found = _numbers(np.unique(texts).tolist())
    if found is None or len(set(found.values())) == len(found):
        return texts
    return np.array([found[text] for text in texts.tolist()])


def as_classes(texts: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return decided classes as the classes are called, where both are 0 and 1, or false and true.

    Args:
        texts: What a model decided, ``(rows,)``.
        classes: Their names.
    """
    found, own = _numbers(np.unique(texts).tolist()), _numbers(classes)
    if found is None or own is None or set(own.values()) != {"0", "1"} or len(own) != 2:
        return texts
    called = {number: name for name, number in own.items()}
    return np.array([called[found[text]] for text in texts.tolist()])


def written_otherwise(texts: np.ndarray, classes: Sequence[str]) -> str:
    """Say which class a word is that differs from it in capitals alone; empty: they differ in more.

    Args:
        texts: Words that are no class, ``(rows,)``.
        classes: Their names.
    """
    known = {name.casefold(): name for name in classes}
    for text in texts.tolist():
        if name := known.get(text.casefold()):
            return f"Write {name!r} as the label does, not {text!r}."
    return ""


def _numbers(texts: Sequence[str]) -> dict[str, str] | None:
    """Return 0 or 1 for each text; None: one is neither."""
    found = {text: TRUTHS.get(text.lower()) for text in texts}
    return {k: v for k, v in found.items() if v is not None} if all(found.values()) else None
