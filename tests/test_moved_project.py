"""A project that was moved or copied finds what MLflow kept, on real MLflow and SQLite."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faircompress.orchestration.workspace import prepare
from faircompress.registry import mlflow_runs
from faircompress.registry.mlflow_runs import Store
from faircompress.registry.moved_project import follow


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a project with a run that keeps a file, and the run's id. Do not change it."""
    folder = tmp_path_factory.mktemp("first place")  # a space, which URIs quote
    return folder, with_file(mlflow_runs.open_store(folder), folder, "7")


def with_file(store: Store, folder: Path, text: str) -> str:
    """Have a new run keep a file with a text; return its id."""
    run = mlflow_runs.begin(store, "faces", "run", {})
    (folder / "number.txt").write_text(text)
    mlflow_runs.log_files(store, run, [folder / "number.txt"])
    return run


def read(project: Path, run: str, into: Path) -> str:
    into.mkdir()
    return mlflow_runs.fetch(mlflow_runs.open_store(project), run, "number.txt", into).read_text()


def places(project: Path) -> list[str]:
    with closing(sqlite3.connect(project / "mlflow.db")) as opened:
        return [
            *(row[0] for row in opened.execute("SELECT artifact_uri FROM runs")),
            *(row[0] for row in opened.execute("SELECT artifact_location FROM experiments")),
        ]


def test_a_project_whose_first_place_is_gone_has_its_files(
    kept: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, run = kept
    shutil.copytree(first, tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b c")
    shutil.copytree(tmp_path / "b c", tmp_path / "d")
    shutil.rmtree(tmp_path / "b c")
    assert read(tmp_path / "d", run, tmp_path / "out") == "7"
    ours = [place for place in places(tmp_path / "d") if place.startswith("file:")]
    assert len(ours) == 2 and all(f"{tmp_path}/d/" in place for place in ours)
    said = capsys.readouterr().err
    assert f"{tmp_path / 'd'} was moved or copied from {first}" in said


def test_a_copy_and_its_original_both_keep_their_own(
    kept: tuple[Path, str], tmp_path: Path
) -> None:
    first, run = kept
    before = (first / "mlflow.db").read_bytes()
    shutil.copytree(first, tmp_path / "copy")
    new = with_file(mlflow_runs.open_store(tmp_path / "copy"), tmp_path / "copy", "8")
    assert read(tmp_path / "copy", new, tmp_path / "out") == "8"
    assert not list((first / "mlartifacts").rglob(new))
    assert (first / "mlflow.db").read_bytes() == before
    assert read(first, run, tmp_path / "again") == "7"


def test_the_database_as_it_was_is_kept_and_a_second_look_changes_nothing(
    kept: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = kept
    shutil.copytree(first, tmp_path / "copy")
    file, address = tmp_path / "copy/mlflow.db", f"sqlite:///{tmp_path / 'copy/mlflow.db'}"
    follow(tmp_path / "copy", address)
    after, words = file.read_bytes(), capsys.readouterr().err
    assert "2 places in mlflow.db were corrected" in words
    shutil.copy(file.with_name("mlflow.db.before-move"), file)
    assert sorted(places(tmp_path / "copy")) == sorted(places(first))
    file.write_bytes(after)
    follow(tmp_path / "copy", address)
    assert (file.read_bytes(), capsys.readouterr().err) == (after, "")


def test_another_projects_rows_in_a_shared_database_are_left_alone(
    kept: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, run = kept
    shutil.copytree(first, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/mlartifacts")
    before = places(tmp_path / "copy")
    follow(tmp_path / "copy", f"sqlite:///{tmp_path / 'copy/mlflow.db'}")
    assert places(tmp_path / "copy") == before
    shutil.copytree(first, tmp_path / "other")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'copy/mlflow.db'}")
    assert read(tmp_path / "other", run, tmp_path / "out") == "7"  # it names the first's files
    assert places(tmp_path / "copy") == before


def test_the_data_of_a_variant_is_the_projects_wherever_it_lies(tmp_path: Path) -> None:
    project = tmp_path / "here"
    (project / "data").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml", ".dvcignore"):
        shutil.copy(Path(__file__).parents[1] / name, project / name)
    link = prepare(project, ["prune.speedup=2"]).folder / "data"
    assert link.resolve() == project / "data"
    link.unlink()
    link.symlink_to(project / "data")  # as versions before made it
    shutil.move(project, tmp_path / "there")
    moved = prepare(tmp_path / "there", ["prune.speedup=2"]).folder / "data"
    assert moved.resolve() == tmp_path / "there/data"
