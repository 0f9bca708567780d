"""How much of the time that a table says is saved is saved: one cut, exported and timed.

A table of layers says nothing of what lies between them, and a file with fewer channels is not
faster in each part alike. So the network is cut once by magnitude, untrained, down to the limit;
its file is timed beside the dense one, in turns. If that was f times as fast, where the table said
p, costs are from then on ``dense * (predicted / dense) ** (ln f / ln p)``. Where the table says
that the limit cannot be reached, the cut goes as far as it can: the table may be wrong.
"""

import math
from dataclasses import replace

import numpy as np
from torch import Generator, Tensor, nn

from faircompress.compression.channels import Budget, LayerWidths, read_widths
from faircompress.compression.criteria.magnitude import magnitude
from faircompress.compression.cut import Cut, cut
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
KEPT = 0.25, 4.0  # share of the table's saving, in the logarithm, that a trial may find


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

    def down_to(limit: Limit) -> tuple[nn.Module, Cut]:
        return cut(
            dense.net, by_magnitude, example, speedup=2.0, rounds=min(rounds, ROUNDS), floor=floor,
            limit=limit, round_to=round_to, choices=choices,
        )  # fmt: skip

    try:
        net, done = down_to(limit)
    except UnreachableError as error:
        net, done = down_to(replace(limit, most=error.least * (1 + SLACK)))
    whole = limit.cost(read_widths(dense.net, example).layer_widths())
    predicted = whole / (done.cost or whole)
    power = share_kept(predicted, _faster(dense, evaluating(net), facts, device))

    def cost(widths: LayerWidths) -> float:
        return float(whole * (limit.cost(widths) / whole) ** power)

    return replace(limit, cost=cost)


def share_kept(predicted: float, found: float) -> float:
    """Return the share of a saving, in the logarithm, that was found, within bounds.

    Args:
        predicted: How many times as fast a file was to be.
        found: And was.
    """
    if predicted <= 1:
        return 1.0
    low, high = KEPT
    return min(max(math.log(found) / math.log(predicted), low), high)


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
