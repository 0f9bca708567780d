"""A verdict on rows says where they may be several rows of one person."""

import numpy as np
import pandas as pd
import pytest

import faircompress


def judged(**more: object) -> list[str]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 600)
    scores = np.clip(np.where(labels, 0.8, 0.2) + rng.normal(0, 0.05, 600), 0, 1)
    df = pd.DataFrame({"y": labels, "sex": np.where(rng.random(600) < 0.5, "f", "m")})
    df["a"], df["b"] = scores, np.clip(scores + rng.normal(0, 0.01, 600), 0, 1)
    df["patient"] = [f"P{row // 3}" for row in range(600)]
    return faircompress.audit(
        df, label="y", groups=["sex"], baseline="a", candidate="b", rules="change auroc 0.1",
        **more,
    ).notes  # fmt: skip


def test_a_column_of_people_that_is_not_named_is_told_beside_the_verdict() -> None:
    (note,) = judged()
    assert note.startswith("No clusters are named, and column 'patient' has 200 values in 600 rows")
    assert "name it (cluster)" in note


def test_once_it_is_named_nothing_is_told() -> None:
    assert judged(cluster="patient", max_weight=6) == []


def test_pictures_with_several_rows_each_are_told() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(rng.integers(0, 2, 60), 10)  # ten variants of each of 60 pictures
    scores = np.clip(np.where(labels, 0.8, 0.2) + rng.normal(0, 0.05, 600), 0, 1)
    df = pd.DataFrame({"y": labels, "g": "all", "a": scores, "b": scores})
    df["b"] = np.clip(df.b + rng.normal(0, 0.01, 600), 0, 1)
    for pictures in (np.tile(np.arange(60), 10), [f"{n % 60}.png" for n in range(600)]):
        (note,) = faircompress.audit(
            df.assign(image=pictures), label="y", groups=["g"], baseline="a", candidate="b",
            rules="change auroc 0.1",
        ).notes  # fmt: skip
        assert note.startswith("No clusters are named, and column 'image' has 60 values in 600")


def test_people_who_are_spelt_in_two_ways_are_told() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 2
    df = pd.DataFrame({"y": labels, "g": "all", "a": np.where(labels, 0.8, 0.2)})
    df["b"] = df.a + rng.normal(0, 0.01, 600)
    df["who"] = ["Ann" if row == 1 else "ann" if row == 2 else f"P{row}" for row in range(600)]
    notes = faircompress.audit(
        df, label="y", groups=["g"], baseline="a", candidate="b", cluster="who", max_weight=2,
        rules="change true_positive_rate 0.1",
    ).notes  # fmt: skip
    assert any("clusters are almost equal: 'Ann' and 'ann'" in note for note in notes)


def test_zeros_and_ones_are_not_read_as_classes_where_they_may_be_probabilities_of_0() -> None:
    labels = np.arange(600) % 2
    df = pd.DataFrame({"y": labels, "g": "all", "p": np.where(labels, 0.2, 0.8)})
    df["q"] = 1.0 - labels  # certain of class 0 where it is class 0: no harm at all
    with pytest.raises(ValueError, match="a 1 may be the decided class 1, or probability 1 of"):
        faircompress.audit(
            df, label="y", groups=["g"], baseline="p", candidate="q", classes=("1", "0"),
            rules="change true_positive_rate 0.1",
        )  # fmt: skip
