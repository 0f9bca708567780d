"""Groups that nobody wrote down: found on validation rows, judged on test rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binom
from test_gate import artifacts, chosen

from faircompress.data.dataset import Split
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.decisions import decide
from faircompress.evaluation.hidden_subgroups import HiddenSubgroup, hidden_subgroups
from faircompress.networks.network import Network, build
from faircompress.report.hidden import hidden
from faircompress.stages.gate import gate
from faircompress.support import files
from faircompress.training.hidden_groups import hidden_groups


def predicted(right: np.ndarray, people: np.ndarray | None = None) -> Predictions:
    """200 rows of class b, of which some are decided rightly."""
    p = np.where(right, 0.9, 0.2)
    return Predictions(
        ids=np.array([f"r{i:03d}" for i in range(len(right))]), labels=np.ones(len(right), int),
        probabilities=np.stack([1 - p, p], 1), groups={}, identities=people,
        weights=np.ones(len(right)), classes=("a", "b"), model="m", data="d",
    )  # fmt: skip


def judged(lost: int, people: np.ndarray | None = None) -> list[HiddenSubgroup]:
    """Two clusters of 100; the second loses some rows, nearest to its centre first."""
    after = np.ones(200, bool)
    after[100 : 100 + lost] = False
    baseline = predicted(np.ones(200, bool), people)
    pair = decide(baseline, 0.5), decide(predicted(after, people), 0.5)
    rows = np.arange(200)
    return hidden_subgroups(baseline, pair, rows, rows // 100, rows.astype(float))


def test_a_cluster_that_lost_is_shown_with_the_sign_test_corrected_for_all() -> None:
    worst, other = judged(lost=10)
    assert (worst.cluster, worst.label, worst.lost, worst.gained) == (2, "b", 10, 0)
    assert worst.p == pytest.approx(2 * binom.sf(9, 10, 0.5))  # 2 / 2 ** 10
    assert worst.worse and not other.worse and other.p == 1.0
    assert worst.nearest[0] == "r100" and worst.after == 0.9


def test_where_none_is_worse_the_report_says_so() -> None:
    found = judged(lost=4)  # p 1 / 16 before it is corrected
    shown = hidden(found, {}, CHAIN, found_on=500)
    assert shown["sentence"] == "None of the 2 hidden subgroups is shown to have lost."
    assert "500 validation pictures" in shown["how"] and shown["worse"] == 0
    assert hidden([], {}, CHAIN, found_on=500) == {}


def test_a_person_with_many_pictures_counts_once() -> None:
    people = np.where(np.arange(200) < 100, np.arange(200), 100 + np.arange(200) % 2)
    assert [one.rows for one in judged(lost=10, people=people)] == [100]  # two people are too few


def split(dark: int, light: int) -> Split:
    """Dark pictures, then light ones; half of each of either class."""
    rng = np.random.default_rng(0)
    shade = np.repeat([40, 200], [dark, light])[:, None, None, None]
    images = (shade + rng.integers(-20, 20, (dark + light, 32, 32, 3))).astype(np.uint8)
    labels = np.arange(dark + light) % 2
    ids = pd.DataFrame({"id": [f"p{i}" for i in range(dark + light)]})
    return Split(ids, images, labels, np.zeros(dark + light, int), 1)


def test_clusters_are_found_by_what_the_network_sees_and_test_pictures_are_put_into_them(
    drawn_network: Network,
) -> None:
    validation, test = split(60, 60), split(30, 50)
    lost = np.arange(120) % 4 == 1
    lost[60:] = False  # of the dark ones, class 1, some are lost
    found = hidden_groups(drawn_network, validation, test, lost)
    assert found is not None and found.found_on == 120
    dark, light = found.cluster[:30], found.cluster[30:]
    assert not set(dark) & set(light)  # no cluster holds both
    again = hidden_groups(drawn_network, validation, test, lost)
    assert again is not None and np.array_equal(again.cluster, found.cluster)


@pytest.fixture
def drawn_network() -> Network:
    torch.manual_seed(0)
    return Network(build("small", 2).eval(), "small", 2, (0.5,) * 3, (0.25,) * 3)


def test_the_report_of_a_chain_shows_the_pictures_nearest_to_the_centre(tmp_path: Path) -> None:
    folder = artifacts(tmp_path, 120)
    known = {
        "stage": "s", "count": 2, "found_on": 800,
        "ids": [f"test-{i:03d}" for i in range(800)],
        "cluster": (np.arange(800) // 400).tolist(), "distance": [1.0] * 800,
    }  # fmt: skip
    files.write_json(folder / "export" / "hidden_groups.json", known)
    gate(chosen(), folder)
    text = (folder / "gate" / "report.html").read_text("utf-8")
    assert "1 of 4 hidden subgroups lost: cluster 2, blond." in text
    assert text.count('near the centre of cluster 2, blond"') == 6
