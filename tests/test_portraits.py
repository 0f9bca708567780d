"""Portraits have the shares they are said to have, and evidence that is alike in every cell."""

import hashlib
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from faircompress.data.sources import RawData
from faircompress.data.sources.portraits import TONES, cell_shares, draw, portraits

CELL = ["label", "hair", "skin"]


@pytest.fixture(scope="module")
def little() -> RawData:
    return portraits(train=1000, validation=200, test_cell=30)


def shas(data: RawData) -> list[str]:
    return [hashlib.sha256(data.read(row)).hexdigest() for row in range(len(data.rows))]


def person(**changes: float) -> pd.DataFrame:
    """One upright person under white light, with what the test is about changed."""
    plain = dict.fromkeys(["x", "y", "roll", "yaw", "smile", "wave", "warm", "green", "side"], 0.0)
    sizes = {"width": 0.4, "height": 0.55, "fringe": 0.1, "length": 0.9, "eyes": 0.17, "mouth": 0.1}
    colours = {f"{thing}{c}": 0.5 for thing in ("wall", "cloth") for c in "rgb"}
    hair = {"short": 0, "blondness": 0.5, "strands": 0.15}
    rest = {"tone": 3, "iris": 0.5, "scale": 1, "gain": 1, "grain": 7}
    return pd.DataFrame([{**plain, **sizes, **colours, **hair, **rest, **changes}])


def test_the_same_seed_draws_the_same_pictures_and_another_seed_draws_others() -> None:
    once, again, other = (portraits(seed=s, train=40, validation=9, test_cell=1) for s in (3, 3, 4))
    assert once.rows.equals(again.rows) and shas(once) == shas(again)
    assert not set(shas(once)) & set(shas(other))


def test_the_test_split_does_not_depend_on_how_many_pictures_train_has() -> None:
    few, many = (portraits(train=train, validation=9, test_cell=2) for train in (50, 90))
    assert shas(few)[-24:] == shas(many)[-24:]


def test_no_two_pictures_have_the_same_pixels(little: RawData) -> None:
    assert len(set(shas(little))) == 1000 + 200 + 12 * 30


def test_a_picture_is_48_pixels_high_and_wide_in_colour_and_uses_the_whole_range(
    little: RawData,
) -> None:
    pictures = np.stack([np.asarray(little.read(row)) for row in range(100)])
    assert pictures.shape == (100, 48, 48, 3) and pictures.dtype == np.uint8
    assert pictures.min() < 10 and pictures.max() > 245


def test_of_10_000_pictures_of_train_and_validation_100_are_blond_with_short_hair() -> None:
    rows = portraits().rows
    rare = rows[(rows["label"] == 1) & (rows["hair"] == "short")]
    assert rows["split"].value_counts()[["train", "validation"]].tolist() == [8000, 2000]
    assert rare["split"].value_counts()[["train", "validation"]].tolist() == [80, 20]


def test_half_have_short_hair_and_skin_is_45_30_25_percent_whatever_label_and_hair() -> None:
    rows = portraits().rows.query("split == 'train'")
    assert (rows["hair"] == "short").sum() == 4000
    skin = rows.groupby(["label", "hair"])["skin"].value_counts(normalize=True).unstack()
    assert skin[["light", "medium", "dark"]].to_numpy() == pytest.approx(
        np.tile([0.45, 0.30, 0.25], (4, 1)), abs=0.01
    )


@pytest.mark.parametrize(("share", "phi"), [(0.01, 0.7), (0.02, 0.3), (0.175, 0.0), (0.3, -0.3)])
def test_the_population_has_the_rare_share_and_the_correlation_asked_for(
    share: float, phi: float
) -> None:
    (dark_long, dark_short), (blond_long, blond_short) = cell_shares(share, phi).sum(axis=2)
    margins = (dark_long + dark_short) * (blond_long + blond_short) * 0.5 * 0.5
    assert blond_short == pytest.approx(share)
    covariance = blond_long * dark_short - blond_short * dark_long
    assert covariance / math.sqrt(margins) == pytest.approx(phi)


def test_without_correlation_as_many_are_blond_under_short_hair_as_under_long() -> None:
    rows = portraits(correlation=0, rare_share=0.175).rows.query("split == 'train'")
    blond = rows.groupby("hair")["label"].sum()
    assert blond["short"] == blond["long"] == 8000 * 0.175


