"""Scheduled runs leave the user's files alone and their results on the branch `runs`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Project, commit

from faircompress.orchestration.commits import GitFailed, git, head
from faircompress.orchestration.publishing import publish
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.registry import attestations, mlflow_runs
from faircompress.registry.attestations import SCHEDULED
from faircompress.registry.records import VerdictRecord

Finished = tuple[Project, subprocess.CompletedProcess[str]]
MODEL = "faircompress-portraits"
RUN = "from flows.retrain import retrain; retrain()"


def clone_of(finished: Finished, folder: Path) -> Project:
    """Return a copy of the finished project whose results are committed."""
    shutil.copytree(finished[0].folder, folder, symlinks=True)
    project = Project(folder, {**finished[0].env, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"})
    commit(project, "results")
    return project


def with_results(project: Project) -> Workspace:
    """Return a scheduled workspace in which the results of the project's run lie."""
    space = prepare(project.folder, commit=head(project.folder))
    for name in ("gate", "gate.json", "prune.json", "train.json"):
        source, target = project.folder / "artifacts" / name, space.artifacts / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    return space


def status(folder: Path) -> str:
    return git(folder, "status", "--porcelain")


def shown(folder: Path, path: str, commit: str = "runs") -> str:
    return git(folder, "show", f"{commit}:{path}")


def test_a_scheduled_run_leaves_no_trace_in_git_but_a_commit_on_its_branch(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "p")
    folder, before = project.folder, head(project.folder)
    said = project.call(sys.executable, "-c", RUN)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "train     unchanged" in said.stderr or "train     restored" in said.stderr
    assert (status(folder), head(folder)) == ("", before)
    words = git(folder, "log", "-1", "--format=%an|%P|%B", "runs")
    assert words.startswith(f"faircompress|{before}|Scheduled run: pass, portraits, speed-up 3.")
    assert f"Code: {before}" in words
    lock = (folder / SCHEDULED / "dvc.lock").read_text()
    assert shown(folder, "dvc.lock") == lock
    assert "artifacts/look.json" not in git(folder, "ls-tree", "-r", "--name-only", "runs").split()

    store = mlflow_runs.open_store(folder)
    (last, *_) = store.client.search_runs(
        [store.experiment(MODEL)], "tags.workspace LIKE '%/scheduled/work'"
    )
    assert last.data.tags["git.commit"] == before

    first = git(folder, "rev-parse", "runs")
    again = project.call(sys.executable, "-c", RUN)
    assert again.returncode == 0, again.stdout + again.stderr
    assert git(folder, "rev-parse", "runs") == first


def test_results_of_a_run_by_hand_that_come_by_git_pull_are_taken(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "origin")
    project.call("git", "clone", "-q", str(project.folder), str(tmp_path / "worker"), check=True)
    worker = Project(tmp_path / "worker", project.env)
    space = prepare(worker.folder, commit=head(worker.folder))
    assert space.folder.joinpath("dvc.lock").read_text() == shown(worker.folder, "dvc.lock", "HEAD")
    (space.folder / "dvc.lock").write_text("schema: '2.0'\n# the worker's own\n")
    (space.artifacts / "gate.json").write_text("{}")
    prepare(worker.folder, commit=head(worker.folder))
    assert "the worker's own" in (space.folder / "dvc.lock").read_text()

    (project.folder / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    (project.folder / "artifacts/gate.json").write_text('{"by": "hand"}')
    commit(project, "other results")
    worker.call("git", "pull", "-q", "--ff-only", check=True)
    prepare(worker.folder, commit=head(worker.folder))
    assert (space.folder / "dvc.lock").read_text() == "schema: '2.0'\nstages: {}\n"
    assert json.loads((space.artifacts / "gate.json").read_text()) == {"by": "hand"}


def test_news_is_a_commit_on_the_last_one_and_no_news_is_none(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "p")
    folder, space = project.folder, with_results(project)
    assert "of the branch runs" in publish(space)
    first = git(folder, "rev-parse", "runs").strip()
    assert publish(space) == ""
    (space.artifacts / "gate.json").write_text(
        (space.artifacts / "gate.json").read_text().replace("\n}", ',\n "news": 1\n}')
    )
    publish(space)
    assert git(folder, "rev-parse", "runs~1").strip() == first
    assert json.loads(shown(folder, "artifacts/gate.json"))["news"] == 1

    (folder / "note.txt").write_text("code goes on")
    commit(project, "another commit")
    (space.folder / "dvc.lock").write_text("schema: '2.0'\n")
    publish(Workspace(space.folder, folder, commit=head(folder)))
    parents = git(folder, "log", "-1", "--format=%P", "runs").split()
    assert parents[1] == head(folder) and len(parents) == 2
    assert shown(folder, "note.txt") == "code goes on"
    assert status(folder) == ""


def test_results_are_not_committed_over_files_that_somebody_works_on(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "p")
    git(project.folder, "switch", "-q", "-c", "runs")
    before = head(project.folder)
    space = with_results(project)
    (space.folder / "dvc.lock").write_text("schema: '2.0'\n")
    with pytest.raises(GitFailed, match="the branch runs is checked out"):
        publish(space)
    assert (head(project.folder), status(project.folder)) == (before, "")


def test_params_that_are_not_committed_are_left_out(finished: Finished, tmp_path: Path) -> None:
    project = clone_of(finished, tmp_path / "p")
    (project.folder / "data").mkdir()
    project.set(train={"epochs": 77})
    space = prepare(project.folder, commit=head(project.folder))
    assert space.params().train.epochs == 4
    assert (space.folder / "data").resolve() == project.folder / "data"
    assert (space.folder / "state").exists() is False  # the ledger is the project's


def test_a_clone_that_runs_by_the_clock_keeps_its_record_out_of_files_that_git_holds(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "p")
    known = attestations.records(project.folder)
    tracked = (project.folder / attestations.FILE).read_text()
    prepare(project.folder, commit=head(project.folder))
    untracked = project.folder / attestations.UNTRACKED
    untracked.parent.mkdir(exist_ok=True)
    untracked.write_text(f"{tracked.splitlines()[-1]}\n")  # one line, wherever it stands
    assert attestations.records(project.folder) == known
    other = VerdictRecord("9999", MODEL, "a" * 64, "fp32", "project", "pass", "b" * 64)
    attestations.add(project.folder, other)
    assert (project.folder / attestations.FILE).read_text() == tracked
    assert attestations.latest(project.folder, MODEL, "a" * 64) == other
    assert len(attestations.lines(project.folder)) == len(known) + 1


def test_a_project_that_git_does_not_hold_runs_where_it_lies(
    finished: Finished, tmp_path: Path
) -> None:
    project = clone_of(finished, tmp_path / "p")
    shutil.rmtree(project.folder / ".git")
    said = project.call(sys.executable, "-c", RUN)
    assert said.returncode == 0, said.stdout + said.stderr
    assert not (project.folder / SCHEDULED).exists()
