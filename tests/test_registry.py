"""The registry of judged files, on a real MLflow store; and results back from a real DVC cache."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Project, commit
from registered import again, another_file, moved, registered_as, told

from faircompress.data import predictions
from faircompress.orchestration import checkout, deployment
from faircompress.orchestration.deployment import Registry
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import versions
from faircompress.registry.policy import Grounds, NotPromoted
from faircompress.support.files import read_json, sha256

Finished = tuple[Project, subprocess.CompletedProcess[str]]
PASSED, OPEN, FAILED, VARIANT = "1", "2", "3", "4"
SMALL = ("params.yaml", "mlflow.db", "mlartifacts")
ANN = Grounds("Ann", "looked at the pictures")


@pytest.fixture(scope="module")
def judged_thrice(
    finished: Finished, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """Give a project with a file of each verdict, and a passing one of a variant."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    project, _ = finished
    where = moved(project.folder, tmp_path_factory.mktemp("thrice"))
    with temporary_settings({PREFECT_API_URL: project.env["PREFECT_API_URL"]}):
        for word in ("inconclusive", "fail"):
            registered_as(where.store.project, word)
        registered_as(where.store.project, "pass", variant="lenient")
        yield where


@pytest.fixture
def where(judged_thrice: Registry, tmp_path: Path) -> Registry:
    """Give a copy that a test may change."""
    return moved(judged_thrice.store.project, tmp_path, *SMALL)


def tag(where: Registry, number: str, **tags: str) -> None:
    versions.note(where.store, where.find(number), tags)


def acts(where: Registry, number: str) -> list[str]:
    return [d.act for d in versions.decisions(where.store, where.find(number))]


def test_every_judged_file_is_a_version_with_verdict_and_hashes(judged_thrice: Registry) -> None:
    found = versions.versions(judged_thrice.store, judged_thrice.model)
    assert [v.tags["verdict"] for v in found] == ["pass", "fail", "inconclusive", "pass"]
    for hashed in ("sha256", "sha256.dense", "sha256.data", "dvc.lock.sha256", "verdict.sha256"):
        assert all(len(v.tags[hashed]) == 64 for v in found)
    assert all(len(v.tags["git.commit"]) >= 40 for v in found)
    assert len({v.tags["sha256"] for v in found}) == 4


def test_a_version_shows_its_groups_as_a_table(judged_thrice: Registry) -> None:
    client = judged_thrice.store.client
    text = client.get_model_version(judged_thrice.model, FAILED).description
    assert "**fail: said the judge of this test**" in text
    assert re.search(r"\| Group\s+\| Pictures\s+\| AUROC\s+\|", text)
    assert re.search(r"\| hair=short\s+\| 480\s+\|", text)


def test_a_pass_is_champion_and_anchor_an_open_question_challenger_and_a_variant_nothing(
    judged_thrice: Registry,
) -> None:
    named = judged_thrice.aliases()
    assert named == {"champion": PASSED, "original_champion": PASSED, "challenger": OPEN}


def test_without_a_reviewers_word_promotion_says_what_is_missing(where: Registry) -> None:
    with pytest.raises(NotPromoted, match="tags review .approve or reject., reviewer and reason"):
        deployment.promote(where)
    tag(where, OPEN, review="approve", reviewer="Ann")
    with pytest.raises(NotPromoted, match="reason missing"):
        deployment.promote(where)
    assert acts(where, OPEN) == []


def test_a_reviewers_tags_are_obeyed_and_kept_for_good(where: Registry) -> None:
    tag(where, OPEN, review="approve", reviewer="Ann", reason="few rows, none harmed")
    assert "is the champion, after version 1" in deployment.promote(where)
    assert where.aliases() == {"champion": OPEN, "previous": PASSED, "original_champion": PASSED}
    (kept,) = versions.decisions(where.store, where.find(OPEN))
    assert (kept.act, kept.reviewer, kept.reason) == ("approved", "Ann", "few rows, none harmed")
    told = [value for key, value in where.find(OPEN).tags.items() if key.startswith("decision 20")]
    assert told == ["approved by Ann, verdict inconclusive: few rows, none harmed"]
    assert "is the champion already" in deployment.promote(where, OPEN)
    assert acts(where, OPEN) == ["approved"]
    champion = deployment.champion(where)
    assert champion and champion.number == OPEN


def test_a_rejected_challenger_waits_no_longer(where: Registry) -> None:
    tag(where, OPEN, review="reject", reviewer="Ann", reason="short hair suffers")
    assert "rejected by Ann" in deployment.promote(where)
    assert where.aliases() == {"champion": PASSED, "original_champion": PASSED}
    assert acts(where, OPEN) == ["rejected"]


def test_a_failure_goes_out_by_override_alone(where: Registry) -> None:
    tag(where, FAILED, review="approve", reviewer="Ann", reason="I like it")
    with pytest.raises(NotPromoted, match="no tag changes that"):
        deployment.promote(where, FAILED)
    deployment.promote(where, FAILED, Grounds("Bob", "the old one leaks"))
    assert where.aliases()["champion"] == FAILED
    assert acts(where, FAILED) == ["overridden"]
    tag(where, FAILED, review="", reviewer="", reason="")  # tags can be changed, the record not
    champion = deployment.champion(where)
    assert champion and champion.number == FAILED


def test_a_failure_at_the_end_of_a_run_is_told_with_the_override_that_let_it_out(
    where: Registry,
) -> None:
    told = deployment.stop(where, where.find(FAILED))
    assert told.endswith("failed; only an override lets it out")
    deployment.promote(where, FAILED, Grounds("Bob", "the old one leaks"))
    told = deployment.stop(where, where.find(FAILED))
    assert "failed, but may go out: it was overridden by Bob" in told
    assert where.aliases()["champion"] == FAILED


