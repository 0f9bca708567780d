"""The chain books its looks in the ledger of the project, as an audit does in its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Project
from registered import another_file, moved

from faircompress.auditing.looks import LEDGER, review_of
from faircompress.ledger.entries import Booked, Completed, Imported, LimitsChanged
from faircompress.ledger.errors import LedgerError, NeedsReviewerError
from faircompress.ledger.record import Ledger
from faircompress.orchestration import looks
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.deployment import Registry
from faircompress.orchestration.record import recorded
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.registry import look_records, mlflow_runs
from faircompress.support.files import read_json, sha256

Finished = tuple[Project, subprocess.CompletedProcess[str]]
WIDER = "gate.rules=[{rule: change, metric: auroc, limit: 0.4, because: a test}]"


@pytest.fixture
def where(finished: Finished, tmp_path: Path) -> Registry:
    return moved(finished[0].folder, tmp_path)


def entries(folder: Path, kind: type) -> list[object]:
    return [e for e in Ledger(folder / LEDGER).entries() if isinstance(e, kind)]


def told(space: Workspace, *who: str) -> dict[str, object]:
    """Book the look of what lies in a workspace; return what the gate is told of it."""
    with recorded(space) as record:
        write_champion_inputs.fn(record, review_of(*who) if who else None)
    return dict(read_json(space.artifacts / "look.json"))


def test_a_run_books_its_look_and_completes_it(finished: Finished) -> None:
    folder = finished[0].folder
    (booked,), (completed,) = entries(folder, Booked), entries(folder, Completed)
    assert isinstance(booked, Booked) and isinstance(completed, Completed)
    assert booked.files == (sha256(folder / "artifacts/export/pruned.onnx"),)
    assert (booked.number, booked.way, completed.outcome) == (1, "spend", "pass")
    assert booked.limits["change auroc hair"] == 0.3
    assert finished[0].call("git", "status", "--porcelain", "state").stdout == ""


def test_a_repeated_run_is_no_new_look_and_changes_no_byte(where: Registry) -> None:
    folder = where.store.project
    files = [folder / LEDGER, folder / "artifacts/look.json"]
    before = [file.read_bytes() for file in files]
    told(Workspace(folder, folder))
    with recorded(Workspace(folder, folder)) as record:
        looks.complete(record)
    assert [file.read_bytes() for file in files] == before


def test_a_group_that_is_expected_and_not_there_is_told_before_a_look_is_spent(
    where: Registry,
) -> None:
    folder = where.store.project
    before = (folder / LEDGER).read_bytes()
    Project(folder).set(gate={"expect": {"hair": ["red"]}})
    with pytest.raises(ValueError, match=r"no test row has hair=red.*correct gate\.expect"):
        told(Workspace(folder, folder))
    assert (folder / LEDGER).read_bytes() == before


def test_a_variant_counts_with_the_project_and_a_changed_limit_needs_a_reviewer(
    where: Registry,
) -> None:
    folder = where.store.project
    (folder / "data").mkdir(exist_ok=True)
    variant = prepare(folder, [WIDER])
    shutil.rmtree(variant.folder / "artifacts")
    (variant.folder / "artifacts").symlink_to(folder / "artifacts")
    with pytest.raises(NeedsReviewerError, match=r"0\.3 -> 0\.4.*run --reviewer NAME --reason WHY"):
        told(variant)
    assert len(entries(folder, Booked)) == 1
    assert set(dict(told(variant, "Bob", "as the protocol has it")["looks"]).values()) == {2}
    (changed,) = entries(folder, LimitsChanged)
    assert isinstance(changed, LimitsChanged) and changed.reviewer == "Bob"
    assert not (variant.folder / "state").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.record import recorded
from faircompress.orchestration.workspace import Workspace
with recorded(Workspace(Path(sys.argv[1]), Path(sys.argv[1]))) as record:
    write_champion_inputs.fn(record)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_killed_before_its_outcome_has_spent_its_look_and_the_next_is_the_same(
    where: Registry,
) -> None:
    folder = where.store.project
    another_file(folder, "a second try")
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], env=env, cwd=folder, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(entries(folder, Booked)) == 2 and len(entries(folder, Completed)) == 1
    assert set(dict(told(Workspace(folder, folder))["looks"]).values()) == {2}
    with recorded(Workspace(folder, folder)) as record:
        looks.complete(record)
    assert len(entries(folder, Booked)) == 2 and len(entries(folder, Completed)) == 2


def test_looks_that_mlflow_tells_of_are_taken_over_once_and_a_file_keeps_its_number(
    where: Registry,
) -> None:
    folder, file = where.store.project, sha256(where.store.project / "artifacts/export/pruned.onnx")
    test = str(read_json(folder / "artifacts/look.json")["test"])
    for old in [folder / LEDGER, *(folder / "state").glob("ledger.jsonl.sets/*")]:
        old.unlink()
    run = mlflow_runs.begin(where.store, where.model, "of another clone", {})
    look_records.keep(where.store, run, test, {"a" * 64: 1, "b" * 64: 2})
    tag = f"look {test[:16]} {file[:16]}"  # as versions up to 0.2 said it
    where.store.client.set_registered_model_tag(where.model, tag, "3")
    for _ in range(2):
        assert told(Workspace(folder, folder))["looks"] == {file: 3}
    assert [(e.candidate, e.number) for e in entries(folder, Imported)] == [  # type: ignore[attr-defined]
        ("a" * 16, 1), ("b" * 16, 2), (file[:16], 3),
    ]  # fmt: skip
    another_file(folder, "a second try")
    assert set(dict(told(Workspace(folder, folder))["looks"]).values()) == {4}


def test_tags_cannot_give_a_look_back(where: Registry) -> None:
    folder, file = where.store.project, sha256(where.store.project / "artifacts/export/pruned.onnx")
    another_file(folder, "a second try")
    before = told(Workspace(folder, folder))
    test = str(before["test"])
    for number in ("1", "none"):
        for known in (file, *dict(before["looks"])):
            key = f"look {test[:16]} {known[:16]}"
            where.store.client.set_registered_model_tag(where.model, key, number)
        assert told(Workspace(folder, folder)) == before


def test_a_ledger_that_was_changed_stops_the_run(where: Registry) -> None:
    ledger = where.store.project / LEDGER
    ledger.write_text(ledger.read_text().replace('"number":1', '"number":2'))
    with pytest.raises(LedgerError, match="Bring the ledger back"):
        told(Workspace(where.store.project, where.store.project))


def test_another_outcome_of_the_same_look_is_refused(where: Registry) -> None:
    folder = where.store.project
    path = folder / "artifacts/gate/verdict.json"
    path.write_text(json.dumps(read_json(path) | {"outcome": "fail"}))
    with (
        recorded(Workspace(folder, folder)) as record,
        pytest.raises(LedgerError, match=r"came out as 'pass' .* now as 'fail'.* first outcome"),
    ):
        looks.complete(record)
