"""The share of alpha that a look has, and how many looks are left."""

from collections.abc import Callable

WAYS = ("spend", "earn", "ignore")
MOST_COUNTED = 1000  # looks that are left, at most; there may be more
Levels = Callable[[int, int], float]  # number of a look, files released before it -> share of alpha


def share_of(way: str, number: int, released: int, levels: Levels | None) -> float:
    """Return the share of alpha that a look may use.

    Args:
        way: ``spend``: 1/(k(k + 1)); ``earn``: by ``levels``; ``ignore``: all.
        number: Of the look, from 1.
        released: Files released on this test set before.
        levels: For ``earn``.
    """
    if way == "earn" and levels is not None:
        return float(levels(number, released))
    return 1 / (number * (number + 1)) if way == "spend" else 1.0


def looks_left(
    number: int,
    *,
    way: str,
    released: int = 0,
    alpha: float,
    can_pass: Callable[[float], bool],
    levels: Levels | None = None,
    most: int = MOST_COUNTED,
) -> int | None:
    """Count the looks that are left before this test set can certify nothing.

    Args:
        number: Of the present look.
        way: How looks are charged.
        released: Files that ``earn`` had released before.
        alpha: To be shared.
        can_pass: Whether a candidate without any harm could pass at a level; false below some.
        levels: For ``earn``; counted as if no further file were released.
        most: Where to stop counting.

    Returns:
        Looks after the present one, at most ``most``; None for ``ignore``, which never ends.
    """
    if way == "ignore":
        return None
    low, high = 0, most + 1  # looks that are left, at least; and more than are left
    while high - low > 1:
        middle = (low + high) // 2
        if can_pass(alpha * share_of(way, number + middle, released, levels)):
            low = middle
        else:
            high = middle
    return low
