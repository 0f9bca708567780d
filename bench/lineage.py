"""Populations that a search found, by name: 504.11.21 was drawn as 504, and changed twice."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

Found = TypeVar("Found")


def rng_of(name: str, *more: int) -> np.random.Generator:
    """Return the random numbers of a name, and of what else is given."""
    return np.random.default_rng([*map(int, name.split(".")), *more])


def found_again(
    name: str,
    draw: Callable[[int], Found | None],
    change: Callable[[Found, np.random.Generator], Found],
    search: int,
) -> Found:
    """Return what a search found: drawn by its first number, changed by each other.

    Args:
        name: Its numbers.
        draw: Gives what a number draws; None: nothing is.
        change: Gives a child.
        search: The search's own number, which seeds its changes.
    """
    first, *steps = name.split(".")
    found = draw(int(first))
    if found is None:
        raise SystemExit(f"{name}: nothing is drawn by the number {first}")
    for step in steps:
        first += f".{step}"
        found = change(found, rng_of(first, search))
    return found
