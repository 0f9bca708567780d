"""Shares of like rows whose numbers by stratum were fixed."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hair_rates import said
from scipy.stats import binom

from faircompress.config import plugins
from faircompress.evaluation.comparison import compare
from faircompress.evaluation.evidence import Evidence, evidence
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.sparse import _joined
from faircompress.statistics.procedures.paired_proportions import PairedProportions
from faircompress.statistics.procedures.strata_apart import StrataApart

Stratum = tuple[int, float, float]  # rows, share lost, share gained
# 24 rows whose change is -.1: found by a search for the worst
WORST: tuple[Stratum, Stratum] = (9, 0.6314092, 0.3678176), (15, 0.001845, 0.0)


def tables(stratum: Stratum) -> np.ndarray:
    """Return the chance of each number of lost and gained rows of a stratum."""
    rows, lost, gained = stratum
    found = np.zeros((25, 25))
    for k in range(rows + 1):
        more = binom.pmf(np.arange(rows - k + 1), rows - k, min(gained / (1 - lost), 1))
        found[k, : rows - k + 1] = binom.pmf(k, rows, lost) * more
    return found


@cache
def level(kind: type[PairedProportions], alpha: float) -> float:
    """Return how often a change of -.1 is excluded, summed over all tables of two strata."""
    one, other = (tables(stratum) for stratum in WORST)
    both = np.zeros((25, 25))
    for (k, g), chance in np.ndenumerate(one):
        if chance:
            both[k:, g:] += chance * other[: 25 - k, : 25 - g]
    assert both.sum() == pytest.approx(1)
    return sum(
        chance * kind(k, g, 0, 0, 24).change_at_most(-0.1, alpha).rejects
        for (k, g), chance in np.ndenumerate(both)
        if chance > 1e-12
    )


@pytest.mark.parametrize("alpha", [0.05, 0.025])
def test_harm_at_the_limit_passes_no_more_often_than_alpha_where_strata_differ(
    alpha: float,
) -> None:
    change = sum(n * (g - k) for n, k, g in WORST) / 24
    assert change == pytest.approx(-0.1, abs=1e-6)
    assert level(StrataApart, alpha) <= alpha


def test_the_tail_of_like_draws_errs_too_often_where_strata_differ() -> None:
    assert level(PairedProportions, 0.05) == pytest.approx(0.066, abs=5e-4)


def test_a_single_hit_of_unlike_rows_tells_nothing() -> None:
    assert StrataApart(0, 1, 0, 0, 50).change_lower(0.05) == pytest.approx(
        StrataApart(0, 0, 0, 0, 50).change_lower(0.05)
    )
    upper = StrataApart(0, 0, 0, 0, 50).change_upper(0.05)
    assert upper == pytest.approx(1 - 0.025 ** (1 / 50))


def test_only_rows_of_several_strata_are_bounded_apart() -> None:
    pair = [
        replace(said(x, model=m), fixed_counts=("hair", "label"))
        for x, m in (({"a": (80, 70), "b": (60, 50)}, "d"), ({"a": (80, 66), "b": (60, 50)}, "p"))
    ]
    comparison = compare(pair[0], pair[1], (0.5, 0.5))
    found = {}
    for group in [comparison.everyone(), *groups_of(pair[0], intersections=False)]:
        one = evidence(comparison, plugins.find("metrics", "true_positive_rate"), group)
        assert isinstance(one, Evidence)
        found[group.key] = one.method
    assert found["all"] == "exact apart"
    assert {name for key, name in found.items() if key != "all"} == {"exact"}


def test_intersections_that_were_merged_are_strata() -> None:
    """Their numbers of rows decided that they were merged, and they may differ."""
    pair = [said({"a": (9, 9 - 6 * (m == "p")), "b": (15, 15 - (m == "d"))}, model=m) for m in "dp"]
    crossed = [replace(p, groups={**p.groups, "skin": np.full(len(p.ids), "x")}) for p in pair]
    comparison = compare(*crossed, (0.5, 0.5))
    groups = groups_of(crossed[0], intersections=True)
    merged = _joined("hair & skin=other", [group for group in groups if "&" in group.key])
    found = evidence(comparison, plugins.find("metrics", "true_positive_rate"), merged)
    assert isinstance(found, Evidence)
    assert isinstance(found.procedure, StrataApart)
    assert (found.procedure.lost, found.procedure.gained, found.procedure.n) == (6, 1, 24)
