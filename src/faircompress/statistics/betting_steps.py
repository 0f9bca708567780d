"""Units cut into steps, within which one bet is placed: all of a bet that no null decides."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

STEPS = 128  # bets placed at most; units between two bets are bet on alike
STEPS_OF_MANY = 48  # where many orders are averaged
SETTLED = 20  # orders from which on the mean over orders may be read at its best moment
PRIOR = 0.1  # units of full weight that are taken to have been seen before the first


@dataclass(frozen=True, eq=False)
class Steps:
    """Units in the order in which they are bet on; what is not there weighs nothing.

    Args:
        values: ``(steps, units of a step, 1, orders)``.
        weights: Of the units, same shape.
        whole: Does every unit of a step weigh 1 in every order? ``(steps,)``, bool.
        information: Squared weights seen before a step, ``(steps, 1, orders)``.
        spread: Spread seen before it, likewise.
        ahead: Squared weights to come, likewise.
    """

    values: np.ndarray
    weights: np.ndarray
    whole: np.ndarray
    information: np.ndarray
    spread: np.ndarray
    ahead: np.ndarray


def in_steps(
    values: np.ndarray, weights: np.ndarray, *, planned: np.ndarray | None, together: int
) -> Steps:
    """Cut units into steps; arguments are those of ``betting.log_wealth``."""
    counts = (weights > 0).sum(axis=1) if planned is None else planned
    steps = STEPS if values.shape[0] < SETTLED else STEPS_OF_MANY
    starts, stops = (together * edge for edge in _steps(counts // together, steps))
    before, to_come = _moments(values, weights, starts, counts)
    shown, counted = (x[:, :, None, :] for x in _by_step(values, weights, starts, stops))
    information, spread, ahead = (x.T[:, None, :] for x in (*before, to_come))
    whole = (counted == 1).all(axis=(1, 2, 3))
    return Steps(shown, counted, whole, information, spread, ahead)


def _steps(counts: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each order's steps start and stop, ``(orders, steps)``, by its own count."""
    each = np.minimum(counts, steps)[:, None]
    at = np.minimum(np.arange(max(int(each.max()), 1) + 1)[None, :], each)
    edges = np.floor(counts[:, None] / np.maximum(each, 1) * at).astype(int)
    edges = np.where(at == each, counts[:, None], edges)
    return edges[:, :-1], edges[:, 1:]


def _by_step(
    values: np.ndarray, weights: np.ndarray, starts: np.ndarray, stops: np.ndarray
) -> Iterator[np.ndarray]:
    """Give values, then weights, by step, unit and order; what is not there weighs nothing."""
    width, longest = values.shape[1], max(int((stops - starts).max()), 1)
    places = starts.T[:, None, :] + np.arange(longest)[:, None]
    places[(places >= stops.T[:, None, :]) | (places >= width)] = width
    orders, ends = np.arange(len(values)), np.zeros((len(values), 1))
    for x in (values, weights):  # one after the other, since they may be large
        yield np.concatenate([x, ends], axis=1)[orders, places]


def _moments(
    values: np.ndarray, weights: np.ndarray, starts: np.ndarray, counts: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return squared weights and spread seen before each step, and squared weights to come.

    What is to come is foretold from the number of units to come and the weights so far: a bet that
    knew the weights of later units could go by what they tell of values.
    """
    squares, at = weights**2, np.minimum(starts, values.shape[1])
    sums = [
        np.take_along_axis(
            np.concatenate([np.zeros((len(values), 1)), np.cumsum(x, axis=1)], axis=1), at, axis=1
        )
        for x in (squares, squares * values, squares * values**2)
    ]
    mean = np.divide(sums[1], sums[0], out=np.zeros_like(sums[0]), where=sums[0] > 0)
    spread = np.maximum(sums[2] - sums[0] * mean**2, 0)
    each = (PRIOR + sums[0]) / (PRIOR + starts)
    to_come = (counts[:, None] - starts) * each
    return (sums[0], spread), np.maximum(to_come, 1e-12)
