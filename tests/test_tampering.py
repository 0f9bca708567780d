"""What somebody with write access to the tracking server alone can do: not make a file champion."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from auditing import run
from conftest import Project
from registered import again, another_file, lay, moved, overwrite, registered_as, told
from test_registry import acts, tag

from faircompress.orchestration import checkout, deployment
from faircompress.orchestration.alarm import alarm, guard
from faircompress.orchestration.deployment import Registry
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import attestations, mlflow_runs, versions
from faircompress.registry.policy import Decision, Grounds, NotPromoted
from faircompress.support.files import read_json, write_json

Finished = tuple[Project, subprocess.CompletedProcess[str]]
FIRST, SECOND, FAILED = "1", "2", "3"  # both passed; the second is the champion
ANN = Grounds("Ann", "complaints from the field")


@pytest.fixture(scope="module")
def promoted_twice(
    finished: Finished, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """Give a project with two files that passed and one that failed."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    where = moved(finished[0].folder, tmp_path_factory.mktemp("twice"))
    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        registered_as(where.store.project, "pass")
        registered_as(where.store.project, "fail")
        yield where


@pytest.fixture
def where(promoted_twice: Registry, tmp_path: Path) -> Registry:
    """Give a copy that a test may change."""
    found = moved(promoted_twice.store.project, tmp_path)
    assert found.aliases() == {"champion": SECOND, "previous": FIRST, "original_champion": FIRST}
    return found


def overridden(where: Registry, number: str) -> Decision:
    digest = where.find(number).tags["sha256"]
    return Decision("20300101T000000.000000Z", "overridden", digest, "fail", "Eve", "trust me")


def set_champion(where: Registry, number: str) -> None:
    versions.point(where.store, where.model, "champion", number)


def test_a_verdict_that_was_overwritten_promotes_nothing(where: Registry, tmp_path: Path) -> None:
    recorded = where.find(FAILED).tags["verdict.sha256"]
    overwrite(where, FAILED, tmp_path, verdict="pass")
    forged = where.find(FAILED).tags["verdict.sha256"]
    with pytest.raises(
        NotPromoted, match=f"outcome was fail.*{recorded}.*keeps {forged}.*Run again"
    ):
        deployment.promote(where, FAILED)
    with pytest.raises(NotPromoted, match="changed on the server"):
        deployment.promote(where, FAILED, Grounds("Bob", "must"))
    assert where.aliases()["champion"] == SECOND
    assert acts(where, FAILED) == []


def test_edited_tags_alone_are_named(where: Registry) -> None:
    tag(where, FAILED, verdict="pass")
    with pytest.raises(NotPromoted, match="its tag verdict says pass, fail was recorded"):
        deployment.promote(where, FAILED)
    tag(where, FAILED, verdict="fail", evaluated_by=where.find(FIRST).tags["evaluated_by"])
    with pytest.raises(NotPromoted, match="or the tag evaluated_by was changed"):
        deployment.promote(where, FAILED)
    tag(where, FAILED, evaluated_by="no such run")
    with pytest.raises(NotPromoted, match="keeps none"):
        deployment.promote(where, FAILED)


def test_a_decision_that_nobody_took_lets_nothing_out(where: Registry, tmp_path: Path) -> None:
    lay(where, FAILED, tmp_path, overridden(where, FAILED))
    with pytest.raises(NotPromoted, match=r"decisions/20300101.*made by hand"):
        deployment.promote(where, FAILED)
    set_champion(where, FAILED)
    with pytest.raises(deployment.BadChampion, match="made by hand"):
        deployment.champion(where)
    assert f"went back to version {SECOND}" in guard(where)


def test_a_decision_about_another_version_is_not_borrowed(where: Registry, tmp_path: Path) -> None:
    (taken,) = versions.decisions(where.store, where.find(FIRST))
    lay(where, FAILED, tmp_path, taken)
    with pytest.raises(NotPromoted, match=f"is about version {FIRST}"):
        deployment.promote(where, FAILED)


def test_an_override_names_version_and_verdict_and_does_not_outlive_it(where: Registry) -> None:
    deployment.promote(where, FAILED, Grounds("Bob", "must"))
    (kept,) = versions.decisions(where.store, where.find(FAILED))
    assert (kept.version, kept.model) == (FAILED, where.model)
    assert kept.verdict_sha256 == where.find(FAILED).tags["verdict.sha256"]
    assert deployment.trusted(where, FAILED).number == FAILED
    known = attestations.latest(where.store.project, where.model, kept.sha256)
    assert known
    newer = replace(known, time="20300101T000000.000000Z", verdict_sha256="0" * 64)
    attestations.add(where.store.project, newer)
    tag(where, FAILED, **{"verdict.sha256": "0" * 64})
    with pytest.raises(deployment.BadChampion):
        deployment.trusted(where, FAILED)


