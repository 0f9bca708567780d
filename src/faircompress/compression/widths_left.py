"""Which widths a cut may leave: multiples of a step, and how few."""

import math

from faircompress.compression.channels import ChannelWidths
from faircompress.compression.limits import Limit
from faircompress.support.errors import InputError

BLOCKS = 2  # of channels that stay with several choices: one alone is slow a channel


def steps_of(
    start: ChannelWidths,
    target: float,
    floor: float,
    round_to: int,
    choices: int,
    limit: Limit | None,
    blocks: int = BLOCKS,
) -> tuple[dict[str, int], dict[str, int]]:
    """Return of which number each group keeps multiples, and how many channels at least.

    Args:
        start: Widths of the dense network.
        target: Multiply-adds that may be left.
        floor: Share of a group's channels that stay.
        round_to: Channels stay in multiples of this, in groups that have as many.
        choices: Multiples that a group has at least; see ``cut``.
        limit: What the network may cost, in place of the multiply-adds.
        blocks: Multiples that wide groups keep, if it can be reached so.

    Raises:
        InputError: If target or limit cannot be reached, naming what can.
    """
    blocks = blocks if choices > 1 else 1
    tied = {g.root: math.gcd(round_to, g.outputs.get(g.root, 1)) for g in start.groups}
    steps = {g.root: _step(g.size, round_to // tied[g.root], choices) for g in start.groups}
    least = {g.root: _least(g.size, floor, steps[g.root]) for g in start.groups}
    for group in start.groups:
        if steps[group.root] == round_to:  # wide enough for its blocks to be full
            least[group.root] = max(least[group.root], blocks * round_to)
    fewest = {g.root: g.size - least[g.root] for g in start.groups}
    if limit.reached(start, fewest) if limit else start.macs(fewest) <= target:
        return steps, least
    if blocks > 1:
        return steps_of(start, target, floor, round_to, choices, limit, blocks - 1)
    if choices > 1 and round_to > 1:
        return steps_of(start, target, floor, round_to // 2, choices, limit)
    if limit:
        raise limit.unreachable(start, fewest)
    raise _unreachable(start, target, start.macs(fewest))


def _step(size: int, round_to: int, choices: int) -> int:
    """Return the multiple for a group of that size."""
    while choices > 1 and round_to > 1 and size < choices * round_to:
        round_to //= 2
    return round_to if size >= round_to else 1


def _least(size: int, floor: float, step: int) -> int:
    least = max(1, math.ceil(floor * size))
    return min(size, math.ceil(least / step) * step)


def _unreachable(start: ChannelWidths, target: float, smallest: float) -> InputError:
    kept = "".join(f" {n} keeps its channels: {why}." for n, why in [*start.fixed.items()][:2])
    if start.fixed and smallest == start.macs():
        return InputError(
            f"no layer of this network can lose channels.{kept} Choose another architecture."
        )
    return InputError(
        f"a speed-up of {start.macs() / target:.4g} cannot be reached: with the fewest "
        f"channels that floor and round_to allow it is {start.macs() / smallest:.4g}. "
        f"Set a lower prune.speedup or prune.min_channels.{kept}"
    )
