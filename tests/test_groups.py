from dataclasses import replace

import numpy as np
import pytest
from hair_rates import gate, in_validation, said

from faircompress.data.predictions import Predictions
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.groups import groups_of, without_rows


def rows_of(**columns: list[str]) -> Predictions:
    rows = len(next(iter(columns.values())))
    return Predictions(
        ids=np.arange(rows).astype(str),
        labels=np.arange(rows) % 2,
        probabilities=np.full((rows, 2), 0.5),
        groups={name: np.array(values) for name, values in columns.items()},
        identities=None,
        weights=np.ones(rows),
        classes=("dark", "blond"),
        model="m",
        data="d",
    )


TWO_BY_TWO = rows_of(
    hair=["long", "long", "short"], skin=["dark", "light", "light"], label=["dark", "blond", "dark"]
)


def test_crossed_groups_hold_the_rows_of_both_and_classes_are_not_crossed() -> None:
    found = {g.key: g.rows.tolist() for g in groups_of(TWO_BY_TWO, intersections=True)}
    assert found == {
        "hair=long": [0, 1], "hair=short": [2], "skin=dark": [0], "skin=light": [1, 2],
        "label=dark": [0, 1, 2], "label=blond": [0, 1, 2],
        "hair=long & skin=dark": [0], "hair=long & skin=light": [1], "hair=short & skin=light": [2],
    }  # fmt: skip


def test_a_crossed_group_that_no_row_is_in_is_told_by_its_name() -> None:
    assert without_rows(groups_of(TWO_BY_TWO, intersections=True), []) == ["hair=short & skin=dark"]
    assert without_rows(groups_of(TWO_BY_TWO, intersections=False), []) == []


def test_of_three_columns_every_pair_is_looked_at() -> None:
    three = rows_of(a=["1", "2"], b=["1", "2"], c=["1", "1"])
    assert without_rows(groups_of(three, intersections=True), []) == ["a=1 & b=2", "a=2 & b=1"]


def test_a_crossed_group_without_a_row_never_passes_unless_it_is_declared_absent() -> None:
    pair = [said({"a": (80, 80), "b": (80, 80)}, model=m) for m in "dp"]
    skin = np.where(pair[0].groups["hair"] == "a", "dark", "light")
    pair = [replace(p, groups={**p.groups, "skin": skin}) for p in pair]
    verdict = evaluate(*pair, gate(intersections=True), validation=in_validation(*pair))
    (told,) = verdict.reasons
    assert told.startswith("no test row is in hair=a & skin=light and hair=b & skin=dark, so harm")
    assert verdict.outcome == "inconclusive"
    assert "hair=b & skin=dark, where there is no row" in verdict.sentence
    declared = gate(intersections=True, absent=["hair=a & skin=light", "skin=dark & hair=b"])
    assert evaluate(*pair, declared, validation=in_validation(*pair)).outcome == "pass"
    assert evaluate(*pair, gate(), validation=in_validation(*pair)).reasons == []


def test_rows_that_are_there_cannot_be_declared_absent() -> None:
    pair = [said({"a": (80, 80), "b": (80, 80)}, model=m) for m in "dp"]
    with pytest.raises(ValueError, match="declares 'hair=b', but [0-9]+ test rows are there"):
        evaluate(*pair, gate(absent=["hair=b"]))


def test_a_group_that_validation_has_and_the_test_split_lacks_never_passes() -> None:
    whole = [said({"a": (80, 80), "b": (80, 80)}, model=m) for m in "dp"]
    part = [said({"a": (80, 80)}, model=m) for m in "dp"]
    verdict = evaluate(*part, gate(), validation=in_validation(*whole))
    assert (verdict.outcome, verdict.reasons[0][:31]) == (
        "inconclusive", "no test row is in hair=b, so ha",
    )  # fmt: skip
    declared = gate(absent=["hair=b"])
    assert evaluate(*part, declared, validation=in_validation(*whole)).outcome == "pass"
