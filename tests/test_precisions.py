"""One network in three precisions, through the whole chain to the registry."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pytest
from conftest import Project, commit
from registered import again, moved

from faircompress import predictions, registry
from faircompress.dataset import load_split
from faircompress.files import read_json, sha256
from faircompress.precisions import exported, stem
from faircompress.review import Said
from flows import deployment
from flows.deployment import Registry
from flows.workspace import Workspace

Finished = tuple[Project, subprocess.CompletedProcess[str]]
ALL = ["fp32", "fp16", "int8"]


@pytest.fixture(scope="module")
def three(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Give a project that was run once more, now with three precisions, all lenient."""
    folder = tmp_path_factory.mktemp("three")
    moved(finished[0].folder, folder)
    project = Project(folder, finished[0].env)
    project.set(export={"precisions": ALL})
    commit(project, "three precisions")
    said = project.run()
    assert said.returncode == 0, said.stdout + said.stderr
    assert "judged    fp32 pass, fp16 pass, int8 pass" in said.stdout
    yield project


@pytest.fixture
def where(three: Project, tmp_path: Path) -> Registry:
    """Give a copy that a test may change."""
    return moved(three.folder, tmp_path)


def by_precision(where: Registry) -> dict[str, registry.Version]:
    return {v.tags["precision"]: v for v in registry.versions(where.store, where.model)}


def test_every_judged_precision_is_a_version_that_may_go_out(where: Registry) -> None:
    versions, files = by_precision(where), exported(where.store.project / "artifacts")
    assert sorted(versions) == sorted(ALL)
    assert where.aliases() == {"champion": versions["fp32"].number, "anchor": "1"}
    for precision, version in versions.items():
        tags = version.tags
        assert (tags["verdict"], tags["sha256"]) == ("pass", sha256(files[precision]))
        assert registry.file_sha256(where.store, version) == tags["sha256"]
        verdict = registry.verdict(where.store, version)
        assert verdict["models"]["pruned"] == tags["sha256"]
        assert verdict["sentence"] == tags["sentence"]
        assert deployment.trusted(where, version.number) == version


def test_files_new_in_an_old_network_are_another_look(where: Registry) -> None:
    looks = {precision: v.tags["look"] for precision, v in by_precision(where).items()}
    assert looks == {"fp32": "1", "fp16": "2", "int8": "2"}


def test_the_registered_file_predicts_what_was_gated(where: Registry) -> None:
    artifacts = where.store.project / "artifacts"
    mlflow.set_tracking_uri(where.store.uri)
    pictures = load_split(artifacts / "validate", "test").images
    for precision, version in by_precision(where).items():
        served = mlflow.pyfunc.load_model(f"models:/{where.model}/{version.number}")
        given = next(iter(served.predict({"images": pictures}).values()))
        file = f"{stem(precision)}-test.parquet"
        gated = predictions.load(artifacts / "export/predictions" / file)
        assert np.abs(given - gated.probabilities).max() < 1e-6


def test_the_smallest_becomes_champion_if_asked_and_comes_back_by_checkout(
    where: Registry, three: Project
) -> None:
    folder = where.store.project
    project = Project(folder, three.env)
    project.set(gate={"promote": "smallest"})
    commit(project, "the smallest")
    said = project.run()
    assert said.returncode == 0, said.stdout + said.stderr
    files = exported(folder / "artifacts")
    smallest = min(ALL, key=lambda precision: files[precision].stat().st_size)
    assert str(files[smallest]) in said.stdout
    champion, versions = where.aliases()["champion"], by_precision(where)
    assert champion == versions[smallest].number != versions["fp32"].number
    assert where.aliases()["previous"] == versions["fp32"].number
    assert read_json(folder / "artifacts/gate.json")["goes_out"] == smallest
    done = project.call(sys.executable, "-m", "faircompress", "checkout", champion, "--force")
    assert done.returncode == 0, done.stderr


def test_what_a_person_let_out_of_this_network_stays(where: Registry, three: Project) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    other = by_precision(where)["int8"].number
    with temporary_settings({PREFECT_API_URL: three.env["PREFECT_API_URL"]}):
        deployment.promote(where, other, Said("Ann", "phones need it"))
        again(Workspace(where.store.project, where.store.project))
    assert where.aliases()["champion"] == other
