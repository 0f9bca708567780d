"""One network in three precisions, through the whole chain to the registry."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pytest
from conftest import Project, commit
from registered import again, another_file, moved, told

from faircompress.config.precisions import exported, stem, verdict_folder
from faircompress.data import predictions
from faircompress.data.dataset import load_split
from faircompress.orchestration import deployment
from faircompress.orchestration.deployment import Registry
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import mlflow_runs
from faircompress.registry import versions as registry
from faircompress.registry.policy import Grounds, NotPromoted
from faircompress.support.files import read_json, sha256, write_json

Finished = tuple[Project, subprocess.CompletedProcess[str]]
NUMBERS = "artifacts/gate.json"
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
    assert "evaluated fp32 pass, fp16 pass, int8 pass" in said.stdout
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
    assert where.aliases() == {"champion": versions["fp32"].number, "original_champion": "1"}
    for precision, version in versions.items():
        tags = version.tags
        assert (tags["verdict"], tags["sha256"]) == ("pass", sha256(files[precision]))
        assert registry.file_sha256(where.store, version) == tags["sha256"]
        kept = [json.loads(one) for one in registry.verdicts(where.store, version)]
        (verdict,) = [one for one in kept if one["models"]["candidate"] == tags["sha256"]]
        assert verdict["sentence"] == tags["sentence"]
        assert deployment.trusted(where, version.number) == version


def test_every_precision_shows_its_own_numbers_in_mlflow(where: Registry) -> None:
    client, shown = where.store.client, {}
    for precision, version in by_precision(where).items():
        verdict = read_json(
            verdict_folder(where.store.project / "artifacts", precision) / "verdict.json"
        )
        found = client.get_model_version(where.model, version.number)
        logged = client.get_logged_model(found.source.removeprefix("models:/"))
        run = client.get_run(version.run_id)
        assert (logged.name, run.info.run_name) == (f"pruned-{precision}", precision)
        expected = {
            f"gate.groups.{metric}.{group['group'].replace('=', '_')}.{key}": rates[key]
            for group in verdict["groups"]
            for metric, rates in group["metrics"].items()
            for key in ("baseline", "candidate", "change", "lower", "upper")
            if rates[key] is not None
        }
        assert len(expected) > 20
        assert {metric.key: metric.value for metric in logged.metrics} == pytest.approx(expected)
        assert run.data.metrics == pytest.approx(expected)
        (kept,) = [path for path in mlflow_runs.kept_files(where.store, version.run_id, "gate")
                   if path.endswith(".json")]  # fmt: skip
        assert (
            read_json(mlflow_runs.fetch(where.store, version.run_id, kept, where.store.project))[
                "models"
            ]
            == verdict["models"]
        )
        assert f"Precision: {precision}" in found.description
        shown[precision] = expected
    assert shown["int8"] != shown["fp32"]


def test_a_run_shows_the_numbers_of_the_file_that_goes_out_whatever_else_was_judged(
    where: Registry,
) -> None:
    told = read_json(where.store.project / NUMBERS)["groups"]["accuracy"]["hair=short"]
    for version in by_precision(where).values():
        run = where.store.client.get_run(version.tags["evaluated_by"])
        if run.data.params["export.precisions"] == str(ALL):
            assert (
                run.data.metrics["gate.groups.accuracy.hair_short.candidate"] == told["candidate"]
            )


def test_a_file_judged_anew_shows_its_new_numbers(
    where: Registry, rerun: Callable[[], None]
) -> None:
    file = verdict_folder(where.store.project / "artifacts", "int8") / "verdict.json"
    verdict = read_json(file)
    verdict["groups"][0]["metrics"]["accuracy"]["change"] = -0.125
    write_json(file, verdict)
    rerun()
    number = by_precision(where)["int8"].number
    logged = mlflow_runs.logged_model(where.store, where.model, number)
    group = verdict["groups"][0]["group"].replace("=", "_")
    values = [
        metric.value
        for metric in sorted(
            where.store.client.get_logged_model(logged).metrics, key=lambda one: one.timestamp
        )
        if metric.key == f"gate.groups.accuracy.{group}.change"
    ]
    assert values[-1] == -0.125


def test_files_new_in_an_old_network_are_another_look(where: Registry) -> None:
    looks = {precision: v.tags["look"] for precision, v in by_precision(where).items()}
    assert looks == {"fp32": "1", "fp16": "2", "int8": "2"}


def test_the_registered_file_predicts_what_was_gated(
    where: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = where.store.project / "artifacts"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", where.store.uri)  # MLflow writes it, and none undoes
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
    assert read_json(folder / "artifacts/gate.json")["released"] == smallest
    done = project.call(sys.executable, "-m", "faircompress", "checkout", champion, "--force")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def rerun(where: Registry, three: Project) -> Iterator[Callable[[], None]]:
    """Give a way to end a run anew with what lies in the project."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: three.env["PREFECT_API_URL"]}):
        yield lambda: again(Workspace(where.store.project, where.store.project)) and None


