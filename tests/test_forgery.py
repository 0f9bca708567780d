"""Attestations with keys on a real registry: what is forged is refused, each with its words."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from auditing import run
from conftest import Project
from registered import lay, moved, overwrite, registered_as
from signing import at_home, make_key, rewrite, strip, swap_public_key
from test_registry import acts, tag

from faircompress.ledger.errors import BrokenLedgerError
from faircompress.ledger.record import LEDGER
from faircompress.orchestration import deployment
from faircompress.orchestration.alarm import guard, raise_alarm
from faircompress.orchestration.champion import resolve_champion
from faircompress.orchestration.deployment import BadChampion
from faircompress.orchestration.registered_model import Registry
from faircompress.registry import attestations, known_keys, signatures, versions
from faircompress.registry.history import history
from faircompress.registry.keys import VARIABLES, keys_of
from faircompress.registry.policy import Decision, Grounds, NotPromoted
from faircompress.registry.records import VerdictRecord
from faircompress.support.errors import StateError
from faircompress.support.files import sha256

Finished = tuple[Project, subprocess.CompletedProcess[str]]
FIRST, SECOND, FAILED = "1", "2", "3"  # both passed; the second is the champion
ANN = Grounds("Ann", "a recall")


@pytest.fixture(scope="module")
def signed_project(
    finished: Finished, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Registry, dict[str, str]]:
    """Give a project with keys, two files that passed, one that failed; and what names the keys.

    The environment is put back at once: what other tests start must not find the keys.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    home = tmp_path_factory.mktemp("home")
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}),
    ):
        at_home(patch, home)
        where = moved(finished[0].folder, tmp_path_factory.mktemp("signed"))
        for role, name in (("gate", "paris"), ("reviewer", "ann")):
            make_key(patch, where.store.project, role, name, home)
        attestations.sign(where.store.project)  # what the run before there were keys wrote
        registered_as(where.store.project, "pass")
        registered_as(where.store.project, "fail")
        return where, {name: os.environ[name] for name in (*VARIABLES.values(), "XDG_CONFIG_HOME")}


