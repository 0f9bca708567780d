"""Rates, intervals and tests of a study, on predictions whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from faircompress.data.predictions import Predictions
from faircompress.study.cells import (
    AUROC,
    RIGHT,
    Part,
    cell_counts,
    excess_harm,
    parts,
    rarest,
    rates,
    weighted_auroc,
)
from faircompress.study.comparison import Comparison, balanced
from faircompress.study.plan import Cell, Plan
from faircompress.study.resampling import draw, estimate, holm, sign_flip


def said(
    scores: list[float], labels: list[int], hair: list[str], *, model: str = "a",
    people: list[str] | None = None, classes: tuple[str, ...] = ("dark", "blond"),
) -> Predictions:  # fmt: skip
    positive = np.array(scores)
    return Predictions(
        ids=np.array([f"{row:05d}" for row in range(len(scores))]),
        labels=np.array(labels),
        probabilities=np.stack([1 - positive, positive], axis=1),
        groups={"hair": np.array(hair)},
        identities=None if people is None else np.array(people),
        weights=np.ones(len(scores)),
        classes=classes,
        model=model,
        data="d",
    )


LABELS, HAIR = [1, 1, 0, 0], ["long", "short", "long", "short"]
DENSE = said([0.9, 0.8, 0.1, 0.2], LABELS, HAIR)
PRUNED = said([0.9, 0.3, 0.1, 0.2], LABELS, HAIR, model="b")  # the blond with short hair is lost


def test_a_cell_is_a_class_of_a_group_and_its_rate_the_share_right() -> None:
    table = rates(DENSE, PRUNED).set_index(["part", "metric"])
    assert table.loc[("blond, hair=short", RIGHT), "change"] == -1.0
    assert table.loc[("blond, hair=long", RIGHT), "change"] == 0.0
    assert table.loc[("hair=short", RIGHT), "pruned"] == 0.5
    assert table.loc[("all", RIGHT), "pruned"] == 0.75
    assert table.loc[("hair=short", AUROC), "change"] == 0.0  # .3 still ranks above .2
    assert balanced(DENSE, PRUNED) == 0.75  # cells 1, 0, 1, 1


def test_excess_harm_is_a_groups_fall_beyond_everyones() -> None:
    psi = excess_harm(rates(DENSE, PRUNED))
    assert psi["hair=short"] == pytest.approx(0.5 - 0.25)
    assert psi["hair=long"] == pytest.approx(0.0 - 0.25)


def test_the_weighted_area_is_scikit_learns_with_ties_too() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 20, 300) / 20
    one = said(list(scores), list(rng.integers(0, 2, 300)), ["x"] * 300)
    times = rng.integers(0, 4, (5, 300)).astype(float)
    found = weighted_auroc(one, Part("all", np.arange(300), 1, False), times)
    expected = [roc_auc_score(one.labels, scores, sample_weight=weights) for weights in times]
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_rarest_cell_is_the_one_with_the_fewest_train_rows() -> None:
    rows = pd.DataFrame(
        {"label": [0, 0, 0, 1, 1], "hair": ["long", "short", "short", "long", "long"]}
    )
    counts = cell_counts(rows, ("dark", "blond"), ("hair",))
    assert counts.to_dict() == {"dark, hair=short": 2, "blond, hair=long": 2, "dark, hair=long": 1}
    assert rarest(counts, DENSE) == "blond, hair=short"  # train has none of it


def test_classes_are_groups_where_the_data_has_no_other() -> None:
    only = said([0.9, 0.1], [1, 0], ["x", "x"])
    only = Predictions(**{**vars(only), "groups": {"label": np.array(["blond", "dark"])}})
    assert [part.name for part in parts(only)] == [
        "all", "label=dark", "label=blond", "dark", "blond",
    ]  # fmt: skip


def test_the_sign_flip_test_with_eight_equal_signs_gives_two_in_256() -> None:
    assert sign_flip(np.arange(1, 9) / 10) == pytest.approx(2 / 256)
    assert sign_flip(np.array([1.0, -1.0])) == 1.0


def test_holm_multiplies_the_smallest_p_by_all_and_keeps_their_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_people_are_drawn_whole() -> None:
    one = said([0.9] * 4, [1, 1, 0, 0], ["x"] * 4, people=["a", "a", "b", "c"])
    draws = draw(one, 3, draws=50)
    assert (draws.rows[:, 0] == draws.rows[:, 1]).all()
    assert (draws.rows[:, 1:].sum(1) == 3).all()  # three people are drawn from three
    assert (draws.seeds.sum(1) == 3).all()


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Seeds shift a rate by their own amount, people by theirs: both must be in the interval."""
    rng, covered = np.random.default_rng(1), 0
    for _ in range(200):
        seeds, people = rng.normal(0, 0.05, 8), rng.normal(0, 0.5, 60)
        one = said([0.9] * 60, [1, 0] * 30, ["x"] * 60)
        draws = draw(one, 8, draws=200)
        values = [
            (shift + people.mean(), shift + (draws.rows @ people) / draws.rows.sum(1))
            for shift in seeds
        ]
        found = estimate(values, draws)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
        assert (found.p or 0) > 0.05 or not found.low <= 0 <= found.high  # one and the same test
    assert 0.93 <= covered / 200 <= 1.0


