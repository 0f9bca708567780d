"""The monitor's page says what the numbers say."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import new_project

from faircompress.monitoring.drift import Drift
from faircompress.monitoring.new_rows import Tally
from faircompress.monitoring.page import page
from faircompress.monitoring.result import Watched, as_json
from faircompress.monitoring.units import Rows
from faircompress.monitoring.watch import Limit, Settings, watch


def people(count: int, *, wrong_every: int, days: int = 0) -> Rows:
    """Return positives of one group; every so many is decided wrongly."""
    at = np.arange(count)
    day = [f"2026-01-{1 + k * days // count:02d}" if days else "" for k in at]
    table = pd.DataFrame({"person": [f"{days} {k}" for k in at], "labelled": day, "label": 1})
    table["moment"] = at * days // count + 1
    p = np.where(at % wrong_every == 0, 0.1, 0.9)
    return Rows(table.assign(weight=1.0, skin="dark"), np.stack([1 - p, p], axis=1))


def watched(*, wrong_every: int) -> Watched:
    """Watch 200 new people of whom every so many is decided wrongly; 1 of 10 was before."""
    settings = Settings([Limit("true_positive_rate", 0.1)], ["skin"], 0.01, 52)
    new, reference = people(200, wrong_every=wrong_every, days=20), people(1000, wrong_every=10)
    return Watched(
        model="m", version="7", settings=settings, processes=watch(new, reference, settings),
        drift=[Drift("skin", "group", 0.5, 0.9, "dark", 0.4, 0.0001, True)],
        rows=Tally(read=200, counted=200).numbers(), days=("2026-01-01", "2026-01-20"),
        labelled={k + 1: f"2026-01-{k + 1:02d}" for k in range(20)}, notes=[],
    )  # fmt: skip


def test_a_group_that_fell_is_named_with_its_rates_and_one_that_did_not_is_quiet() -> None:
    for wrong_every, alarm in ((2, True), (10, False)):
        found = watched(wrong_every=wrong_every)
        html = page(found)
        assert len(found.processes) == 2  # everyone, and the one group
        assert bool(found.alarms) == alarm
        assert ("serves everyone and skin=dark worse than its verdict said" in html) == alarm
        assert ("true positive rate: 90.0 % at the verdict" in html) and (
            ('<b class="fail">50.0 %</b> since (\N{MINUS SIGN}40.0 points), of 200 people' in html)
            == alarm
        )
        assert ("Evidence over 1,000,000" in html) == alarm and "e+" not in html
        assert as_json(found)["processes"][0]["reference"] == 0.9


def test_a_group_whose_name_has_a_full_stop_is_named_whole() -> None:
    found = watched(wrong_every=2)
    found = replace(found, processes=[replace(p, group="city=St. Ives") for p in found.processes])
    assert "<h1>Version 7 of m serves city=St. Ives worse than its verdict said.</h1>" in page(
        found
    )


def test_a_project_that_watches_nothing_says_so_without_a_traceback(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    said = project.call(sys.executable, "-m", "faircompress", "monitor")
    assert said.returncode == 3
    assert said.stderr.startswith("error: monitor is null in params.yaml, so nothing is watched.")
