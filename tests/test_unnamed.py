"""A verdict on rows says where they may be several rows of one person."""

import numpy as np
import pandas as pd

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
