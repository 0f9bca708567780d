"""The chain tops up a look: more people in the test split, nothing trained anew, one look."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Project

from faircompress.auditing.looks import LEDGER, review_of
from faircompress.config.bad_params import BadParams
from faircompress.config.params import load
from faircompress.ledger.entries import Booked, Completed
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.record import Ledger
from faircompress.orchestration import looks
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.record import recorded
from faircompress.orchestration.workspace import Workspace
from faircompress.stages.gate import gate
from faircompress.support.errors import InputError
from faircompress.support.files import read_json, sha256, write_json

Finished = tuple[Project, subprocess.CompletedProcess[str]]
RULE = {"rule": "change", "metric": "auroc", "limit": 0.05, "because": "a test"}
ALPHA = 0.025 / 6  # of the second look
TRAINED = ("train/model.pt", "prune/model.pt", "export/dense.onnx", "export/pruned.onnx")
PEOPLE = 12 * 80  # of each part: label x hair x skin


def evaluated(project: Project, *, by_dvc: bool) -> dict[str, Any]:
    """Book the look of what lies in a project, evaluate it, and complete it."""
    artifacts = project.folder / "artifacts"
    with recorded(Workspace(project.folder, project.folder)) as record:
        write_champion_inputs.fn(record, review_of("Bob", "a test"))
        if by_dvc:
            project.call("dvc", "repro", "--single-item", "gate", check=True)
        else:
            gate(record.params, artifacts)
        looks.complete(record)
    verdict: dict[str, Any] = read_json(artifacts / "gate/verdict.json")
    return verdict


def files(project: Project) -> list[str]:
    return [sha256(project.folder / "artifacts" / path) for path in TRAINED]


@pytest.fixture(scope="module")
def grown(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Evaluate the finished project on its few people, then with as many more."""
    project = Project(tmp_path_factory.mktemp("grown"), finished[0].env)
    shutil.copytree(finished[0].folder, project.folder, dirs_exist_ok=True, symlinks=True)
    project.set(gate={"rules": [RULE], "topping_up": True})
    seen: dict[str, Any] = {"project": project, "few": evaluated(project, by_dvc=False)}
    seen["few files"] = files(project)
    raw = yaml.safe_load((project.folder / "params.yaml").read_text())
    project.set(data={"portraits": {**raw["data"]["portraits"], "test_added": 80}})
    seen["ran"] = project.call("dvc", "repro", "export", check=True).stdout
    seen["more"] = evaluated(project, by_dvc=True)
    return seen


def worst(verdict: dict[str, Any], key: str) -> float:
    return float(min(check[key] for check in verdict["rules"][0]["checks"]))


def test_more_people_train_nothing_and_export_the_same_files(grown: dict[str, Any]) -> None:
    ran = [line.split("'")[1] for line in grown["ran"].splitlines() if line.startswith("Running")]
    assert ran == ["source", "code", "validate", "export"]
    assert files(grown["project"]) == grown["few files"]


def test_two_parts_of_one_look_pass_together(grown: dict[str, Any]) -> None:
    few, more = grown["few"], grown["more"]
    assert (few["outcome"], few["parts"], few["rows"]) == ("inconclusive", 1, PEOPLE)
    assert "they top up this look, which declared it: no new look" in " ".join(few["next"])
    assert worst(few, "e_value") < 1 / ALPHA
    assert (more["outcome"], more["parts"], more["rows"]) == ("pass", 2, PEOPLE)  # fresh alone
    assert more["look"] == few["look"] == 2  # the finished project's own was the first
    assert "960 rows of 960 people were used in an earlier test set" in " ".join(more["notes"])
    for first, second in zip(few["rules"][0]["checks"], more["rules"][0]["checks"], strict=True):
        together = first["e_value"] * second["e_value"]
        assert second["e_value_of_parts"] == pytest.approx(together, rel=1e-9)
    assert worst(more, "e_value_of_parts") >= 1 / ALPHA


def test_the_ledger_has_one_look_in_two_parts(grown: dict[str, Any]) -> None:
    entries = Ledger(grown["project"].folder / LEDGER).entries()
    booked = [e for e in entries if isinstance(e, Booked)][1:]
    assert [e.number for e in booked] == [2, 2]
    assert booked[0].tops_up is None and booked[1].tops_up == entries.index(booked[0]) + 1
    came = [e.outcome for e in entries if isinstance(e, Completed)][1:]
    assert came == ["inconclusive", "pass"]


def test_verify_derives_the_second_part_from_its_own_rows(grown: dict[str, Any]) -> None:
    place = grown["project"].folder / "artifacts/gate"
    rows = sorted((place / "predictions").glob("*-test.parquet"))
    command = (sys.executable, "-m", "faircompress", "verify", place / "verdict.json", *rows)
    ended = grown["project"].call(*map(str, command))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 checks re-derived; 6 e-values are taken as stated" in ended.stdout


def test_the_same_rows_again_are_the_same_part(grown: dict[str, Any]) -> None:
    folder = grown["project"].folder
    before = [(folder / path).read_bytes() for path in (LEDGER, "artifacts/look.json")]
    with recorded(Workspace(folder, folder)) as record:
        assert not write_champion_inputs.fn(record)
        looks.complete(record)
    assert [(folder / path).read_bytes() for path in (LEDGER, "artifacts/look.json")] == before


def test_a_declaration_after_the_first_look_is_refused(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished[0].folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    Project(tmp_path).set(gate={"topping_up": True})
    with (
        recorded(Workspace(tmp_path, tmp_path)) as record,
        pytest.raises(LedgerError, match="gate.topping_up comes too late"),
    ):
        write_champion_inputs.fn(record)


def test_without_the_ledger_nothing_is_topped_up(grown: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(grown["project"].folder / "artifacts", tmp_path / "artifacts")
    params = load(grown["project"].folder / "params.yaml")
    told = read_json(tmp_path / "artifacts/look.json")
    plain = {key: value for key, value in told.items() if key != "part"}
    write_json(tmp_path / "artifacts/look.json", plain)
    with pytest.raises(InputError, match=r"look.json says nothing.*use faircompress run"):
        gate(params, tmp_path / "artifacts")
    rows = [*told["part"]["rows"], "nobody"]
    write_json(tmp_path / "artifacts/look.json", {**told, "part": {**told["part"], "rows": rows}})
    with pytest.raises(InputError, match="names 961 rows .* the test split holds 960 of them"):
        gate(params, tmp_path / "artifacts")


def test_one_file_alone_is_topped_up(finished: Finished) -> None:
    with pytest.raises(BadParams, match=r"topping_up is declared for one file.*names 2"):
        load(
            finished[0].folder / "params.yaml",
            ["gate.topping_up=true", "export.precisions=[fp32, fp16]"],
        )
