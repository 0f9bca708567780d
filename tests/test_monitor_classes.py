"""More than two classes: each class's recall, and in each group their mean."""

import numpy as np
import pandas as pd
import pytest

from faircompress.monitoring.units import Rows, reference_units, refuse_unwatchable, stream
from faircompress.monitoring.watch import Limit, Process, Settings, watch
from faircompress.support.errors import InputError

CLASSES = ("cat", "dog", "owl")
SETTINGS = Settings([Limit("true_positive_rate", 0.1)], ["skin"], 0.01, 52, CLASSES)


def rows(*lines: tuple[str, str, int, int]) -> Rows:
    """Return rows of person, day, true class and decided class, a moment a day."""
    table = pd.DataFrame(lines, columns=["person", "labelled", "label", "decided"])
    days = {day: at for at, day in enumerate(dict.fromkeys(table["labelled"]), start=1)}
    said = np.eye(3)[table.pop("decided")]
    return Rows(table.assign(moment=table["labelled"].map(days), weight=1.0, skin="dark"), said)


def many(name: str, wrong: dict[int, int], *, each: int, days: int) -> Rows:
    """Return people of each class in turn; of class k every ``wrong[k]``-th is decided wrongly."""
    lines = []
    for at in range(each * 3):
        label, number = at % 3, at // 3
        missed = label in wrong and number % wrong[label] == 0
        day = f"2026-01-{1 + at * days // (each * 3):02d}" if days else ""
        lines.append((f"{name}{at}", day, label, (label + missed) % 3))
    return rows(*lines)


def test_a_mean_recall_counts_one_person_of_each_class_when_all_are_there() -> None:
    some = rows(
        ("a", "2026-01-01", 0, 0), ("b", "2026-01-01", 1, 0), ("c", "2026-01-02", 2, 2),
        ("d", "2026-01-02", 0, 0), ("e", "2026-01-20", 1, 1), ("f", "2026-01-20", 0, 2),
    )  # fmt: skip
    found = stream(some, "true_positive_rate", (0, 1, 2))
    assert found.shares.tolist() == pytest.approx([2 / 3])
    assert found.moments.tolist() == [2]
    assert stream(some, "true_positive_rate", (0,)).shares.tolist() == [1, 1, 0]
    assert reference_units(some, "true_positive_rate", (0, 1, 2))[0].shape == (20, 1)


def test_a_person_of_several_classes_serves_one_of_them() -> None:
    lines = [(f"p{k}", "2026-01-01", label, label) for k in range(300) for label in range(3)]
    found = stream(rows(*lines), "true_positive_rate", (0, 1, 2))
    assert 80 <= len(found.shares) <= 100  # a third serves each class


def watched(new: Rows) -> dict[str, Process]:
    reference = many("old", {0: 10, 1: 10, 2: 10}, each=700, days=0)
    return {one.group: one for one in watch(new, reference, SETTINGS)}


def test_a_class_that_fell_is_named_though_the_mean_of_all_classes_hardly_fell() -> None:
    found = watched(many("new", {0: 10, 1: 10, 2: 2}, each=400, days=28))
    assert list(found) == ["label=cat", "label=dog", "label=owl", "all", "skin=dark"]
    assert [name for name, one in found.items() if one.alarm] == ["label=owl"]
    assert found["all"].rate == pytest.approx((0.9 + 0.9 + 0.5) / 3)
    assert (found["label=owl"].reference, found["label=owl"].rate) == (0.9, 0.5)


def test_nobody_raises_an_alarm_where_no_class_fell() -> None:
    found = watched(many("new", {0: 10, 1: 10, 2: 10}, each=400, days=28))
    assert not [one for one in found.values() if one.alarm]


def test_a_metric_of_two_classes_is_refused_and_told_what_there_is() -> None:
    with pytest.raises(InputError, match="there are: true_positive_rate, accuracy"):
        refuse_unwatchable("auroc", 3)