def test_an_alarm_moves_the_alias_back_once_and_marks_the_version(where: Registry) -> None:
    set_champion(where, FAILED)
    tag(where, FAILED, verdict="pass")
    words = guard(where)
    assert words.startswith(f"ALARM: version {FAILED} of {where.model} is fail")
    assert words.endswith(f"The alias champion went back to version {SECOND}.")
    assert guard(where) == ""
    assert where.aliases() == {"champion": SECOND, "previous": FIRST, "original_champion": FIRST}
    assert "is fail" in where.find(FAILED).tags["alarm"]
    assert acts(where, FAILED) == ["demoted"]
    assert acts(where, SECOND) == ["promoted", "brought back"]


def test_after_an_alarm_there_is_a_way_back_still(where: Registry) -> None:
    deployment.promote(where, FAILED, Grounds("Bob", "must"))
    alarm(where, ANN)
    assert where.aliases() == {"champion": SECOND, "previous": FIRST, "original_champion": FIRST}
    assert f"version {FIRST}" in deployment.rollback(where, ANN)


def test_a_champion_whose_verdict_was_overwritten_gives_way_to_previous_and_comes_back_anew(
    where: Registry, tmp_path: Path, same_file: Callable[[], None]
) -> None:
    overwrite(where, SECOND, tmp_path, sentence="all is well")
    assert f"went back to version {FIRST}" in guard(where)
    assert where.aliases() == {"champion": FIRST, "original_champion": FIRST}
    same_file()
    newest = versions.versions(where.store, where.model)[0]
    assert newest.tags["sha256"] == where.find(SECOND).tags["sha256"]
    back = {"champion": newest.number, "previous": FIRST, "original_champion": FIRST}
    assert where.aliases() == back
    assert guard(where) == ""


