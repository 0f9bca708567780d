"""Numbers that surveys write for unknown or refused, such as 9, 77, 99 and -9, among groups."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

CODE = re.compile(r"-?([789])\1*|-[2-6]")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
FAR = 2  # usual steps between the others, by which a code lies beyond them
LEAST = 2  # others


def unknown_codes(names: Iterable[str]) -> list[str]:
    """Return the names of a column that may be codes for unknown.

    Such are numbers of one digit, again and again, that lie far above all others, and negative ones
    far below where the others are not negative; among words, those of two digits or a sign; 7 and 8
    only beside 9. Nothing is sure: 99 may be a number like the others.

    Args:
        names: Distinct names of one column.
    """
    every = list(names)
    codes = [name for name in every if CODE.fullmatch(name)]
    others = [name for name in every if name not in codes]
    numbers = sorted(float(name) for name in others if NUMBER.fullmatch(name))
    if len(numbers) < LEAST:
        return [] if len(others) - len(numbers) < LEAST else [c for c in codes if len(c) > 1]
    return _far_outside(codes, numbers)


def sentence(column: str, codes: Sequence[str], cure: str) -> str:
    """Say which groups of a column may be people of whom nothing is known.

    Args:
        column: Its name.
        codes: The groups.
        cure: What to do if they are.
    """
    listed = " and ".join(map(repr, codes))
    may = "may mean unknown: such a number stands" if len(codes) == 1 else (
        "may mean unknown: such numbers stand"
    )  # fmt: skip
    return (
        f"{listed} in {column} {may} for people who were not asked or did not answer in many "
        f"tables, and here far from the other groups. {cure}"
    )


def _far_outside(codes: Sequence[str], others: Sequence[float]) -> list[str]:
    """Return the codes beyond other numbers, the nearest of which may be one of these itself."""
    step = float(np.median(np.diff(others)))
    low, high = others[0], others[-1]
    above = sorted((c for c in codes if float(c) > high), key=float)
    while above and float(above[0]) - high <= FAR * step:  # a number like the others
        high = float(above.pop(0))
    below = [c for c in codes if low >= 0 and float(c) < -FAR * step + low]
    if "9" not in above:  # 7 and 8 alone are numbers of something
        above = [code for code in above if len(code) > 1]
    return [code for code in codes if code in {*above, *below}]