@pytest.fixture
def where(
    signed_project: tuple[Registry, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Registry:
    """Give a copy that a test may change; its keys are known, and named in the environment."""
    at_home(monkeypatch, tmp_path)
    for name, value in signed_project[1].items():
        monkeypatch.setenv(name, value)
    found = moved(signed_project[0].store.project, tmp_path)
    known_keys.note(keys_of(found.store.project))
    return found


def line_of(where: Registry, number: str, kind: str = "verdict") -> int:
    """Return where the last attestation of a kind stands that is about a version's file."""
    digest = where.find(number).tags["sha256"]
    found = [a for a in attestations.read(where.store.project)
             if (a.kind, a.record.sha256) == (kind, digest)]  # fmt: skip
    return int(found[-1].place.rpartition(" ")[2]) - 1


def refusal(where: Registry, number: str = FAILED) -> str:
    """Return why a version is not promoted."""
    with pytest.raises(NotPromoted) as caught:
        deployment.promote(where, number)
    assert where.aliases()["champion"] == SECOND
    return str(caught.value)


def test_the_champion_is_handed_out_with_who_signed_it(where: Registry, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    shown = run(f"faircompress champion --out {out} --project {where.store.project}")
    assert shown.code == 0, shown.err
    assert f"version {SECOND} of {where.model}, pass, signed by gate paris" in shown.out
    assert sha256(out) == where.find(SECOND).tags["sha256"]


def test_write_access_to_the_tracking_server_makes_no_failed_file_champion(
    where: Registry, tmp_path: Path
) -> None:
    version = where.find(FAILED)
    overwrite(where, FAILED, tmp_path, verdict="pass")  # the verdict, its sha256 and the tags
    taken = Decision(
        "20300101T000000.000000Z", "overridden", version.tags["sha256"], "fail", "E", ""
    )
    lay(where, FAILED, tmp_path, taken)
    versions.point(where.store, where.model, "champion", FAILED)
    with pytest.raises(BadChampion, match="set past the gate"):
        resolve_champion(where.store.project, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
    shown = run(f"faircompress champion --out out.onnx --project {where.store.project}")
    assert shown.code == 3 and "ALARM" in shown.err
    assert f"went back to version {SECOND}" in guard(where)
    listed = run(f"faircompress versions --project {where.store.project}").out
    assert listed.count("(the tag was changed: fail was recorded)") == 1
    versions.point(where.store, where.model, "champion", FIRST)  # which passed, and was replaced
    with pytest.raises(BadChampion, match=f"version {SECOND} was made champion last"):
        resolve_champion(where.store.project)


def test_a_forged_verdict_is_refused(
    where: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overwrite(where, FAILED, tmp_path, verdict="pass")
    (known,) = attestations.about(
        where.store.project, where.model, where.find(FAILED).tags["sha256"]
    )
    seen = where.find(FAILED).tags["verdict.sha256"]
    monkeypatch.delenv(VARIABLES["gate"])
    forged = replace(known, time="20300101T000000.000000Z", outcome="pass", verdict_sha256=seen)
    attestations.add(where.store.project, forged)
    assert "its verdict in" in (words := refusal(where)) and "is unsigned; needed is" in words


def test_a_verdict_of_another_file_is_not_replayed(where: Registry, tmp_path: Path) -> None:
    overwrite(where, FAILED, tmp_path, verdict="pass")
    failed = where.find(FAILED).tags
    number = line_of(where, FIRST)
    rewrite(where.store.project, number, time="20300101T000000.000000Z",
            sha256=failed["sha256"], verdict_sha256=failed["verdict.sha256"])  # fmt: skip
    with pytest.raises(StateError, match="Lines were taken out"):  # the first file's has gone
        deployment.promote(where, FAILED)
    keys, lines = keys_of(where.store.project), attestations.read(where.store.project)
    assert "has a wrong signature of gate paris" in signatures.fault(keys, lines[-1])


def test_a_stripped_signature_is_refused(where: Registry) -> None:
    strip(where.store.project, line_of(where, SECOND))
    with pytest.raises(BadChampion, match="is unsigned; needed is the signature of a gate"):
        deployment.champion(where)


def test_a_forged_decision_is_refused_also_with_the_gates_key(
    where: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = where.find(FAILED).tags
    forged = Decision("20300101T000000.000000Z", "overridden", seen["sha256"], "fail", "Eve", "me",
                      FAILED, seen["verdict.sha256"], where.model)  # fmt: skip
    kept = (where.store.project / attestations.FILE).read_text()
    monkeypatch.delenv(VARIABLES["reviewer"])
    attestations.add(where.store.project, forged)
    words = refusal(where)
    assert "its decision in" in words and "is signed by gate paris" in words
    assert "needed is the signature of a reviewer" in words
    (where.store.project / attestations.FILE).write_text(kept)
    monkeypatch.delenv(VARIABLES["gate"])
    attestations.add(where.store.project, forged)
    assert "is unsigned; needed is the signature of a reviewer" in refusal(where)
    versions.point(where.store, where.model, "champion", FAILED)
    assert f"went back to version {SECOND}" in guard(where)


def test_a_word_in_mlflow_waits_for_the_process_that_holds_the_reviewers_key(
    where: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = VARIABLES["reviewer"]
    private = os.environ[key]
    monkeypatch.delenv(key)
    with pytest.raises(signatures.NotSigned, match=f"'overridden' must be signed.*{key} names no"):
        deployment.promote(where, FAILED, ANN)
    assert where.aliases()["champion"] == SECOND and acts(where, FAILED) == []
    monkeypatch.setenv(key, private)
    deployment.promote(where, FAILED, ANN)
    assert where.aliases()["champion"] == FAILED
    found = history(where.store.project, where.model, where.find(FAILED).tags["sha256"])
    assert [(one.kind, one.signed) for one in found] == [
        ("verdict", "signed by gate paris"), ("decision", "signed by reviewer ann")
    ]  # fmt: skip
    shown = run(f"faircompress versions {FAILED} --history --project {where.store.project}")
    assert "verdict: fail (fp32), rules" in shown.out
    listed = run(f"faircompress versions --project {where.store.project}").out.splitlines()
    assert [line.split()[:2] for line in listed] == [["3", "fail"], ["2", "pass"], ["1", "pass"]]
    assert listed[0].endswith("champion")
    assert "overridden by Ann, verdict fail: a recall; signed by reviewer ann" in shown.out


def test_a_ledger_that_is_not_what_was_attested_hands_out_no_champion(where: Registry) -> None:
    ledger = where.store.project / LEDGER
    kept = ledger.read_bytes()
    ledger.write_bytes(b"".join(kept.splitlines(keepends=True)[:1]))
    for act in (resolve_champion, lambda _: deployment.promote(where, SECOND)):
        with pytest.raises(BrokenLedgerError, match="looks are missing"):
            act(where.store.project)
    ledger.unlink()
    with pytest.raises(BrokenLedgerError, match="has 0 lines"):
        resolve_champion(where.store.project)
    assert resolve_champion(where.store.project, without_ledger=True).version == SECOND


def test_a_swapped_public_key_stops_everything_and_moves_nothing(
    where: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = where.store.project
    eve = swap_public_key(project, "gate", "paris", tmp_path / "other")
    monkeypatch.setenv(VARIABLES["gate"], str(eve))
    failed = where.find(FAILED).tags["sha256"]
    (known,) = attestations.about(project, where.model, failed)
    attestations.add(project, replace(known, time="20300101T000000.000000Z", outcome="pass"))
    for act in (deployment.champion, guard, lambda w: deployment.promote(w, FAILED)):
        with pytest.raises(StateError, match="the key gate paris of .* somebody swapped it"):
            act(where)
    assert where.aliases()["champion"] == SECOND
    with pytest.raises(StateError, match="somebody swapped it"):
        raise_alarm(project, reason="it does harm")  # nothing can be trusted to take its place
    assert "champion" not in where.aliases()


def test_an_alarm_takes_the_file_out_of_service_once_and_is_attested(
    where: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = where.store.project
    for key in VARIABLES.values():
        monkeypatch.delenv(key)
    evidence = {"group": "sex=f", "e_value": 120.5}
    raised = raise_alarm(project, reason="TPR of sex=f fell by .2", evidence=evidence)
    assert (raised.version, raised.champion, raised.news) == (SECOND, FIRST, True)
    assert "withdrawn by the monitor, verdict pass: TPR of sex=f fell by .2" in raised.sentence
    again = raise_alarm(project, reason="TPR of sex=f fell by .2", version=SECOND)
    assert (again.champion, again.news) == (FIRST, False)
    found = [a for a in attestations.read(project) if a.kind == "alarm"]
    assert [a.record.evidence for a in found if isinstance(a.record, Decision)] == [evidence]
    assert guard(where) == "" and where.aliases()["champion"] == FIRST
    tag(where, SECOND, review="")
    with pytest.raises(NotPromoted, match="was withdrawn by the monitor"):
        deployment.promote(where, SECOND)


def test_a_pass_under_loosened_rules_needs_a_reviewer(where: Registry, finished: Finished) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    project = where.store.project
    params = (project / "params.yaml").read_text()
    assert "limit: 0.3" in params, params
    (project / "params.yaml").write_text(params.replace("limit: 0.3", "limit: 0.4"))
    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        registered_as(project, "pass", words="under looser rules")
    newest = versions.versions(where.store, where.model)[0].number
    assert (where.aliases()["champion"], where.aliases()["challenger"]) == (SECOND, newest)
    words = refusal(where, newest)
    assert "a pass, but its rules allow more than those agreed on" in words
    assert "at most 0.3: now 0.4" in words
    tag(where, newest, review="approve", reviewer="Ann", reason="the limit was a slip")
    deployment.promote(where, newest)
    assert where.aliases()["champion"] == newest and acts(where, newest) == ["approved"]
    assert isinstance(attestations.records(project)[-1], Decision)
    assert resolve_champion(project).version == newest


def test_an_old_pass_is_no_way_around_rules_that_were_tightened_since(
    where: Registry, finished: Finished
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    project = where.store.project
    params = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(params.replace("limit: 0.3", "limit: 0.2"))
    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        registered_as(project, "fail", words="under stricter rules")
    assert "a pass, but its rules allow more than those agreed on" in refusal(where, FIRST)
    tag(where, FIRST, review="approve", reviewer="Ann", reason="until the new one passes")
    deployment.promote(where, FIRST)
    assert where.aliases()["champion"] == FIRST and acts(where, FIRST)[-1] == "approved"


def test_without_keys_a_champion_is_handed_out_as_unsigned(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home(monkeypatch, tmp_path / "home")
    where = moved(finished[0].folder, tmp_path / "project")
    assert resolve_champion(where.store.project).signed == "unsigned"
    shown = run(f"faircompress verify --project {where.store.project}")
    assert shown.code == 0 and "unsigned: keys/ holds no public key" in shown.out
    found = attestations.verdicts(where.store.project, where.model)[0]
    assert isinstance(found.record, VerdictRecord) and found.ledger and found.record.rules