def set_outcome(folder: Path, precision: str, word: str) -> None:
    """Put another word on a precision into what the gate left."""
    file = verdict_folder(folder / "artifacts", precision) / "verdict.json"
    numbers = folder / NUMBERS
    write_json(file, read_json(file) | {"outcome": word, "sentence": f"{word}: by this test"})
    told = read_json(numbers)
    write_json(numbers, told | {"precisions": told["precisions"] | {precision: word}})


def test_what_a_person_let_out_of_this_network_stays(
    where: Registry, rerun: Callable[[], None]
) -> None:
    other = by_precision(where)["int8"].number
    deployment.promote(where, other, Grounds("Ann", "phones need it"))
    rerun()
    assert where.aliases()["champion"] == other


def test_what_a_person_approved_goes_when_it_fails_later(
    where: Registry, rerun: Callable[[], None]
) -> None:
    versions, folder = by_precision(where), where.store.project
    set_outcome(folder, "int8", "inconclusive")
    rerun()
    deployment.note_review(where, versions["int8"], "approve", Grounds("Ann", "phones need it"))
    deployment.promote(where, versions["int8"].number)
    rerun()
    assert where.aliases()["champion"] == versions["int8"].number
    set_outcome(folder, "int8", "fail")
    rerun()
    assert where.aliases()["champion"] == versions["fp32"].number


def test_a_file_after_one_that_no_longer_passes_may_not_go_out(
    where: Registry, three: Project, rerun: Callable[[], None]
) -> None:
    folder = where.store.project
    project = Project(folder, three.env)
    project.set(
        gate={
            "rules": [
                {"rule": "minimum", "metric": "accuracy", "limit": 0.999, "because": "a test"}
            ]
        }
    )
    for stage in ("code", "gate"):  # other rules are other code
        assert project.stage(stage).returncode == 0
    rerun()
    versions = by_precision(where)
    assert [versions[p].tags["verdict"] for p in ALL] == ["fail", "not evaluated", "not evaluated"]
    for precision in ("fp16", "int8"):
        with pytest.raises(NotPromoted, match="earlier precision of its network did not pass"):
            deployment.promote(where, versions[precision].number)


def test_a_file_is_not_held_to_another_precision_of_its_network(where: Registry) -> None:
    folder = where.store.project
    assert where.aliases()["champion"] == by_precision(where)["fp32"].number
    another_file(folder, "fewer bits anew", stem("int8"))
    told(folder)
    nobody = {"champion": None, "original_champion": None}
    assert read_json(folder / "artifacts/champion.json") == nobody
    looks = read_json(folder / "artifacts/look.json")["looks"]
    files = exported(folder / "artifacts")
    assert [looks[sha256(files[precision])] for precision in ALL] == [1, 2, 3]
