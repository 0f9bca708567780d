"""Which commit a run is of, and when code or choices differ from it: real git, no chain."""

from pathlib import Path

import pytest

from faircompress.orchestration.commits import GitFailed, changed, code_of, git, head

FILES = {
    "params.yaml": "name: x\n", "dvc.yaml": "stages: {}\n", "dvc.lock": "schema: '2.0'\n",
    "artifacts/gate.json": "{}", "artifacts/code.json": "{}", "flows/compress.py": "",
}  # fmt: skip


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "all")


@pytest.fixture(params=["", "models/faces"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Give a project in git, alone or in a folder of a larger repository."""
    folder = tmp_path / request.param
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return folder


def test_what_a_run_writes_is_no_other_code(project: Path) -> None:
    for name in ("dvc.lock", "artifacts/gate.json", "artifacts/code.json"):
        (project / name).write_text("other")
    assert code_of(project) == git(project, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml", "flows/compress.py"])
def test_changed_choices_and_flows_are_other_code(project: Path, name: str) -> None:
    (project / name).write_text("other")
    assert code_of(project) == git(project, "rev-parse", "HEAD").strip() + "-dirty"


def test_a_scheduled_run_has_committed_params_and_the_flows_that_lie_there(project: Path) -> None:
    now = head(project)
    (project / "params.yaml").write_text("other")
    assert code_of(project, now) == now
    assert [name.endswith("params.yaml") for name in changed(project, "params.yaml")] == [True]
    (project / "flows/compress.py").write_text("other")
    assert code_of(project, now) == f"{now}-dirty"


def test_a_folder_without_git_or_with_nothing_committed_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("name: x\n")
    assert (head(tmp_path), code_of(tmp_path)) == ("", "none")
    git(tmp_path, "init", "-q")
    assert (head(tmp_path), code_of(tmp_path)) == ("", "none")


def test_gits_own_words_are_told(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="git status failed: .*not a git repository"):
        changed(tmp_path, "x")
