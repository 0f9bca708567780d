"""Levels of looks at one test set, and what is claimed of all files released on it."""

import math

import numpy as np
import pytest

from faircompress.ledger.levels import looks_left
from faircompress.statistics import online_fdr
from faircompress.statistics.online_fdr import earn, gamma, spend
from faircompress.statistics.sample_size import law_of_rows


def test_shares_of_alpha_sum_to_one() -> None:
    first = sum(gamma(k) for k in range(1, 10_001))
    rest = (10_000.5**-0.6 / 0.6) * gamma(1)  # the integral of k ** -1.6 beyond
    assert first + rest == pytest.approx(1, abs=1e-6)
    assert sum(spend(k, 0.05) for k in range(1, 1000)) == pytest.approx(0.05 * 999 / 1000)


def test_levels_at_looks_1_12_and_60_are_these() -> None:
    published = online_fdr.levels(1, 12, 60, alpha=0.05)
    assert published[1] == pytest.approx((0.025, 0.02187, 0.02187), rel=1e-3)
    assert published[12] == pytest.approx((0.0003205, 0.0004104, 0.004925), rel=1e-3)
    assert published[60] == pytest.approx((1.366e-05, 3.125e-05, 0.001875), rel=1e-3)


def test_each_release_adds_as_much_as_the_first_level_had() -> None:
    assert earn(5, 3, 0.05) == pytest.approx(4 * earn(5, 0, 0.05))
    assert online_fdr.released(1 / earn(5, 3, 0.05), earn(5, 3, 0.05))
    assert not online_fdr.released(0.99 / earn(5, 3, 0.05), earn(5, 3, 0.05))


def test_more_releases_than_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="look 3 after 3 releases"):
        earn(3, 3, 0.05)


def test_the_law_names_the_rows_that_a_level_needs() -> None:
    def needed(limit: float, level: float) -> int:
        return math.ceil(law_of_rows(limit, level) - 1e-9)

    assert needed(0.05, 0.05) == 59  # .95 ** 59 is .0485
    assert needed(0.5, 0.25) == 2
    # design.md: 72 and 122 at alpha .025, 87 (86 rounded up) and 144 at its first `spend`
    assert [needed(d, 0.025) for d in (0.05, 0.03)] == [72, 122]
    assert [needed(d, spend(1, 0.025)) for d in (0.05, 0.03)] == [86, 144]


@pytest.mark.parametrize(("clusters", "limit"), [(100, 0.05), (200, 0.03), (60, 0.1), (30, 0.05)])
def test_looks_left_are_those_whose_level_can_be_reached(clusters: int, limit: float) -> None:
    def left(way: str, released: int) -> int | None:
        return looks_left(
            2, way=way, released=released, alpha=0.05, most=5000,
            can_pass=lambda level: level >= (1 - limit) ** clusters,
            levels=lambda look, done: earn(look, done, 1.0),
        )  # fmt: skip

    reachable = (1 - limit) ** clusters
    able = [k for k in range(3, 5000) if spend(k, 0.05) >= reachable]
    assert left("spend", 0) == len(able)
    able = [k for k in range(3, 5000) if earn(k, 2, 0.05) >= reachable]
    assert left("earn", 2) == len(able)


@pytest.mark.parametrize("harmed", [0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_the_harmful_share_of_what_is_released_is_at_most_alpha(
    harmed: float, shared: float
) -> None:
    """60 looks in 4,000 streams; harmful files have the e-value 200 or 0, 1 on average.

    ``shared``: all looks see the same luck, as looks at one test set do.
    """
    rng, alpha = np.random.default_rng(1), 0.05
    streams, looks = 4000, 60
    luck = np.where(shared, rng.random((streams, 1)), rng.random((streams, looks)))
    harmful = rng.random((streams, looks)) < harmed
    e = np.where(harmful, 200.0 * (luck < 1 / 200), 5000.0)
    released, wrong = np.zeros((2, streams))
    for k in range(1, looks + 1):
        level = alpha * gamma(k) * (released + 1)
        out = e[:, k - 1] >= 1 / level
        released, wrong = released + out, wrong + (out & harmful[:, k - 1])
    share = wrong / np.maximum(released, 1)
    assert share.mean() <= alpha + 3.1 * share.std() / np.sqrt(streams)