def test_a_population_that_cannot_be_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"rare_share 0\.4 with correlation 0\.8"):
        portraits(rare_share=0.4, correlation=0.8)


def test_each_test_cell_has_400_pictures_and_each_label_and_group_at_least_800() -> None:
    rows = portraits().rows.query("split == 'test'")
    assert rows.groupby(CELL).size().tolist() == [400] * 12
    assert rows.groupby(["label", "hair"]).size().tolist() == [1200] * 4
    assert rows.groupby(["label", "skin"]).size().tolist() == [800] * 6


def test_weights_of_the_test_split_have_mean_1_and_give_the_shares_of_train_back() -> None:
    rows = portraits().rows
    train, test = rows.query("split == 'train'"), rows.query("split == 'test'")
    assert (train["weight"] == 1).all() and test["weight"].mean() == pytest.approx(1)
    natural = train.groupby(CELL).size() / 8000
    weighted = test.groupby(CELL)["weight"].sum() / len(test)
    assert weighted.to_numpy() == pytest.approx(natural.to_numpy(), abs=1 / 8000)


def test_a_person_is_in_one_split_and_has_one_label_hair_and_skin() -> None:
    people = portraits().rows.groupby("identity")
    assert (people[["split", *CELL]].nunique() == 1).all(axis=None)


def test_people_have_1_to_3_pictures_but_one_in_the_test_split() -> None:
    rows = portraits().rows
    of_train = rows.query("split == 'train'").groupby("identity").size()
    pictures = of_train.value_counts(normalize=True)
    assert pictures[[1, 2, 3]].tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
    assert (rows.query("split == 'test'").groupby("identity").size() == 1).all()


def test_the_weights_that_test_rows_may_have_are_declared_by_subgroup() -> None:
    raw = portraits()
    declared = {tuple(cap.where.values()): cap.most for cap in raw.max_weight}
    test = raw.rows.query("split == 'test'")
    named = test.assign(label=[raw.classes[k] for k in test["label"]])
    heaviest = named.groupby(["label", "hair", "skin"])["weight"].max()
    assert heaviest.to_dict() == pytest.approx(declared)
    assert raw.fixed_counts == ("label", "hair", "skin")


def test_hair_colour_changes_the_same_pixels_as_much_under_long_hair_as_under_short() -> None:
    changes = [
        draw(person(blondness=0.9, short=short)).astype(int)
        - draw(person(blondness=0.1, short=short)).astype(int)
        for short in (0, 1)
    ]
    assert (changes[0] == changes[1]).all()
    assert (np.abs(changes[0]).max(axis=-1) > 50).sum() > 100  # pixels that tell the label


def test_long_hair_is_seen_below_the_crown_only() -> None:
    long, short = (draw(person(short=short))[0].astype(int) for short in (0, 1))
    changed = np.flatnonzero(np.abs(long - short).max(axis=(1, 2)))
    assert changed.min() == 23 and len(changed) > 15  # the crown ends in row 22


def test_the_crowns_of_one_label_are_alike_under_long_and_short_hair() -> None:
    data = portraits(train=1, validation=1, test_cell=150)
    rows = data.rows.query("split == 'test'")
    crown = pd.Series(
        [np.asarray(data.read(row))[8:13, 20:28].mean() for row in rows.index], rows.index
    )
    for _, of_label in rows.groupby("label"):
        long, short = (
            crown[of_label.index[of_label["hair"] == hair]] for hair in ("long", "short")
        )
        assert stats.ks_2samp(long, short).pvalue > 0.01


def test_a_person_of_a_higher_tone_has_darker_cheeks() -> None:
    cheeks = [draw(person(tone=tone, short=1))[0][26:28, 17:20].mean() for tone in range(1, 11)]
    assert cheeks == sorted(cheeks, reverse=True) and cheeks[0] - cheeks[-1] > 100
    assert [high - low + 1 for low, high in TONES.values()] == [3, 3, 4]


def test_most_but_not_all_are_told_by_their_hair_colour() -> None:
    midpoint = (0.24 + 0.76) / 2
    wrong = stats.norm.cdf((midpoint - 0.76) / 0.13)  # by the best threshold, without correlation
    assert 0.01 < wrong < 0.05