@pytest.fixture
def same_file(where: Registry, finished: Finished) -> Iterator[Callable[[], None]]:
    """Give a way to end a run with the file and the verdict of the second version."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        yield lambda: registered_as(where.store.project, "pass") and None  # same words, same bytes


def test_a_file_that_changed_in_the_registry_is_registered_anew(
    where: Registry, same_file: Callable[[], None]
) -> None:
    digest = where.find(SECOND).tags["sha256"]
    files = where.store.project.glob("mlartifacts/*/models/*/artifacts/model.onnx")
    (file,) = [f for f in files if versions.sha256(f) == digest]
    file.unlink()
    assert f"went back to version {FIRST}" in guard(where)
    same_file()
    assert versions.file_sha256(where.store, where.find("4")) == digest
    assert where.aliases()["champion"] == "4"


@pytest.mark.parametrize("to", [FIRST, None])
def test_an_alias_that_was_moved_or_taken_away_goes_back(where: Registry, to: str | None) -> None:
    if to:
        set_champion(where, to)
    else:
        versions.withdraw(where.store, where.find(SECOND), "champion")
    assert f"version {SECOND} was made champion last" in guard(where)
    assert where.aliases() == {"champion": SECOND, "previous": FIRST, "original_champion": FIRST}
    assert "alarm" not in where.find(FIRST).tags


def test_the_first_champion_stays_the_original_champion(where: Registry) -> None:
    versions.point(where.store, where.model, "original_champion", SECOND)
    assert f"went back to version {FIRST}, the first champion" in guard(where)
    assert where.aliases()["original_champion"] == FIRST
    versions.withdraw(where.store, where.find(FIRST), "original_champion")
    assert "the alias original_champion is gone" in guard(where)


def test_with_no_good_version_left_there_is_no_champion(where: Registry, tmp_path: Path) -> None:
    for number in (FIRST, SECOND):
        overwrite(where, number, tmp_path, sentence="all is well")
    assert "There is no version to go back to" in guard(where)
    assert "champion" not in where.aliases()
    assert guard(where) == ""


def test_where_nothing_is_recorded_everything_is_refused_and_nothing_moved(where: Registry) -> None:
    (where.store.project / attestations.FILE).unlink()
    assert "Its alias stays" in guard(where)
    with pytest.raises(NotPromoted, match=r"nothing was evaluated.*attestations\.jsonl"):
        deployment.promote(where, FIRST)
    with pytest.raises(NotPromoted):
        deployment.rollback(where, ANN)
    assert where.aliases() == {"champion": SECOND, "previous": FIRST, "original_champion": FIRST}


def test_what_a_person_took_back_stays_so_without_its_tags(
    where: Registry, same_file: Callable[[], None]
) -> None:
    words = alarm(where, ANN)
    assert "was withdrawn by Ann" in words
    assert where.aliases() == {"champion": FIRST, "original_champion": FIRST}
    tag(where, SECOND, review="approve", reviewer="Eve", reason="trust me")
    same_file()
    assert where.aliases()["champion"] == FIRST
    set_champion(where, SECOND)
    assert f"went back to version {FIRST}" in guard(where)
    deployment.promote(where, SECOND)  # somebody asks for it here, and the review says so
    assert where.aliases()["champion"] == SECOND
    assert guard(where) == ""


def test_rollback_does_not_go_to_what_somebody_called_previous(where: Registry) -> None:
    versions.point(where.store, where.model, "previous", FAILED)
    with pytest.raises(NotPromoted, match="is fail"):
        deployment.rollback(where, ANN)
    assert where.aliases()["champion"] == SECOND


def test_the_command_tells_by_its_exit_code_whether_the_champion_is_as_recorded(
    where: Registry,
) -> None:
    command = f"faircompress alarm --project {where.store.project}"
    said = run(command)
    assert said.code == 0 and said.out.startswith(f"version {SECOND} of {where.model} is the")
    set_champion(where, FAILED)
    said = run(command)
    assert said.code == 1 and f"went back to version {SECOND}" in said.out
    assert run(command).code == 0
    said = run(f"{command} --reviewer Ann --reason 'complaints from the field'")
    assert said.code == 1 and f"went back to version {FIRST}" in said.out
    assert acts(where, SECOND)[-1] == "withdrawn"


def test_an_alarm_without_a_name_or_a_reason_does_nothing(where: Registry) -> None:
    with pytest.raises(NotPromoted, match="--reviewer and --reason"):
        alarm(where, Grounds("Ann", " "))
    assert "was not the champion" in alarm(where, ANN, FAILED)
    assert where.aliases()["champion"] == SECOND


def test_restoring_refuses_what_was_changed_on_the_server(where: Registry, tmp_path: Path) -> None:
    (tmp_path / "changed").mkdir()
    lock = tmp_path / "changed" / "dvc.lock"
    lock.write_text("schema: '2.0'\n")
    run_id = where.find(FIRST).tags["evaluated_by"]
    mlflow_runs.log_files(where.store, run_id, [lock], "restore")
    before = (where.store.project / "dvc.lock").read_bytes()
    for act in (lambda: checkout.checkout(where, FIRST, force=True), lambda: checkout.clean(where)):
        with pytest.raises(NotPromoted, match=r"dvc\.lock kept to restore it is not"):
            act()
    assert (where.store.project / "dvc.lock").read_bytes() == before


def test_a_run_says_the_alarm_moves_the_alias_and_compares_with_the_good_one(
    where: Registry,
) -> None:
    set_champion(where, FAILED)
    another_file(where.store.project, "a new try")
    told(where.store.project)
    heard = read_json(where.store.project / "artifacts/champion.json")
    assert (heard["champion"]["version"], heard["champion"]["not_comparable"]) == (SECOND, None)
    assert where.aliases()["champion"] == SECOND
    runs = where.store.client.search_runs([where.store.experiment(where.model)])
    assert runs[0].data.tags["alarm"].startswith("ALARM")


def test_a_champion_that_fails_when_it_is_judged_anew_goes_at_once(
    where: Registry, finished: Finished
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    space = Workspace(where.store.project, where.store.project)
    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        registered_as(space.folder, "pass")
        assert where.aliases()["champion"] == SECOND
        verdict = space.artifacts / "gate/verdict.json"
        write_json(verdict, read_json(verdict) | {"outcome": "fail", "sentence": "fail: new rules"})
        again(space)
    assert where.aliases()["champion"] == FIRST
    assert "is fail" in where.find(SECOND).tags["alarm"]


def test_a_run_that_repeats_itself_records_nothing_twice(where: Registry) -> None:
    record = where.store.project / attestations.FILE
    before = len(record.read_text().splitlines())
    again(Workspace(where.store.project, where.store.project))
    assert len(record.read_text().splitlines()) == before
