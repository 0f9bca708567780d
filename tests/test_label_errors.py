"""How many wrong labels tip a test, against trying every way to place them."""

import itertools

import numpy as np
import pytest

from faircompress.statistics.label_errors import PairedLabels, ShareLabels
from faircompress.statistics.paired_proportions import p_value

ALPHA = 0.025
EACH_WAY = [
    PairedLabels(0, 0, 60, -0.1, ALPHA, can_add=3, idle=60),  # none lost, three to be lost
    PairedLabels(1, 2, 80, -0.1, ALPHA, can_add=2, idle=77),
    PairedLabels(0, 4, 45, -0.05, ALPHA, can_add=0, idle=41),
    PairedLabels(0, 20, 60, 0.1, ALPHA, can_add=5, idle=10),  # a failure: 20 of 60 lost
    PairedLabels(2, 3, 90, -0.1, ALPHA, can_add=0, idle=0, turns=True),
    PairedLabels(1, 15, 60, 0.05, ALPHA, can_add=0, idle=4, turns=True),
]


def tables(of: PairedLabels, labels: int) -> set[tuple[int, int, int]]:
    """Return every table that so many wrong labels can make."""
    found = set()
    for added, taken in itertools.product(range(labels + 1), repeat=2):
        idle = labels - added - taken
        if of.turns:
            if added + taken == labels and added <= of.idle and taken <= of.up:
                found.add((of.down + labels, of.up - taken, of.rows))
        elif 0 <= idle <= of.idle and added <= of.can_add and taken <= of.up:
            moved = idle if of.change > 0 else -idle
            found.add((of.down + added, of.up - taken, of.rows + added - taken + moved))
    return found


@pytest.mark.parametrize("of", EACH_WAY)
def test_no_smaller_number_of_wrong_labels_tips_the_exact_test(of: PairedLabels) -> None:
    assert p_value(of.down, of.up, of.rows, of.change, ALPHA) <= ALPHA  # it rejects as it is
    by_trial = next(
        k
        for k in range(of.most + 1)
        if any(n < 2 or p_value(d, u, n, of.change, ALPHA) > ALPHA for d, u, n in tables(of, k))
    )
    assert of.fewest_for_test() == by_trial


@pytest.mark.parametrize("of", EACH_WAY)
def test_nor_does_one_bring_the_estimate_to_the_limit(of: PairedLabels) -> None:
    found = of.fewest_for_estimate()
    reached = [
        k
        for k in range(of.most + 1)
        if any(n and u - d <= n * of.change + 1e-9 for d, u, n in tables(of, k))
    ]
    assert found == (reached[0] if reached else None)


def test_none_lost_of_36_is_tipped_by_one_label() -> None:
    """.9^36 = .0225 is below .025; one lost of 37 has .9^37 + 37 * .1 * .9^36 = .104."""
    of = ShareLabels(hits=0, rows=36, share=0.1, alpha=0.025, can_add=1, at_least=True)
    assert of.fewest_for_test() == 1
    alone = ShareLabels(hits=0, rows=36, share=0.1, alpha=0.025, can_add=0, at_least=True)
    assert alone.fewest_for_test() == 1  # 35 without a loss: .9^35 = .02503
    more = ShareLabels(hits=0, rows=45, share=0.1, alpha=0.025, can_add=0, at_least=True)
    assert more.fewest_for_test() == 10  # down to 35


def test_a_share_reaches_the_limit_when_hits_are_a_tenth() -> None:
    of = ShareLabels(hits=0, rows=90, share=0.1, alpha=0.025, can_add=10, at_least=True)
    assert of.fewest_for_estimate() == 10  # 10 of 100
    failed = ShareLabels(hits=30, rows=100, share=0.1, alpha=0.025, can_add=0, at_least=False)
    found = failed.fewest_for_estimate()
    assert found == 23  # 7 of 77 are under a tenth, 8 of 78 over


def test_where_nothing_can_be_moved_nothing_tips() -> None:
    of = PairedLabels(0, 0, 100, -0.1, ALPHA, can_add=0, idle=0, turns=True)
    assert (of.fewest_for_test(), of.fewest_for_estimate()) == (None, None)


def test_above_thirty_labels_the_answer_is_still_the_least() -> None:
    of = PairedLabels(5, 70, 900, -0.1, ALPHA, can_add=200, idle=825)
    found = of.fewest_for_test()
    assert found is not None and found > 60
    before = [
        p_value(5 + a, 70 - b, 900 + a - b, -0.1, ALPHA)
        for a in range(found)
        if (b := found - 1 - a) <= 70
    ]
    assert max(before) <= ALPHA < of.tail(found)
    assert np.isfinite(of.weakest(found)[0])