def test_a_file_that_changed_in_the_registry_is_not_promoted(where: Registry) -> None:
    tag(where, OPEN, review="approve", reviewer="Ann", reason="fine")
    digest = where.find(OPEN).tags["sha256"]
    files = where.store.project.glob("mlartifacts/*/models/*/artifacts/model.onnx")
    (file,) = [f for f in files if versions.sha256(f) == digest]
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(NotPromoted, match=f"{digest} was evaluated; they must be equal"):
        deployment.promote(where, OPEN)
    assert where.aliases()["champion"] == PASSED


@pytest.mark.parametrize(("number", "why"), [(FAILED, "is fail"), (VARIANT, "a variant's params")])
def test_an_alias_set_past_the_gate_raises_an_alarm(where: Registry, number: str, why: str) -> None:
    versions.point(where.store, where.model, "champion", number)
    tag(where, number, verdict="pass")
    with pytest.raises(deployment.BadChampion, match=f"ALARM.*{why}"):
        deployment.champion(where)
    deployment.promote(where, PASSED)
    assert where.aliases() == {"champion": PASSED, "original_champion": PASSED, "challenger": OPEN}


def test_a_file_that_nobody_judged_is_no_champion(where: Registry) -> None:
    client = where.store.client
    source = client.get_model_version(where.model, FAILED).source
    by_hand = str(client.create_model_version(where.model, source).version)
    versions.point(where.store, where.model, "champion", by_hand)
    with pytest.raises(deployment.BadChampion, match="its tag says None"):
        deployment.champion(where)


def test_rollback_exchanges_champion_and_previous_and_the_next_run_respects_it(
    judged_thrice: Registry, tmp_path: Path
) -> None:
    where = moved(judged_thrice.store.project, tmp_path)
    with pytest.raises(NotPromoted, match="no previous champion"):
        deployment.rollback(where, ANN)
    registered_as(tmp_path, "pass")
    newest = "5"
    assert where.aliases()["champion"] == newest
    deployment.rollback(where, ANN)
    after = {
        "champion": PASSED,
        "previous": newest,
        "original_champion": PASSED,
        "challenger": OPEN,
    }
    assert where.aliases() == after
    again(Workspace(tmp_path, tmp_path))
    assert where.aliases() == after
    assert acts(where, newest) == ["promoted", "rolled back", "rejected"]
    assert len(versions.versions(where.store, where.model)) == 5
    deployment.rollback(where, ANN)
    assert where.aliases()["champion"] == newest


def test_promotions_wait_for_each_other(where: Registry) -> None:
    lock = where.store.project / ".checkpoints" / "registry.lock"
    lock.parent.mkdir(exist_ok=True)
    hold = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep(1.5)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline()
        start = time.monotonic()
        deployment.promote(where, PASSED)
        assert time.monotonic() - start > 1
        assert other.wait() == 0


def test_the_gate_is_told_what_the_champion_says_of_todays_test_rows(
    finished: Finished, tmp_path: Path
) -> None:
    where = moved(finished[0].folder, tmp_path)
    artifacts = tmp_path / "artifacts"
    assert read_json(artifacts / "champion.json") == {"champion": None, "original_champion": None}
    assert not told(tmp_path)  # its own promotion is no news to the file that became champion
    another_file(tmp_path, "a second try")
    assert told(tmp_path)
    heard = read_json(artifacts / "champion.json")
    assert heard["champion"] == heard["original_champion"]
    assert (heard["champion"]["version"], heard["champion"]["not_comparable"]) == (PASSED, None)
    for split in ("test", "validation"):
        said = predictions.load(artifacts / f"champion/champion-{split}.parquet")
        gated = predictions.load(artifacts / f"export/predictions/pruned-{split}.parquet")
        assert said.model == gated.model == where.find(PASSED).tags["sha256"]
        assert np.abs(said.probabilities - gated.probabilities).max() < 1e-6
        assert list(said.ids) == list(gated.ids)
    assert read_json(artifacts / "look.json")["looks"] == {
        sha256(artifacts / "export/pruned.onnx"): 2
    }
    assert not told(tmp_path)


def test_what_a_version_needs_outlives_cleaning_and_comes_back(
    finished: Finished, tmp_path: Path
) -> None:
    where = moved(finished[0].folder, tmp_path)
    project = Project(tmp_path, finished[0].env)
    commit(project, "results")
    told = (tmp_path / "artifacts/gate.json").read_text()
    project.set(prune={"speedup": 2.0})
    (tmp_path / "dvc.lock").unlink()
    (tmp_path / "artifacts/gate.json").write_text("{}")
    for folder in ("validate", "train", "prune", "export", "gate"):
        for file in sorted((tmp_path / "artifacts" / folder).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    assert "registered versions (1)" in checkout.clean(where)
    with pytest.raises(checkout.NotRestored, match=r"artifacts/gate.json.*--force"):
        checkout.checkout(where, PASSED)
    said = project.call(sys.executable, "-m", "faircompress", "checkout", PASSED, "--force")
    assert said.returncode == 0, said.stderr
    assert where.find(PASSED).tags["git.commit"] in said.stdout
    assert project.call("git", "status", "--porcelain", "--untracked-files=no").stdout == ""
    assert (tmp_path / "artifacts/gate.json").read_text() == told
    digest = versions.sha256(tmp_path / "artifacts/export/pruned.onnx")
    assert digest == where.find(PASSED).tags["sha256"]