def test_one_seed_has_no_interval() -> None:
    draws = draw(DENSE, 1, draws=10)
    found = estimate([(0.5, np.full(10, 0.5))], draws)
    assert (found.mean, found.low, found.p, found.flips) == (0.5, None, None, None)


PLAN = Plan.model_validate({
    "about": "?", "data": {"d": {}}, "models": {"m": {}}, "methods": {"plain": {}, "better": {}},
    "speedups": [16], "seeds": [1, 2, 3], "endpoint": {"speedup": 16, "baselines": ["plain"]},
})  # fmt: skip


def compared(lost: dict[str, list[int]]) -> Comparison:
    """Give a comparison in which each seed of a method loses so many of 40 blond short people."""
    labels, hair = [1] * 80 + [0] * 80, (["short"] * 40 + ["long"] * 40) * 2
    runs = [Cell("d", "m", seed, method, 0, 16.0) for method in lost for seed in PLAN.seeds]

    def look_up(cell: Cell, split: str) -> Predictions:
        gone = lost[cell.method][cell.seed - 1] if cell.method else 0
        scores = [0.4] * gone + [0.9] * (80 - gone) + [0.1] * 80
        return said(scores, labels, hair, model=cell.key)

    return Comparison(PLAN, "d", "m", runs, look_up, "blond, hair=short")


def test_a_gain_is_the_difference_of_two_harms_of_the_same_seeds() -> None:
    first, second = compared({"plain": [20, 24, 28], "better": [8, 12, 10]}).tests()
    assert (first.endpoint, first.part) == ("rarest subgroup", "blond, hair=short")
    assert first.baseline.mean == pytest.approx(-0.6)
    assert first.change.mean == pytest.approx(-0.25)
    assert first.gain.seeds == pytest.approx((0.3, 0.3, 0.45))
    assert first.gain.flips == pytest.approx(2 / 8)
    assert first.gain.low is not None
    assert first.gain.low < 0.35 < (first.gain.high or 0)  # three seeds are few
    assert (second.endpoint, second.part) == ("worst group", "hair=long")


def test_a_method_that_lacks_a_seed_is_not_compared() -> None:
    full = compared({"plain": [1, 1, 1], "better": [1, 1, 1]})
    some = [cell for cell in full.cells if cell != Cell("d", "m", 2, "better", 0, 16.0)]
    assert Comparison(PLAN, "d", "m", some, full.said, "blond, hair=short").tests() == []


def renamed(full: Comparison, which: str, value: object) -> Comparison:
    """Return a comparison in which some runs were tested on people of other names."""

    def other(cell: Cell, split: str) -> Predictions:
        found = full.said(cell, split)
        ids = found.ids if getattr(cell, which) == value else np.char.add(found.ids, "x")
        return Predictions(**{**vars(found), "ids": ids})

    return Comparison(PLAN, "d", "m", full.cells, other, "blond, hair=short")


def test_methods_of_a_seed_that_were_tested_on_other_rows_are_refused() -> None:
    full = compared({"plain": [1, 1, 1], "better": [0, 0, 0]})
    with pytest.raises(ValueError, match="tested on other rows"):
        renamed(full, "method", "plain")


def test_a_seed_may_have_people_of_its_own() -> None:
    full = compared({"plain": [1, 1, 1], "better": [0, 0, 0]})
    assert not full.own_people
    assert renamed(full, "seed", 1).own_people
