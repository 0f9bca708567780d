"""Nobody watches: what is new starts a run, what is not leaves nothing behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import preloaded
import pytest
from conftest import ROOT, WIDE, Project, commit, new_project
from galleries import write_csv
from PIL import Image
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed
from receivers import http

from faircompress.config.params import load
from faircompress.orchestration import news, polling
from faircompress.orchestration.after_alarm import start_retraining
from faircompress.orchestration.alarm import raise_alarm
from faircompress.orchestration.commits import git, head
from faircompress.registry import attestations, mlflow_runs
from faircompress.registry import versions as registry
from faircompress.support.locks import waiting
from faircompress.support.servers import StoreFailed
from flows import compress, retrain, serve

RUN = "from flows.retrain import retrain; retrain(polled=True)"
FAST = {
    "train": {"epochs": 2, "batch": 16},
    "prune": {"epochs": 1, "rounds": 1, "batch": 16, "speedup": 2},
    "checks": {"min_subgroup": 1},
    "export": {"latency_batches": [1]},
    "gate": {"rules": [WIDE]},  # AUROC may fall by 0.3: 40 pictures of a class show that it did not
}

MODEL = "faircompress-table"
CHAMPIONS = ("champion", "original_champion")
HELD = [{**WIDE, "against": name} for name in CHAMPIONS]


def draw(root: Path, count: int) -> None:
    """Draw pictures of which the bright ones are glad, and a table of them."""
    rows = [
        {"image": f"pictures/{n:04d}.png", "label": ("sad", "glad")[n % 2], "sex": n // 2 % 2}
        for n in range(count)
    ]
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    for n, row in enumerate(rows):
        pixels = np.random.default_rng(n).integers(0, 156, (32, 32, 3), np.uint8)
        Image.fromarray(pixels + np.uint8(n % 2 * 99)).save(root / row["image"])
    write_csv(root / "data.csv", rows)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project on a table of pictures, whose last retraining finished."""
    project = new_project(tmp_path / "p")
    project.env["PYTHONPATH"] = f"{ROOT}:{ROOT / 'src'}"
    draw(tmp_path / "pictures", 360)
    table = {"root": str(tmp_path / "pictures"), "groups": ["sex"], "test": 0.4, "validation": 0.2}
    project.set(data={"name": "table", "table": table}, **FAST)
    commit(project, "data")
    news.finish(project.folder, inputs(project), "Pass.")
    return project


def inputs(project: Project) -> news.Inputs:
    return news.inputs_of(project.folder, head(project.folder))


def new(project: Project) -> list[str]:
    return news.news(project.folder, inputs(project))


def grow(project: Project, count: int = 400) -> None:
    draw(project.folder.parent / "pictures", count)


def held(project: Project) -> dict[str, str]:
    """Return what the last verdict found against each model."""
    folder = project.folder / ".checkpoints/scheduled/work/artifacts/gate"
    said = json.loads((folder / "verdict.json").read_text())
    return {rule["against"]: rule["outcome"] for rule in said["rules"]}


def files(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}


def test_new_is_data_or_a_commit_that_changes_params_and_nothing_else(project: Project) -> None:
    assert new(project) == []
    (project.folder / "README.md").write_text("other words")
    project.set(keep={"runs": 3}, run={"retries": 0})
    commit(project, "no result depends on these")
    assert new(project) == []
    project.set(prune={"speedup": 4})
    assert new(project) == []  # it is not committed
    commit(project, "another speed-up")
    assert new(project) == ["the params"]
    grow(project)
    assert new(project) == ["the data", "the params"]


def test_without_news_a_run_is_one_line_and_leaves_nothing(
    project: Project, prefect_server: dict[str, str]
) -> None:
    project.env |= prefect_server
    before = files(project.folder)
    said = project.call(sys.executable, "-c", RUN)
    assert said.returncode == 0, said.stderr
    (line,) = said.stdout.splitlines()
    assert line.startswith("Nothing new since the run of ")
    left = {name: size for name, size in files(project.folder).items() if name not in before}
    left = {name: size for name, size in left.items() if "__pycache__" not in name}
    assert set(left) <= {".checkpoints/retrain/chain.lock"} and sum(left.values()) < 10_000
    assert not (project.folder / "mlflow.db").exists()
    assert git(project.folder, "branch", "--list", "runs") == ""


def test_a_run_that_failed_is_not_polled_again_before_something_changes(project: Project) -> None:
    grow(project)
    news.begin(project.folder, inputs(project))
    assert news.given_up(project.folder, inputs(project), retries=1) == ""
    news.begin(project.folder, inputs(project))  # the first was killed
    assert "2 runs on it" in news.given_up(project.folder, inputs(project), retries=1)
    news.fail(project.folder, inputs(project), "stage train failed", over=True)
    assert "stage train failed" in news.given_up(project.folder, inputs(project), retries=9)
    project.set(run={"timeouts": {"train": "6h"}})
    commit(project, "more time, on which no result stands")
    assert news.given_up(project.folder, inputs(project), retries=1) == ""
    news.fail(project.folder, inputs(project), "stage train failed", over=True)
    draw(project.folder.parent / "pictures", 404)
    assert news.given_up(project.folder, inputs(project), retries=1) == ""


