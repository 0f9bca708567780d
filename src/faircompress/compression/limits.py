"""What a network may cost in ms, MB or the like, and the cut that keeps within it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from faircompress.compression.channels import ChannelWidths, LayerWidths
from faircompress.support.errors import InputError

CLOSE_TO_LIMIT = 0.95  # of it used: no step of channels could be expected to use more
HALVINGS = 16  # of the interval in which the multiply-adds lie


class UnreachableError(InputError):
    """A limit that the fewest channels do not keep.

    Args:
        words: For the user.
        least: What those cost.
    """

    def __init__(self, words: str, least: float) -> None:
        super().__init__(words)
        self.least = least


@dataclass(frozen=True)
class Limit:
    """What a cut network may cost.

    Args:
        cost: Of a network, by its layers' widths; no less of wider ones.
        most: That it may cost.
        unit: Of both, such as ``ms``.
        key: Of the params that ask for it.
    """

    cost: Callable[[LayerWidths], float]
    most: float
    unit: str
    key: str

    def used(self, widths: ChannelWidths, removed: dict[str, int] | None = None) -> float:
        """Return which share of the limit a network uses."""
        return self.cost(widths.layer_widths(removed)) / self.most

    def reached(self, widths: ChannelWidths, removed: dict[str, int]) -> bool:
        """Tell whether a network lies within it."""
        return self.used(widths, removed) <= 1

    def at(self, share: float, start: ChannelWidths) -> "Limit":
        """Return what may be left after a share of the way, even in the logarithm."""
        whole = self.cost(start.layer_widths())
        return replace(self, most=whole * (self.most / whole) ** share)

    def unreachable(self, start: ChannelWidths, fewest: dict[str, int]) -> UnreachableError:
        """Return the error that names what can be reached."""
        least = self.used(start, fewest) * self.most
        return UnreachableError(
            f"{self.key} {self.most:g} {self.unit} cannot be reached: with the fewest channels "
            f"that prune.min_channels and round_to allow it is {least:.3g} "
            f"{self.unit}. Set a higher one, or a lower prune.min_channels",
            least,
        )


def speedup_for(limit: Limit, start: ChannelWidths) -> float:
    """Return the speed-up a limit stands for, if cost fell as multiply-adds do.

    It says how far criteria that ask look ahead; the cut itself goes by the cost.

    Raises:
        InputError: If the dense network lies within the limit.
    """
    used = limit.used(start)
    if used <= 1:
        raise InputError(
            f"{limit.key} is {limit.most:g} {limit.unit}, and the dense network takes "
            f"{used * limit.most:.3g} {limit.unit}: there is nothing to cut. Set a lower one"
        )
    return used


def most_within(
    limit: Limit,
    widths: ChannelWidths,
    lowest: Callable[[float], dict[str, list[int]]],
    fewest: float,
) -> dict[str, list[int]]:
    """Return the channels to remove so that as many multiply-adds stay as the limit allows.

    Args:
        limit: For the network that is left.
        widths: Of the network now.
        lowest: Channels to remove for so many multiply-adds, by group root.
        fewest: Multiply-adds that can be reached.
    """
    none: dict[str, list[int]] = {group.root: [] for group in widths.groups}
    if limit.used(widths) <= 1:
        return none
    low, high = math.log(fewest), math.log(widths.macs())
    best = lowest(fewest)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tried = lowest(math.exp(middle))
        if limit.reached(widths, {root: len(gone) for root, gone in tried.items()}):
            low, best = middle, tried
        else:
            high = middle
    return best
