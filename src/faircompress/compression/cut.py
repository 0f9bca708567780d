"""Cut whole channels out of a network until it needs as few multiply-adds as asked."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import Budget, ChannelWidths, read_widths, take_out
from faircompress.compression.limits import CLOSE_TO_LIMIT, Limit, most_within, speedup_for
from faircompress.compression.soundness import prove, sound, trials_of
from faircompress.compression.widths_left import steps_of
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import forget
from faircompress.support.errors import InputError

Score = Callable[[nn.Module, int, Budget], dict[str, Tensor]]
Repair = Callable[[list[ChannelGroup], dict[str, list[int]]], nn.Module]


@dataclass(frozen=True)
class Cut:
    """What a cut achieved.

    Args:
        speedup: Dense over pruned multiply-adds, counted on the network that is left.
        granularity: What the smallest further step would change, as a share of the target.
        within: Whether the target is met within 1 %, or a limit used up to 95 %.
        cost: Of the network by the limit's own measure, where there is one.
    """

    speedup: float
    granularity: float
    within: bool
    cost: float | None = None


@dataclass(frozen=True)
class _Block:
    """Channels of a group that can only go together, and after those of lower score."""

    root: str
    channels: list[int]
    score: float


def cut(
    dense: nn.Module,
    score: Score,
    example: Tensor,
    *,
    speedup: float,
    rounds: int = 1,
    floor: float = 0.0,
    round_to: int = 1,
    choices: int = 1,
    limit: Limit | None = None,
    pictures: Tensor | None = None,
    repair: Repair | None = None,
) -> tuple[nn.Module, Cut]:
    """Return a smaller network whose weights are the dense one's, and what the cut achieved.

    In each of ``rounds`` rounds a working copy is scored, and the lowest channels of all layers
    go until the round's share of the way, even in the logarithm, is done. What the working copy
    learnt while it was scored is thrown away: the result has the surviving dense weights.

    Args:
        dense: Network to cut; left as it is.
        score: Given a working copy, which it may change, the round's number from 0, and what is
            to be left after it, returns one score per output channel of each layer.
        example: One normalised picture, ``(1, 3, height, width)``.
        speedup: Wanted ratio of dense to pruned multiply-adds, > 1.
        rounds: How often scores are taken anew.
        floor: Share of a group's channels that stay; at least one does.
        round_to: Channels stay in multiples of this, in groups that have as many.
        choices: Multiples that a group has at least; for narrow ones ``round_to`` is halved until
            it does, and for all, if above 1, until the speed-up can be reached. Wide ones keep two
            multiples, if it can be reached so.
        limit: What the network may cost, in place of the speed-up, which is then found.
        pictures: Some of the data, normalised, on which the cut is proved, too.
        repair: Given groups and the channels that go, returns a copy of the dense network on the
            CPU, in whose weights what stays makes up for them; None: weights stay as they are.

    Raises:
        ValueError: If the speed-up or limit cannot be reached, naming what can.
    """
    pruned, working = (forget(evaluating(copied(dense))) for _ in range(2))
    read = read_widths(dense, example)
    trials = trials_of(dense, example, read.macs(), pictures)
    start = widths = sound(trials, read)
    speedup = speedup_for(limit, start) if limit else speedup
    target = start.macs() / speedup
    steps, least = steps_of(start, target, floor, round_to, choices, limit)
    left = {g.root: [*range(g.size)] for g in start.groups}
    for number in range(1, rounds + 1):
        goal = start.macs() / speedup ** (number / rounds)
        scores = reduced(widths.groups, score(working, number - 1, Budget(widths, goal)))
        doomed = _within(limit, number / rounds, start, widths, scores, goal, least, steps)
        for net in (working, pruned):
            take_out(net, widths.groups, doomed)
        widths = widths.without(doomed)
        left = {root: _without(channels, doomed[root]) for root, channels in left.items()}
    gone = {g.root: _without([*range(g.size)], left[g.root]) for g in start.groups}
    prove(dense, pruned, start, gone, trials)
    if repair is not None:
        pruned = repair(start.groups, gone)
        take_out(pruned, start.groups, gone)
    macs = read_widths(pruned, example).macs()
    step = min(_smallest_step(widths, least, steps) / target, 1.0)
    near = limit.used(widths) >= CLOSE_TO_LIMIT if limit else macs >= 0.99 * target
    cost = limit.cost(widths.layer_widths()) if limit else None
    return pruned, Cut(start.macs() / macs, step, near, cost)


def _within(
    limit: Limit | None,
    share: float,
    start: ChannelWidths,
    widths: ChannelWidths,
    scores: list[Tensor],
    goal: float,
    least: dict[str, int],
    steps: dict[str, int],
) -> dict[str, list[int]]:
    """Return the channels to remove for a goal in multiply-adds, or for a share of a limit."""
    lowest = partial(_lowest, widths, scores, least=least, steps=steps)
    if limit is None:
        return lowest(goal)
    fewest = widths.macs({g.root: g.size - least[g.root] for g in widths.groups})
    return most_within(limit.at(share, start), widths, lowest, fewest)


def _without(channels: list[int], places: list[int]) -> list[int]:
    gone = {*places}
    return [channel for place, channel in enumerate(channels) if place not in gone]


def reduced(groups: list[ChannelGroup], scores: dict[str, Tensor]) -> list[Tensor]:
    """Return one score per channel of each group: the mean over the layers that write it."""
    found = []
    for group in groups:
        members = torch.stack(
            [
                scores[name].detach().cpu().double()[group.parts[f"{name}.weight", 0]].mean(1)
                for name in group.writers
            ]
        )
        if not torch.isfinite(members).all():
            raise InputError(
                f"scores of {', '.join(group.writers)} are not all finite numbers. Are pictures "
                "normalised as the network learnt them? If so, scoring trains too fast: lower the "
                "criterion's lr, or choose magnitude"
            )
        found.append(members.mean(0))
    return found


def _lowest(
    widths: ChannelWidths,
    scores: list[Tensor],
    goal: float,
    least: dict[str, int],
    steps: dict[str, int],
) -> dict[str, list[int]]:
    """Return the channels to remove, by group root, so that at most ``goal`` MACs are left."""
    blocks = sorted(
        (
            block
            for group, of_group in zip(widths.groups, scores, strict=True)
            for block in _blocks(group.root, of_group, least[group.root], steps[group.root])
        ),
        key=lambda block: block.score,
    )
    low, high = 0, len(blocks)
    while low < high:
        middle = (low + high) // 2
        if widths.macs(_counts(blocks[:middle])) <= goal:
            high = middle
        else:
            low = middle + 1
    doomed: dict[str, list[int]] = {group.root: [] for group in widths.groups}
    for block in _nearest(widths, blocks, low, goal):
        doomed[block.root] += block.channels
    return doomed


def _nearest(widths: ChannelWidths, blocks: list[_Block], low: int, goal: float) -> list[_Block]:
    """Return the lowest blocks that save enough, and as little more as can be.

    If the block that crosses the goal is so dear that more than 1 % too much goes with it, blocks
    of higher score but lower cost go in its place.
    """
    gone = _refilled(widths, blocks[:low], goal)
    if low == 0 or widths.macs(_counts(gone)) >= 0.99 * goal:
        return gone
    cheaper, stays = blocks[: low - 1], set()
    counts = _counts(cheaper)
    for block in blocks[low - 1 :]:
        if block.root not in stays:
            counts[block.root] += len(block.channels)
            left = widths.macs(counts)
            if left >= 0.99 * goal:
                cheaper.append(block)
            else:
                counts[block.root] -= len(block.channels)
                stays.add(block.root)
            if 0.99 * goal <= left <= goal:
                return _refilled(widths, cheaper, goal)
    return gone


def _refilled(widths: ChannelWidths, gone: list[_Block], goal: float) -> list[_Block]:
    """Put back the best channels for which there is still room."""
    counts, of_group = _counts(gone), defaultdict(list)
    for block in gone:
        of_group[block.root].append(block)
    room = True
    while room:
        room = False
        for blocks in sorted(filter(None, of_group.values()), key=lambda b: -b[-1].score):
            best = blocks[-1]
            counts[best.root] -= len(best.channels)
            if widths.macs(counts) <= goal:
                blocks.pop()
                room = True
                break
            counts[best.root] += len(best.channels)
    return [block for blocks in of_group.values() for block in blocks]


def _blocks(root: str, scores: Tensor, least: int, step: int) -> list[_Block]:
    size = len(scores)
    ranked, order = (part[: size - least].tolist() for part in scores.sort(stable=True))
    edges = [0, *range(size % step or step, len(order) + 1, step)]
    return [
        _Block(root, order[a:b], sum(ranked[a:b]) / (b - a))
        for a, b in zip(edges, edges[1:], strict=False)
    ]


def _counts(blocks: list[_Block]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for block in blocks:
        counts[block.root] += len(block.channels)
    return counts


def _smallest_step(widths: ChannelWidths, least: dict[str, int], steps: dict[str, int]) -> float:
    """Return the fewest MACs that one more channel block would save."""
    now = widths.macs()
    saved = [
        now - widths.macs({group.root: min(steps[group.root], group.size - least[group.root])})
        for group in widths.groups
        if group.size > least[group.root]
    ]
    return min((s for s in saved if s > 0), default=0.0)
