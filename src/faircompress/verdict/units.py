"""What is independent where rows are alike: each row. Else see ``dealing``."""

import numpy as np

from faircompress.verdict.dealing import SEED, Units

ORDERS = 8
PAIRS = 300_000  # compared in all orders together


def kish(weights: np.ndarray) -> float:
    """Return the number of equally weighted units that carry as much: ``(sum w)^2 / sum w^2``.

    Weights are those of identities, each the sum over its rows. This treats all pictures of a
    person as one answer, the safest reading: m pictures never count for more than one person.
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def weight_of_each(who: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the summed weight of each identity that has rows."""
    total = np.bincount(who, weights)
    return total[total > 0]


def averaged(dense: np.ndarray, pruned: np.ndarray, who: np.ndarray, weights: np.ndarray) -> Units:
    """Make identities the units: each has the weighted mean of its rows."""
    who = _compact(who)
    total = np.bincount(who, weights)
    rng = np.random.default_rng(SEED)
    orders = np.stack([rng.permutation(len(total)) for _ in range(ORDERS)])
    means = [np.bincount(who, weights * x)[orders] / total[orders] for x in (dense, pruned)]
    return Units(means[0], means[1], total[orders] / total.max(), kish(total))


def paired_blocks(
    dense: np.ndarray, pruned: np.ndarray, above: np.ndarray, who: np.ndarray, weights: np.ndarray
) -> Units:
    """Make units of which each holds one identity of the rarer class and a block of the other.

    A unit's value is how often its positive rows outscore its negative ones, ties one half, by
    weight; it counts as much as its rarer identity. No identity serves in two units, so they are
    independent, and their weighted mean estimates the weighted AUROC (pairs within an identity
    left out). With equal weights it does so without bias; with others the mean within a block is a
    ratio, and off by at most the order of one over the identities in a block.

    An identity with rows of both classes serves one class in each order, drawn anew; it then
    counts for as much more as it serves less often.

    Args:
        dense: Scores of the dense model, ``(rows,)``.
        pruned: Scores of the pruned model.
        above: Is the row positive?
        who: Identity of each row, integers.
        weights: Of each row.
    """
    who = _compact(who)
    rare = above if rare_is_above(above, who) else ~above
    sign = 1.0 if rare is above else -1.0
    rng, found = np.random.default_rng(SEED), []
    for _ in range(_orders(who, rare)):
        unit, times = _assign(who, rare, rng)
        found.append(_unit_values((sign * dense, sign * pruned), rare, unit, weights * times))
    width = max(order.shape[1] for order in found)
    stack = np.stack([np.pad(o, ((0, 0), (0, width - o.shape[1]))) for o in found], axis=1)
    count = kish(weight_of_each(who[rare], weights[rare]))
    return Units(stack[0], stack[1], stack[2] / max(stack[2].max(initial=0), 1e-300), count)


def rare_is_above(above: np.ndarray, who: np.ndarray) -> bool:
    """Tell whether fewer identities have rows where ``above`` holds than where it does not."""
    return count_people(who[above]) <= count_people(who[~above])


def count_people(who: np.ndarray) -> int:
    """Count the identities that have rows."""
    return int(np.count_nonzero(np.bincount(who)))


def _compact(who: np.ndarray) -> np.ndarray:
    """Number identities from 0 without gaps, in the same order."""
    return (np.cumsum(np.bincount(who) > 0) - 1)[who]


def _orders(who: np.ndarray, rare: np.ndarray) -> int:
    """Fewer orders for many pairs, where luck evens out by itself."""
    pairs = int((~rare).sum() * max(rare.sum() / max(count_people(who[rare]), 1), 1))
    return int(np.clip(PAIRS // max(pairs, 1), 2, ORDERS))


def _assign(who: np.ndarray, rare: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return the unit of each row, -1 for none, and each row's inverse chance of serving."""
    size = int(who.max()) + 1
    is_rare, is_other = (np.bincount(who[side], minlength=size) > 0 for side in (rare, ~rare))
    both = is_rare & is_other
    chance = is_other.sum() / (is_other.sum() + is_rare.sum())
    serves_rare = is_rare & (~both | (rng.random(size) < chance))
    leaders = rng.permutation(np.flatnonzero(serves_rare))
    others = rng.permutation(np.flatnonzero(is_other & ~serves_rare))
    units = min(len(leaders), len(others))
    place = np.full(size, -1)
    place[leaders[:units]] = np.arange(units)
    if units:
        place[others] = np.arange(len(others)) % units
    unit = np.where(rare == serves_rare[who], place[who], -1)
    return unit, np.where(both[who], np.where(rare, 1 / chance, 1 / (1 - chance)), 1.0)


def _unit_values(
    scores: tuple[np.ndarray, np.ndarray],
    rare: np.ndarray,
    unit: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return each unit's dense value, pruned value and weight, ``(3, units)``.

    Scores are such that a rarer row should have the higher one.
    """
    first, second = _pairs(unit, rare)
    of, pair_weight = unit[first], weights[first] * weights[second]
    total = np.bincount(of, pair_weight)
    wins = [0.5 + 0.5 * np.sign(s[first] - s[second]) for s in scores]
    ours = rare & (unit >= 0)
    values = [np.bincount(of, pair_weight * won) / total for won in wins]
    return np.stack([*values, np.bincount(unit[ours], weights[ours])])


def _pairs(unit: np.ndarray, rare: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of a rarer and another row in the same unit, as two lists of rows."""
    ours, theirs = (np.flatnonzero(side & (unit >= 0)) for side in (rare, ~rare))
    ours = ours[np.argsort(unit[ours], kind="stable")]
    size = np.bincount(unit[ours])
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    times = size[unit[theirs]]
    second = np.repeat(theirs, times)
    within = np.arange(len(second)) - np.repeat(np.cumsum(times) - times, times)
    return ours[starts[unit[second]] + within], second
