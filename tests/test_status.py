"""`faircompress status` and `open`: what a project's own files say of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Project, new_project
from ledgers import drawn, look_at
from test_chain import copied

from faircompress.ledger.looks import complete
from faircompress.ledger.record import Ledger
from faircompress.ledger.standing import standing
from faircompress.registry.policy import Act, Decision, made_champion
from faircompress.statistics import online_fdr
from faircompress.support.checkpoints import Curve

Finished = tuple[Project, subprocess.CompletedProcess[str]]
NO_SCREEN = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"), "")


def ours(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return project.call(sys.executable, "-m", "faircompress", *words)


def status(project: Project) -> dict[str, Any]:
    said = ours(project, "status", "--json")
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def reasons(project: Project) -> dict[str, tuple[list[str], list[str]]]:
    """Return why each stage would run again, and after which."""
    return {one["stage"]: (one["reasons"], one["after"]) for one in status(project)["pending"]}


def levels(number: int, released: int) -> float:
    return online_fdr.earn(number, released, 1.0)


def test_a_finished_project_computes_nothing_and_shows_verdict_looks_and_champion(
    finished: Finished,
) -> None:
    project, _ = finished
    said = ours(project, "status")
    assert (said.returncode, said.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in said.stdout.splitlines() if line[0] != " ")
    assert lines["verdict"].startswith("PASS, 20") and ", speed-up 3" in lines["verdict"]
    assert lines["looks"].startswith("1 at the last run's test set; the next may use 0.00417 of")
    assert lines["champion"].startswith("version 1 of faircompress-portraits, promoted by the gate")
    assert lines["next"] == "run   computes nothing, unless the raw data changed"


def test_a_changed_param_is_named_with_both_values_and_so_is_what_comes_after(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    project.set(prune={"speedup": 4})
    changed = "prune.speedup: 3 -> 4"
    assert reasons(project) == {
        "prune": ([changed], []),
        "export": ([changed], ["prune"]),
        "gate": ([], ["prune", "export"]),
    }
    assert "next run   prune: prune.speedup: 3 -> 4\n" in ours(project, "status").stdout


def test_other_code_lost_results_and_changed_commands_are_reasons(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    shutil.rmtree(project.folder / "artifacts/export")
    lock = project.folder / "dvc.lock"
    known = yaml.safe_load(lock.read_text())
    known["stages"]["screen"]["params"]["artifacts/code.json"]["screen"] = "0" * 64
    known["stages"]["gate"]["cmd"] = "another"
    lock.write_text(yaml.safe_dump(known, sort_keys=False))
    found = reasons(project)
    assert found["screen"] == (["its code, or what it is installed with, changed"], [])
    assert found["export"] == (["artifacts/export is missing"], [])
    assert "its command in dvc.yaml changed" in found["gate"][0]
    assert set(found) == {"screen", "export", "gate"}


def test_a_new_project_has_everything_before_it_and_an_unfinished_training_is_seen(
    tmp_path: Path,
) -> None:
    project = new_project(tmp_path)
    curve = Curve(tmp_path / ".checkpoints/train/0123456789abcdef/curve.json")
    curve.path.parent.mkdir(parents=True)
    for epoch in (1, 2):
        curve.add(epoch, {"loss": 1 / epoch})
    said = ours(project, "status").stdout
    assert "verdict    none yet\n" in said
    assert "training   train: epoch 2 of 4 done, stopped" in said
    assert "next run   validate, train, screen, prune, export, gate: it never ran here\n" in said


def test_status_loads_nothing_heavy(finished: Finished) -> None:
    project, _ = finished
    code = (
        "import sys; from pathlib import Path;"
        "from faircompress.orchestration.status import status; status(Path());"
        "print([m for m in ('torch', 'mlflow', 'prefect', 'pandas', 'scipy') if m in sys.modules])"
    )
    assert project.call(sys.executable, "-c", code, check=True).stdout == "[]\n"


@pytest.mark.parametrize("way", ["spend", "earn"])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_status_counts_the_looks_and_names_the_level_that_the_next_one_gets(
    tmp_path: Path, way: str, before: int
) -> None:
    ledger, test_set = Ledger(tmp_path / "ledger.jsonl"), drawn(names="x")
    assert standing(ledger, levels) is None
    for name in "acd"[:before]:
        look = look_at(ledger, test_set, name, way=way, levels=levels)
        complete(ledger, look, outcome="pass", e_values={"a check": 1000.0})
    found = standing(ledger, levels)
    assert found is not None and (found.used, found.way) == (before, way)
    following = look_at(ledger, test_set, "e", way=way, levels=levels)
    assert following.alpha(0.025) == pytest.approx(found.next_alpha)


def test_the_champion_by_the_record_is_the_last_that_nobody_took_back() -> None:
    def decided(*acts: tuple[Act, str]) -> list[Decision]:
        return [
            Decision(str(n), act, version * 64, "pass", "Ann", "why", version, model="m")
            for n, (act, version) in enumerate(acts)
        ]

    def champion(*acts: tuple[Act, str]) -> str | None:
        found = made_champion(decided(*acts))
        return found and found.version

    assert champion() is None
    assert champion(("promoted", "1"), ("overridden", "2")) == "2"
    assert champion(("promoted", "1"), ("promoted", "2"), ("rolled back", "2")) == "1"
    assert champion(("promoted", "1"), ("promoted", "2"), ("demoted", "2")) == "1"
    assert champion(("promoted", "1"), ("rolled back", "1")) is None
    assert champion(("promoted", "1"), ("rolled back", "1"), ("brought back", "1")) == "1"


def test_without_a_browser_open_prints_where_the_page_is(finished: Finished) -> None:
    project, _ = finished
    project = Project(project.folder, {**project.env, **NO_SCREEN})
    for words, name in (((), "report.html"), (("model-card",), "card.md")):
        said = ours(project, "open", *words)
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout == f"{project.folder.resolve() / 'artifacts/gate' / name}\n"


def test_the_browser_of_the_user_gets_the_page(finished: Finished, tmp_path: Path) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    project = Project(finished[0].folder, {**finished[0].env, "BROWSER": f"{browser} %s"})
    assert ours(project, "open").returncode == 0
    page = project.folder.resolve() / "artifacts/gate/report.html"
    assert seen.read_text() == f"{page.as_uri()}\n"


def test_what_cannot_be_opened_says_what_to_run(tmp_path: Path) -> None:
    report = tmp_path / "variants/prune.seed=2/artifacts/gate/report.html"
    report.parent.mkdir(parents=True)
    report.write_text("a page")
    project = Project(tmp_path, {**NO_SCREEN, "MLFLOW_TRACKING_URI": ""})
    said = ours(project, "open")
    assert said.returncode == 3 and "Run faircompress run." in said.stderr
    assert "Variants with one: prune.seed=2 (--variant NAME)" in said.stderr
    assert ours(project, "open", "--variant", "prune.seed=2").stdout == f"{report.resolve()}\n"
    said = ours(project, "open", "mlflow", "--port", "9")
    assert said.returncode == 3 and "start it: faircompress ui" in said.stderr


def test_a_new_test_split_retrains_nothing(finished: Finished, tmp_path: Path) -> None:
    project = copied(finished, tmp_path)
    path = project.folder / "artifacts/validate/data.parquet"
    rows = pq.read_table(path)
    path.unlink()  # DVC's cache may have it under another name
    pq.write_table(rows.slice(0, len(rows) - 1), path)
    said = project.call(sys.executable, "-m", "dvc", "status", "--json", check=True).stdout
    changed = set(json.loads(said)) - {"source", "code"}
    assert changed == {"validate", "export", "gate"}
