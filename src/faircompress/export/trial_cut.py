"""How much of the time that a table says is saved is saved: cuts, exported and timed.

A table of layers says nothing of what lies between them, and a file with fewer channels is not
faster in each part alike. So the network is cut by magnitude, untrained, down to the limit; its
file is timed beside the dense one, in turns. Where it was f times as fast and the table said p, a
table's p is read as f from then on; between what was tried, and beyond it, along lines in both
logarithms. If f was not what was expected, the limit as it is read now is tried, too. Where the
table says that the limit cannot be reached, the cut goes as far as it can: the table may be wrong.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import Generator, Tensor, nn

from faircompress.compression.channels import Budget, LayerWidths, read_widths
from faircompress.compression.criteria.magnitude import magnitude
from faircompress.compression.cut import cut
from faircompress.compression.limits import Limit, UnreachableError
from faircompress.data.dataset import Facts
from faircompress.export import timing
from faircompress.export.cut_limit import OPSET
from faircompress.export.runtime import session
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks.copies import evaluating
from faircompress.networks.network import Network
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives.cross_entropy import cross_entropy

PAIRS, ROUNDS = 40, 8
SLACK = 1e-6  # above the least cost, for rounding
LEAST, MOST = 0.25, 4.0  # share of the table's saving, in the logarithm: found, and beyond it
TRIALS = 5
CLOSE = 0.03  # of what was expected, in the logarithm: no further cut is tried


def corrected(
    limit: Limit,
    dense: Network,
    facts: Facts,
    device: str,
    *,
    floor: float,
    rounds: int,
    round_to: int = 1,
    choices: int = 1,
) -> Limit:
    """Return a limit in ms whose cost is what one cut down to it really took.

    Args:
        limit: By a table of layers.
        dense: Network to be cut, on the CPU; left as it is.
        facts: Of the data it learnt from.
        device: Where files run.
        floor: As in ``cut``.
        rounds: Likewise; 8 are made at most, to be quick.
        round_to: Likewise.
        choices: Likewise.
    """
    example = dense.blank(facts.size)

    whole = limit.cost(read_widths(dense.net, example).layer_widths())

    def down_to(limit: Limit) -> nn.Module:
        return cut(
            dense.net, by_magnitude, example, speedup=2.0, rounds=min(rounds, ROUNDS), floor=floor,
            limit=limit, round_to=round_to, choices=choices,
        )[0]  # fmt: skip

    tried: list[tuple[float, float]] = []
    now = limit
    for _ in range(TRIALS):
        try:
            net = down_to(now)
        except UnreachableError as error:
            net = down_to(replace(now, most=error.least * (1 + SLACK)))
        predicted = whole / limit.cost(read_widths(net, example).layer_widths())
        if any(predicted == before for before, _ in tried):
            break
        expected = times_as_fast(predicted, tried)
        found = _faster(dense, evaluating(net), facts, device)
        tried.append((predicted, found))
        now = replace(limit, cost=_by(limit, whole, tuple(tried)))
        if abs(math.log(found / expected)) < CLOSE:
            break
    return now


def _by(
    limit: Limit, whole: float, tried: Sequence[tuple[float, float]]
) -> Callable[[LayerWidths], float]:
    """Return costs as what was tried says that a table's costs are to be read."""

    def cost(widths: LayerWidths) -> float:
        return whole / times_as_fast(whole / limit.cost(widths), tried)

    return cost


def times_as_fast(predicted: float, tried: Sequence[tuple[float, float]]) -> float:
    """Return how many times as fast as dense a file is of which a table says ``predicted``.

    Args:
        predicted: By the table.
        tried: What the table said of files, and what was found, in any order.
    """
    at, found = [0.0], [0.0]
    for said, real in sorted(tried):
        step = math.log(said) - at[-1]
        if step > 0:  # what is cut further is faster at least by ``LEAST``
            at.append(at[-1] + step)
            found.append(max(math.log(real), found[-1] + LEAST * step))
    here = math.log(predicted)
    slopes = np.diff(found) / np.diff(at) if len(at) > 1 else np.ones(1)
    if here < 0:
        return math.exp(here * float(slopes[0]))
    beyond = max(here - at[-1], 0.0) * min(float(slopes[-1]), MOST)
    return math.exp(float(np.interp(here, at, found)) + beyond)


def _faster(dense: Network, net: nn.Module, facts: Facts, device: str) -> float:
    """Return how many times as fast as the dense file another network's file is, batch 1."""
    smaller = Network(net, dense.architecture, dense.classes, dense.mean, dense.std)
    big, small = (
        session(to_onnx(one, facts.size, opset=OPSET, words=words(one, facts, params="")), device)
        for one in (dense, smaller)
    )
    picture = np.zeros((1, *facts.size, 3), np.uint8)
    return timing.latency(big, small, picture, batch=1, repeats=PAIRS).speedup


def by_magnitude(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    """Score channels by their weights."""
    return magnitude(net, iter(()), LossFunction(cross_entropy), rng=Generator())
