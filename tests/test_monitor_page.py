"""The monitor's page says what the numbers say."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import new_project

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


def test_a_group_that_fell_is_named_with_its_rates_and_one_that_did_not_is_quiet() -> None:
    settings = Settings([Limit("true_positive_rate", 0.1)], ["skin"], 0.01, 52)
    reference = people(1000, wrong_every=10)  # 0.9
    for wrong_every, alarm in ((2, True), (10, False)):
        new = people(200, wrong_every=wrong_every, days=20)
        found = Watched(
            model="m", version="7", settings=settings, processes=watch(new, reference, settings),
            drift=[], rows=Tally(read=200, counted=200).numbers(), days=("2026-01-01", ""),
            labelled={k + 1: f"2026-01-{k + 1:02d}" for k in range(20)}, notes=[],
        )  # fmt: skip
        html = page(found)
        assert len(found.processes) == 2  # everyone, and the one group
        assert bool(found.alarms) == alarm
        assert ("serves all, skin=dark worse than its verdict said" in html) == alarm
        assert ('<td class="n">0.500</td>' in html) == alarm
        assert as_json(found)["processes"][0]["reference"] == 0.9


def test_a_project_that_watches_nothing_says_so_without_a_traceback(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    said = project.call(sys.executable, "-m", "faircompress", "monitor")
    assert said.returncode == 3
    assert said.stderr.startswith("error: monitor is null in params.yaml, so nothing is watched.")
