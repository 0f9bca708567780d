"""The chain on past commits: in their order, each once, and none that changes no result."""

import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, commit, new_project

from faircompress.orchestration.commits import git
from faircompress.orchestration.workspace import prepare
from faircompress.support.errors import InputError
from flows import backfill

pytestmark = pytest.mark.usefixtures("preloaded_interpreter")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project with three commits: another speed-up, kept runs, and another speed-up."""
    project = new_project(tmp_path / "p")
    changes: list[dict[str, Any]] = [
        {"prune": {"speedup": 2}}, {"keep": {"runs": 9}}, {"prune": {"speedup": 5}},
    ]  # fmt: skip
    for change in changes:
        project.set(**change)
        commit(project, str(change))
    return project


def test_commits_are_run_in_their_order_and_what_finished_is_skipped(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[float, bool]] = []

    def chain(folder: Path, commit: str, name: str, inputs: Any) -> str:
        space = prepare(folder, (), name, commit)
        ran.append((space.params().prune.speedup, space.is_variant))
        backfill.write_json(backfill._mark(folder, name), {"inputs": vars(inputs), "words": "."})
        return "Pass."

    monkeypatch.setattr(backfill, "_run", chain)  # minutes of training; the rest is real
    steps = list(backfill.backfill(project.folder, "HEAD~3..HEAD"))
    assert ran == [(2, True), (5, True)]
    assert [step.words.partition(" ")[0] for step in steps] == ["Pass.", "as", "Pass."]
    again = list(backfill.backfill(project.folder, "HEAD~3..HEAD"))
    assert len(ran) == 2 and again[0].words.endswith("(finished before)")
    assert git(project.folder, "status", "--porcelain") == ""


def test_each_version_of_the_data_is_brought_back_for_its_run_and_todays_stay(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = project.folder / "data" / "rows.csv"
    rows.parent.mkdir()
    for text in ("one", "two", "two"):
        rows.write_text(text)
        project.call(sys.executable, "-m", "dvc", "add", "-q", "data", check=True)
        project.set(
            keep={"runs": len(text) + len(project.call("git", "log", "--format=%h").stdout)}
        )
        commit(project, text)
    rows.unlink()
    rows.write_text("not added yet")
    ran: list[str] = []

    def chain(folder: Path, commit: str, name: str, inputs: Any) -> str:
        space = prepare(folder, (), name, commit)  # as the flow does once more
        ran.append((space.folder / "data" / "rows.csv").read_text())
        return "Pass."

    monkeypatch.setattr(backfill, "_run", chain)
    steps = list(backfill.backfill(project.folder, "HEAD~3..HEAD", with_data=True))
    assert ran == ["one", "two"] and steps[2].words.startswith("as ")
    assert rows.read_text() == "not added yet"
    list(backfill.backfill(project.folder, "HEAD~1..HEAD"))
    assert ran[2:] == ["not added yet"]  # today's


def test_params_of_the_past_that_cannot_be_used_stop_no_other_commit(project: Project) -> None:
    project.set(prune={"speedup": 0.5})
    commit(project, "a mistake")
    (step,) = backfill.backfill(project.folder, "HEAD~1..HEAD")
    assert step.failed and "speedup" in step.words


def test_a_range_without_params_is_refused(project: Project) -> None:
    with pytest.raises(InputError, match="Name a range"):
        list(backfill.backfill(project.folder, "HEAD..HEAD"))
