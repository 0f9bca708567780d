"""Means over classes where one person may have rows of every class."""

from dataclasses import replace

import numpy as np
import pytest

from faircompress.config import plugins
from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions
from faircompress.evaluation.comparison import compare
from faircompress.evaluation.evidence import Evidence, evidence

CLASSES, LIMIT, ALPHA = 8, 0.03, 0.025


def people(of_all: int, each: int) -> tuple[Predictions, Predictions]:
    """Return people of one row, unharmed, and some with a row of every class, all of them lost."""
    single = np.repeat(np.arange(CLASSES), each)
    labels = np.concatenate([single, np.tile(np.arange(CLASSES), of_all)])
    who = np.concatenate(
        [np.arange(len(single)), np.repeat(len(single) + np.arange(of_all), CLASSES)]
    )
    names = tuple(f"k{k}" for k in range(CLASSES))
    baseline = Predictions(
        ids=np.char.zfill(np.arange(len(labels)).astype(str), 6),
        labels=labels,
        probabilities=np.eye(CLASSES)[labels],
        groups={},
        identities=np.char.zfill(who.astype(str), 6),
        weights=np.ones(len(labels)),
        classes=names,
        model="baseline",
        data="drawn",
        max_weight=tuple(MaxWeight(2.0, {"label": name}) for name in names),
    )
    decided = np.where(np.arange(len(labels)) >= len(single), (labels + 1) % CLASSES, labels)
    return baseline, replace(baseline, probabilities=np.eye(CLASSES)[decided], model="candidate")


def certified(pair: tuple[Predictions, Predictions], metric: str) -> bool:
    """Tell whether the limit is certified for everyone."""
    comparison = compare(*pair, (None, None))
    found = evidence(comparison, plugins.find("metrics", metric), comparison.everyone())
    assert isinstance(found, Evidence)
    return found.change_at_most(-LIMIT, ALPHA).rejects


@pytest.mark.parametrize(("metric", "each"), [("true_positive_rate", 50), ("auroc", 90)])
def test_that_nobody_with_rows_of_all_classes_was_drawn_certifies_nothing_about_them(
    metric: str, each: int
) -> None:
    """If such people have a share of ``LIMIT`` of every class's rows and all lose, it is harm.

    Of ``each`` rows a class that harm goes unseen with the chance that no such person is drawn.
    """
    unseen = (1 - LIMIT) ** each
    assert unseen > 2 * ALPHA
    assert not certified(people(0, each), metric)
    assert certified(people(0, 4 * each), metric)


def test_people_with_rows_of_all_classes_are_dealt_in_rounds_like_others() -> None:
    comparison = compare(*people(3, 60), (None, None))
    found = evidence(
        comparison, plugins.find("metrics", "true_positive_rate"), comparison.everyone()
    )
    assert isinstance(found, Evidence) and found.method == "betting in rounds"
    assert found.change == pytest.approx(-3 / 63)
    assert comparison.cap_in_rounds(0, comparison.everyone()) == CLASSES  # of 1 in each of all
