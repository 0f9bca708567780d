"""Each person counts once, however many pictures: rates, what it costs, what it may not hide."""

from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pandas as pd
import pytest
from test_rows_first import chosen

import faircompress
from faircompress.data.counting import shares
from faircompress.data.predictions import Predictions
from faircompress.evaluation.too_small import of_data
from faircompress.monitoring.counted import reference_rows
from faircompress.monitoring.units import reference_units
from faircompress.validation import rows_first

pytestmark = pytest.mark.usefixtures("in_empty_folder")
COLUMNS: dict[str, Any] = {
    "label": "y", "groups": ["g"], "baseline": "d", "candidate": "s", "cluster": "who",
    "rules": ["change true_positive_rate 0.1"],
}  # fmt: skip


def people(harmed: float = 0.0, *, count: int = 800, seed: int = 5) -> pd.DataFrame:
    """Half of each group's people are positive; each tenth has 20 rows, who alone are harmed."""
    rng = np.random.default_rng(seed)
    many = np.arange(count) % 10 == 0
    who = np.repeat(np.arange(count), np.where(many, 20, 1))
    y, g = who // 2 % 2, np.where(who % 2, "a", "b")
    d = np.where(y == 1, 0.8, 0.2) + rng.normal(0, 0.02, len(who))
    hit = (y == 1) & many[who] & (rng.random(count) < harmed)[who]
    return pd.DataFrame({"who": who, "y": y, "g": g, "d": d, "s": np.where(hit, 0.3, d)})


def outcome(df: pd.DataFrame, **more: Any) -> str:
    return str(faircompress.audit(df, **{**COLUMNS, **more}).outcome)


def test_the_rows_of_a_cluster_share_a_weight_of_one() -> None:
    assert shares(np.array(["a", "b", "a", "c"])).tolist() == [0.5, 1, 0.5, 1]
    assert shares(np.array([])).tolist() == []


def test_the_rate_is_that_of_a_person_and_not_of_a_row() -> None:
    df = people(harmed=1.0)
    verdict = faircompress.audit(df, **{**COLUMNS, "counts": "clusters"})
    found = verdict.groups[0].metrics["true_positive_rate"]
    positive = df[df.y == 1]
    by_person = (positive.s >= 0.5).groupby(positive.who).mean().mean()
    assert found.candidate == pytest.approx(by_person) == pytest.approx(0.9)
    assert (positive.s >= 0.5).mean() < 0.4  # most rows are of the harmed
    assert any("the largest has 20 of 2,320" in note for note in verdict.notes)


def test_a_few_people_with_many_rows_cost_the_others_nothing() -> None:
    df = people()
    assert outcome(df, max_weight=20) == "inconclusive"
    assert outcome(df, counts="clusters", max_weight=1) == "pass"
    assert outcome(df, counts="clusters") == "pass"  # 2: somebody may have rows of both classes


def test_harm_to_more_people_than_the_limit_allows_does_not_pass() -> None:
    df = people()
    hit = (df.y == 1) & (df.who % 7 == 1)  # a seventh of the people, one row each or 20
    assert outcome(df.assign(s=df.s.mask(hit, 0.3)), counts="clusters", max_weight=1) != "pass"


def test_somebody_with_rows_of_both_classes_may_weigh_more_than_one() -> None:
    df = people()
    df.loc[df.who == 0, "y"] = (np.arange((df.who == 0).sum()) < 4).astype(int)
    assert outcome(df, counts="clusters") == "pass"
    with pytest.raises(ValueError, match=r"weighs 1\.6, more than the 1 that one may weigh"):
        outcome(df, counts="clusters", max_weight=1)  # 16 of its 20 rows are negative, doubled


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cluster": None}, "counts clusters needs cluster, the column of whose row it is"),
        ({"weight": "d"}, "counts clusters and weight are given"),
        ({"counts": "people"}, "counts is 'people'; needed is rows or clusters"),
    ],
)
def test_what_contradicts_it_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        outcome(people(), **{"counts": "clusters", **more})


def persons(root: Path, **of_row: Any) -> dict[str, Any]:
    """People with one to four pictures, each in one split."""
    rows = galleries.people(480)
    for at, row in enumerate(rows):
        person = at // 4 * 4 if at // 4 % 3 == 0 else at
        row |= {"person": f"p{person}", "split": ("train", "validation", "test")[at // 4 % 3]}
        row |= of_row
    return galleries.table(root, rows) | {"split": "split", "identity": "person"}


def test_a_data_set_counts_people_by_split(tmp_path: Path) -> None:
    given = persons(tmp_path)
    data = chosen(given).data
    assert data.counts == "pictures"
    raw = rows_first.read_rows(data.model_copy(update={"counts": "people"}))
    of_person = raw.rows.groupby(["split", "identity"])["weight"].sum()
    assert of_person.to_numpy() == pytest.approx(1)
    assert [cap.most for cap in raw.max_weight] == [2.0]
    assert "each person counts once" in raw.notes[-1]
    nobody = given | {"identity": None}
    with pytest.raises(ValueError, match=r"data\.counts is people, but no row says whose picture"):
        rows_first.read_rows(chosen(nobody).data.model_copy(update={"counts": "people"}))
    with pytest.raises(ValueError, match="rows have weights of their own"):
        weighty = persons(tmp_path / "w", w=2) | {"weight": "w"}
        rows_first.read_rows(chosen(weighty).data.model_copy(update={"counts": "people"}))


def test_params_tell_that_many_pictures_of_some_cost_the_others(tmp_path: Path) -> None:
    given = persons(tmp_path) | {"max_weight": 8}
    asked = chosen(given)
    said = of_data(rows_first.read_rows(asked.data), gate=asked.gate)
    assert "in test (one may weigh 8), and" in said
    assert "Somebody may weigh 8 there" in said and "data.counts: people lets each" in said
    by_person = asked.data.model_copy(update={"counts": "people"})
    assert "Somebody may weigh 8" in of_data(rows_first.read_rows(by_person), gate=asked.gate)
    free = chosen(given | {"max_weight": None}).data.model_copy(update={"counts": "people"})
    assert "Somebody may weigh" not in of_data(rows_first.read_rows(free), gate=asked.gate)


def test_the_monitor_compares_with_people_who_count_once() -> None:
    df = people(harmed=1.0)
    scores = df.s.to_numpy()
    said = Predictions(
        ids=np.arange(len(df)).astype(str), labels=df.y.to_numpy(),
        probabilities=np.stack([1 - scores, scores], 1), groups={"g": df.g.to_numpy()},
        identities=df.who.to_numpy().astype(str), weights=shares(df.who.to_numpy()),
        classes=("no", "yes"), model="m", data="d",
    )  # fmt: skip
    right, weights = reference_units(reference_rows(said), "true_positive_rate")
    assert np.average(right[0], weights=weights[0]) == pytest.approx(0.9)
