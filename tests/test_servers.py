"""Servers that are away or ill cost seconds and one sentence, never a result."""

import shutil
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

import pytest
from conftest import ROOT, Project, free_port, serving
from dvc.repo import Repo
from ill import ill

from faircompress.orchestration import cache, remote
from faircompress.orchestration.record import recorded
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import mlflow_runs
from faircompress.support.servers import StoreFailed, is_up, trouble

Finished = tuple[Project, subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("kind", "why"), [("silent", "timed out"), ("500", "HTTP 500"), ("garbage", None)]
)
def test_it_is_known_soon_why_a_server_does_not_answer(kind: str, why: str | None) -> None:
    with ill(kind) as address:
        found = trouble(f"{address}/health", patience=0.5)
    assert found is None if why is None else why in str(found)


def test_nobody_there_is_trouble() -> None:
    assert "refused" in str(trouble(f"http://127.0.0.1:{free_port()}/health"))
    assert not is_up("http://no.such.host.invalid/health")


@pytest.mark.parametrize("kind", ["500", "garbage"])
def test_an_ill_store_is_told_in_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ill(kind) as address, pytest.raises(StoreFailed) as told:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        mlflow_runs.open_store(tmp_path).experiment("x")
    assert f"MLflow at {address} does not answer as it should" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_store_that_falls_silent_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with ill("garbage") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        store = mlflow_runs.open_store(tmp_path)
    with pytest.raises(StoreFailed, match="refused"):  # it is away now
        store.experiment("x")
    start = time.monotonic()
    with pytest.raises(StoreFailed, match="refused"):
        store.experiment("x")
    assert time.monotonic() - start < 2.5


def test_a_full_disk_under_the_store_is_told_with_the_room_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        store = mlflow_runs.open_store(folder)
        run = mlflow_runs.begin(store, "x", "run", {})
        with pytest.raises(OSError, match="No space"):
            (folder / "much").write_bytes(bytes(2**22))
        (tmp_path / "file").write_bytes(bytes(2**20))
        with pytest.raises(StoreFailed, match=r"No space left on device; 0 MB are free"):
            mlflow_runs.log_files(store, run, [tmp_path / "file"])
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def copied(finished: Finished, folder: Path) -> Project:
    shutil.copytree(finished[0].folder, folder, dirs_exist_ok=True, symlinks=True)
    return Project(folder, dict(finished[0].env))


def test_a_run_without_its_store_says_so_and_tells_the_verdict_there_is(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    project.env["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{free_port()}"
    said = project.run()
    assert said.returncode == 3
    assert said.stdout.strip().startswith("PASS: ")
    assert "does not answer as it should" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_store_that_goes_away_in_the_middle_takes_no_verdict_along(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, port = copied(finished, tmp_path), free_port()
    address = f"http://127.0.0.1:{port}"
    words = ("server", "--workers", "1", "--port", str(port), "--backend-store-uri")
    with serving("mlflow", *words, f"sqlite:///{tmp_path}/mlflow.db", health=f"{address}/health"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        record = recorded(Workspace(project.folder, project.folder))
        found = record.__enter__()
    found.ends("gate", "unchanged")
    assert found.conclude().outcome == "pass"
    assert "refused" in found.lost
    record.__exit__(None, None, None)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Give a workspace with a result that waits to be pushed."""
    folder = tmp_path / "here"
    (folder / ".dvc").mkdir(parents=True)
    (folder / "result").write_text("7")
    (folder / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    with chdir(folder):
        Repo().add("result")
    return folder


def test_a_remote_that_says_nothing_is_given_up(
    result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 3)
    with ill("silent") as address:
        (result / ".dvc/config").write_text(
            f"[core]\n    no_scm = true\n    remote = store\n['remote \"store\"']\n"
            f"    url = {address}\n    method = PUT\n"
        )
        start = time.monotonic()
        with pytest.raises(remote.RemoteFailed, match="^`dvc push` waited 3 s for an answer of"):
            remote.push.fn(result)
    assert time.monotonic() - start < 20
    assert (result / "result").read_text() == "7"


def test_a_remote_that_is_away_stops_no_scheduled_run_and_hides_no_verdict(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    with (project.folder / ".dvc/config").open("a") as config:
        config.write("    remote = store\n['remote \"store\"']\n    url = /proc/no/such/place\n")
    cache.cache_of.cache_clear()
    project.env["PYTHONPATH"] = f"{ROOT}:{ROOT / 'src'}"
    said = project.call(sys.executable, "-c", "from flows.retrain import *; retrain()")
    assert said.returncode == 1
    words = said.stderr.strip().splitlines()[-1]
    assert "Pass: " in words or "PASS: " in words
    assert "But only this machine has the results: dvc push failed" in words


@pytest.mark.parametrize(
    ("files", "words"),
    [((), "is no project"), (("params.yaml",), "nothing was run yet. Run faircompress run.")],
)
def test_ui_without_a_history_says_what_is_missing(
    tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    for name in files:
        (tmp_path / name).write_text("")
    done = Project(tmp_path).call(sys.executable, "-m", "faircompress", "ui")
    assert (done.returncode, words in done.stderr) == (3, True)
    assert [path.name for path in tmp_path.iterdir()] == list(files)  # nothing was made
