"""The champion on newly labelled pictures: quiet until a group is harmed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Project
from finished_runs import MODEL, client
from PIL import Image
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from receivers import http
from registered import moved, registered_as

from faircompress.data.sources.portraits import portraits
from faircompress.orchestration.clone import name_of

Finished = tuple[Project, subprocess.CompletedProcess[str]]
RATES = ("true_positive_rate", "false_positive_rate")
WATCHED = {
    "rows": {
        "root": "data/new", "file": "labelled.csv", "groups": ["hair", "skin"],
        "identity": "person", "labelled": "day",
    },
    "rules": [{"metric": metric, "limit": 0.1} for metric in RATES],
}  # fmt: skip


def add_pictures(folder: Path, seed: int, days: pd.DatetimeIndex, *, light: float) -> None:
    """Add newly labelled pictures to a table; those of dark skin are taken in less light."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = portraits(seed=seed, train=480, validation=20, test_cell=1, rare_share=0.05)
    rows = raw.rows.assign(image=[f"{seed}-{at}.png" for at in range(len(raw.rows))])
    for at, name in enumerate(rows["image"]):
        share = light if rows["skin"][at] == "dark" else 1.0
        Image.fromarray((np.asarray(raw.read(at)) * share).astype(np.uint8)).save(folder / name)
    table = pd.DataFrame(
        {
            **{name: rows[name] for name in ("image", "hair", "skin")},
            "label": rows["label"].map(dict(enumerate(raw.classes))),
            "person": f"{seed} " + rows["identity"],
            "day": days[np.arange(len(rows)) * len(days) // len(rows)].strftime("%Y-%m-%d"),
        }
    )
    file = folder / "labelled.csv"
    table.to_csv(file, mode="a", header=not file.exists(), index=False)


@pytest.fixture(scope="module")
def watching(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project with two champions, one after the other, and rows that harm nobody."""
    folder = tmp_path_factory.mktemp("watched") / "p"
    folder.mkdir()
    moved(finished[0].folder, folder)
    registered_as(folder, "pass")
    path = folder / "params.yaml"
    told = {"when": ["alarm"], "to": "webhook", "env": "TEAM_URL"}
    raw = yaml.safe_load(path.read_text()) | {"monitor": WATCHED, "notify": [told]}
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    return Project(folder, finished[0].env)


def watch(project: Project) -> subprocess.CompletedProcess[str]:
    return project.call(sys.executable, "-m", "faircompress", "monitor")


def aliases(project: Project) -> dict[str, str]:
    known = client(project).get_registered_model(MODEL).aliases
    return {alias: str(number) for alias, number in known.items()}


def test_a_harmed_group_raises_the_alarm_and_nobody_else_does(watching: Project) -> None:
    project, new = watching, watching.folder / "data/new"
    assert aliases(project)["champion"] == "2"

    add_pictures(new, 77, pd.date_range("2026-01-05", periods=60), light=1.0)
    quiet = watch(project)
    assert (quiet.returncode, "No alarm" in quiet.stdout) == (0, True), quiet.stderr
    folder = next((project.folder / "monitor").glob("version-2-*"))
    before = sorted(path.name for path in folder.glob("rows-*"))
    assert watch(project).returncode == 0
    assert sorted(path.name for path in folder.glob("rows-*")) == before  # nothing twice

    add_pictures(new, 78, pd.date_range("2026-03-09", periods=60), light=0.35)
    name = name_of(project.folder)
    with (
        http() as (url, received),
        temporary_settings({PREFECT_API_URL: project.env["PREFECT_API_URL"]}),
        get_client(sync_client=True) as server,
    ):
        flow = server.create_flow_from_name("retrain")
        deployment = server.create_deployment(flow, name)
        project.env["TEAM_URL"] = url
        harmed = watch(project)
        started = [run for run in server.read_flow_runs() if run.deployment_id == deployment]
    assert harmed.returncode == 1, harmed.stderr
    assert "serves skin=dark" in harmed.stdout
    assert aliases(project)["champion"] == "1"
    assert len(started) == 1
    (told,) = received
    assert (told["event"], told["version"]) == ("alarm", "2")
    assert told["sentence"].startswith("Version 2 was taken back by the monitor: skin=dark: ")
    assert told["report"].endswith("monitor/index.html")

    found = json.loads((folder / "watched.json").read_text())
    alarms = {p["group"] for p in found["processes"] if p["alarm"]}
    assert alarms == {"skin=dark"}
    assert {d["column"] for d in found["drift"] if d["drifted"]} >= {"picture:brightness"}
    assert "skin=dark" in (project.folder / "monitor/index.html").read_text()
    runs = client(project).search_runs(
        [client(project).get_experiment_by_name(MODEL).experiment_id],
        "tags.`monitor.version` = '2'",
    )
    assert len(runs) == 1
    key = "wealth/true_positive_rate/skin_dark"
    steps = client(project).get_metric_history(runs[0].info.run_id, key)
    assert max(point.value for point in steps) >= 100


def test_what_is_not_to_be_watched_is_an_error_and_says_what_to_do(finished: Finished) -> None:
    done = watch(finished[0])
    assert done.returncode == 3
    assert "monitor is null in params.yaml" in done.stderr