def test_an_alarm_says_that_a_retraining_on_the_same_data_comes_to_nothing_else(
    project: Project, server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    serve.deployment().apply()
    assert "add the newly labelled rows to the data set" in start_retraining(project.folder, "x")
    grow(project)
    assert start_retraining(project.folder, "x").endswith("since x.")
    project.set(prune={"speedup": -1})  # the run tells it; raised here, another would start
    commit(project, "params that cannot be used")
    assert start_retraining(project.folder, "x").endswith("since x.")


def test_a_look_that_meets_a_run_at_work_says_and_starts_nothing(project: Project) -> None:
    grow(project)
    busy = project.folder / retrain.CHAIN_LOCK
    poll = polling.Poll(project.folder, "retrain/none", busy, 1)
    with waiting(busy, "retrains"):
        assert poll.look() == ""
    assert "a run starts" in poll.look()  # not yet: files may still be copied
    draw(project.folder.parent / "pictures", 402)
    assert "If it stays so for 1 s" in poll.look()


def chosen(retries: int) -> Any:
    return load(ROOT / "params.yaml", [f"run.retries={retries}", "run.retry_delay=1s"])


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


def test_a_server_is_tried_again_and_a_verdict_is_not(server: None) -> None:
    tries: list[Exception] = []

    def work(errors: list[Exception]) -> Callable[[], Any]:
        def run() -> Any:
            tries.append(errors[len(tries)])
            if isinstance(tries[-1], StopIteration):
                return Completed(message="Pass.")
            raise tries[-1]

        return run

    @flow
    def chain() -> str:
        away = [StoreFailed("away"), StopIteration()]
        return str(retrain.retried(work(away), chosen(1)).message)

    assert chain() == "Pass." and len(tries) == 2
    tries.clear()
    with pytest.raises(compress.GateFailed):
        retrain.retried(work([compress.GateFailed("harm")]), chosen(5))
    assert len(tries) == 1


@contextmanager
def served(project: Project) -> Iterator[None]:
    """Serve a project, looking for news all the time."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", **project.env}
    env["PREFECT_RUNNER_POLL_FREQUENCY"] = "1"
    command = (sys.executable, "-m", "faircompress", "serve", "--every", "2s")
    command = preloaded.served(command, Project.programs, env)
    process = subprocess.Popen(command, cwd=project.folder, env=env)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def runs_of(project: Project) -> list[FlowRun]:
    """Return the runs of the chain in a project; a review of it is another flow's."""
    with get_client(sync_client=True) as client:
        found = [run for run in client.read_flow_runs() if "commit" in run.parameters]
    found = [run for run in found if str(project.folder) in str(run.parameters["project"])]
    return sorted(found, key=lambda run: run.name)


def served_message(got: list[Any], count: int) -> dict[str, Any]:
    """Wait until the receiver got so many messages; return the last of them."""
    for _ in range(1200):
        if len(got) >= count:
            break
        time.sleep(0.5)
    assert len(got) == count, got
    return dict(got[-1])


def test_the_data_grew_nobody_did_anything_and_there_is_a_new_champion(
    project: Project, prefect_server: dict[str, str], server: None
) -> None:
    """Twice, from the first champion to the second; then an alarm takes it back."""
    store = mlflow_runs.open_store(project.folder)

    def aliases() -> dict[str, str]:
        return registry.aliases(store, MODEL)

    with http() as (address, got):
        receivers = [{"when": ["pass", "fail", "review"], "to": "webhook", "env": "TEAM"}]
        path = project.folder / "params.yaml"
        path.write_text(path.read_text().replace("notify: []", f"notify: {receivers}"))
        project.set(gate={"rules": [WIDE, *HELD]})
        commit(project, "a receiver; what a new champion is held against")
        project.env |= {**prefect_server, "TEAM": address}
        news.finish(project.folder, inputs(project), "Pass.")
        with served(project):
            grow(project, 400)
            first = served_message(got, 1)
            assert aliases() == {"champion": "1", "original_champion": "1"}
            grow(project, 480)
            second = served_message(got, 2)
            assert aliases() == {"champion": "2", "previous": "1", "original_champion": "1"}
            assert held(project) == {"baseline": "pass", **dict.fromkeys(CHAMPIONS, "pass")}
    for version, message in (("1", first), ("2", second)):
        assert (message["event"], message["version"]) == ("pass", version), message
        assert message["model"] == MODEL and message["group"]
        assert Path(message["report"]).read_text().startswith("<!")
    assert first["subject"] == second["subject"] == "faircompress: table taylor 2x: passed"
    assert second["sentence"].startswith("Pass")
    said = [one.act for one in attestations.decided(project.folder, MODEL)]
    assert said == ["promoted", "promoted"]
    subjects = git(project.folder, "log", "--format=%s", "runs").splitlines()
    assert len([one for one in subjects if "Scheduled run: pass, table" in one]) == 2
    assert [(run.name, run.state_name) for run in runs_of(project)] == [
        ("table taylor 2x #1", "Completed"),
        ("table taylor 2x #2", "Completed"),
    ]
    raised = raise_alarm(project.folder, reason="complaints from the field")
    assert (raised.version, raised.champion) == ("2", "1")
    assert aliases() == {"champion": "1", "original_champion": "1"}  # no way back to the second
