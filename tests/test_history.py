"""`faircompress history` and `compare`, `dvc plots`, and what is said at each stage's end."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Project
from finished_runs import MODEL, Finished, runs

from faircompress.cli.compare import _lines
from faircompress.orchestration import durations
from faircompress.orchestration.comparing import Comparison
from faircompress.orchestration.durations import Left, Taken
from faircompress.orchestration.stage_words import epoch_words, stage_words
from faircompress.support.curve_table import curve_table


def ours(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return project.call(sys.executable, "-m", "faircompress", *words)


def test_history_tells_verdict_worst_limit_size_and_champion_on_the_terminal_and_as_a_page(
    finished: Finished, tmp_path: Path
) -> None:
    project, _ = finished
    said = ours(project, "history")
    assert (said.returncode, said.stderr) == (0, "")
    head, line = said.stdout.splitlines()
    cells = dict(zip(re.split(r"\s{2,}", head), re.split(r"\s{2,}", line), strict=False))
    assert cells["version"] == "1"
    size = (project.folder / "artifacts/export/pruned.onnx").stat().st_size
    assert "PASS" in line and f"  {size / 1e3:.0f} kB  " in line and "CHAMPION" in line
    page = tmp_path / "history.html"
    assert ours(project, "history", "--html", str(page)).stdout.strip() == str(page)
    text = page.read_text()
    assert (
        "<h1>The last file, version 1, fp32, evaluated on " in text
        and "Champion: version 1" in text
        and f"<title>History of {MODEL}</title>" in text
    )
    assert "http" not in text  # one page, which asks nobody for anything


def test_a_version_and_its_verdict_on_disk_do_not_differ(finished: Finished) -> None:
    project, _ = finished
    found = json.loads(ours(project, "compare", "1", "project", "--json").stdout)
    assert found["outcomes"] == ["pass", "pass"] and found["same_rows"]
    assert [found[key] for key in ("params", "rules", "checks", "rates", "costs")] == [[]] * 5


def test_the_gate_names_its_files_in_the_order_in_which_they_are_evaluated(tmp_path: Path) -> None:
    outcomes = {"fp16": "pass", "fp32": "pass", "int8": "fail"}  # as JSON keeps them
    (tmp_path / "gate.json").write_text(json.dumps({"precisions": outcomes}))
    assert stage_words("gate", tmp_path) == "fp32 pass, fp16 pass, int8 fail"


def test_compare_begins_with_each_name_its_outcome_and_why() -> None:
    why = ("Pass: all 2 checks passed.", "Fail: harm is confirmed.")
    found = Comparison(("3", "4"), ("pass", "fail"), why, False, [], [], [], [], [])
    assert list(_lines(found))[:3] == [
        "3: PASS, all 2 checks passed.",
        "4: FAIL, harm is confirmed.",
        "They were evaluated on different rows: rates differ by chance, too.",
    ]


def test_compare_names_another_rule_and_another_rate_and_refuses_an_unknown_name(
    finished: Finished, tmp_path: Path
) -> None:
    project, _ = finished
    verdict = json.loads((project.folder / "artifacts/gate/verdict.json").read_text())
    verdict["rules"][0]["limit"] = 0.25
    hair = next(group for group in verdict["groups"] if group["group"] == "hair=short")
    rate = hair["metrics"]["auroc"]["candidate"]
    hair["metrics"]["auroc"]["candidate"] = rate - 0.2
    other = tmp_path / "verdict.json"
    other.write_text(json.dumps(verdict))
    said = ours(project, "compare", "project", str(other)).stdout
    assert "change auroc against baseline  limit 0.3 -> limit 0.25" in said
    assert f"  AUROC  hair=short  {rate:.3f} -> {rate - 0.2:.3f}  (\N{MINUS SIGN}0.200)" in said
    refused = ours(project, "compare", "project", "nobody")
    assert refused.returncode == 3 and "'nobody' is no evaluated file here" in refused.stderr


def test_dvc_plots_show_curves_rates_by_group_and_limits(finished: Finished) -> None:
    project, _ = finished
    shown = json.loads(project.call("dvc", "plots", "show", "--json", check=True).stdout)
    assert not shown.get("errors")
    plots = {name: found[0]["content"]["data"]["values"] for name, found in shown["data"].items()}
    assert {row["epoch"] for row in plots["accuracy by epoch, dense"]} == {"1", "2", "3", "4"}
    groups = {row["group"] for row in plots["accuracy by group"]}
    assert {"all, dense", "all, pruned", "hair=short, pruned"} <= groups
    used = plots["share of each limit that is used, beyond 1 is harm"]
    assert {row["outcome"] for row in used} == {"pass"}
    assert all(float(row["share of the limit"]) < 1 for row in used)


def test_a_log_tells_each_epoch_and_what_each_stage_came_to(finished: Finished) -> None:
    project, said = finished
    export = json.loads((project.folder / "artifacts/export.json").read_text())
    lines = {line.split()[0]: line for line in said.stderr.splitlines() if line[:1].strip()}
    assert said.stderr.count("  epoch ") == 4 + 2  # of training and of fine-tuning
    assert "  epoch 4 of 4: loss 0." in said.stderr
    assert f"{export['speedup_macs']:.2f}x fewer multiply-adds" in lines["prune"]
    assert f"{export['dense_bytes'] / 1e3:.0f} kB ->" in lines["export"]
    assert lines["gate"].endswith("fp32 pass")
    assert "\x1b[" not in said.stderr + said.stdout  # no colours in a pipe


def test_mlflow_shows_a_precision_by_its_own_few_numbers_and_tables(finished: Finished) -> None:
    project, _ = finished
    file = next(run for run in runs(project) if run.info.run_name == "PASS fp32")
    assert file.data.metrics["bytes"] > 0 and len(file.data.metrics) < 30
    assert file.data.tags["mlflow.note.content"].startswith("**Pass")
    shown = file.data.tags["mlflow.note.content"].replace("\N{NO-BREAK SPACE}", "")
    assert "| hair=short |" in shown


def test_what_is_left_grows_with_the_epochs_and_is_at_least_what_is_known() -> None:
    before = {"train": Taken(40, 4), "prune": Taken(30, 2), "screen": Taken(1, 0)}
    known = before | {"export": Taken(10, 0), "gate": Taken(5, 0)}
    epochs = {"train": 8, "prune": 2}
    assert durations.left(known, epochs, "train", 20) == Left(80 - 20 + 1 + 30 + 10 + 5, True)
    assert durations.left(before, epochs, "prune", 10) == Left(30 - 10, False)
    assert durations.left({}, epochs, "validate", 1) is None
    # a first run: an eighth of the training took 5 s; fine-tuning is taken to be as fast by epoch
    assert durations.left({}, epochs, "train", 5, 1 / 8) == Left(40 - 5 + 10, False)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert durations.in_words(seconds) == words


def test_a_curve_is_plotted_by_its_worst_group() -> None:
    numbers = {"loss": 0.5, "accuracy/all": 0.8, "accuracy/a=x": 0.9, "accuracy/a=y": 0.6}
    assert epoch_words(numbers) == "loss 0.500, accuracy 0.800"
    row = curve_table({"0001": numbers})[0]
    assert (row["epoch"], row["accuracy"], row["accuracy of the worst group"]) == (1, 0.8, 0.6)
    assert row["auroc"] is None
