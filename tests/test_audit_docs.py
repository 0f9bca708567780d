"""What docs/audit.md and its workflow say can be typed, is typed here, word for word."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import foreign
import numpy as np
import pandas as pd
import pytest
import yaml
from auditing import run
from test_audit import noisy
from test_audit_onnx import brightness, pictures

pytestmark = pytest.mark.docs
DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "audit.md").read_text()
COMMANDS = [
    block.replace("\\\n", " ").strip() for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
]
CODES = [1, 1, 0, 1, 1, 1, 1]  # as the models of the page are: old people are forgotten


def written(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the page's commands name."""
    here = tmp_path_factory.mktemp("page")
    subprocess.run([sys.executable, "-c", written("python")], cwd=here, check=True)
    (here / "audit").rename(here / "from python")
    table = pd.read_csv(here / "predictions.csv")
    table.drop(columns="p_small").to_csv(here / "dense.csv", index=False)
    table[["image", "p_small"]].to_csv(here / "small.csv", index=False)
    table.assign(image="v" + table.image).head(500).to_csv(here / "val.csv", index=False)
    classes = noisy(500, ("cat", "dog", "owl")).rename(columns={"kind": "species", "hair": "zoo"})
    classes.to_parquet(here / "classes.parquet")
    (here / "rules.yaml").write_text(written("yaml"))
    brightness(here / "dense.onnx", bias=0)
    brightness(here / "small.onnx", bias=20)
    foreign.write(str(here / "float.onnx"), head="", weights=np.array([[0.0, 9.0]] * 3))
    pictures({"long": 50, "short": 10}).to_parquet(here / "pictures.parquet")
    return here


@pytest.mark.parametrize(("command", "code"), list(zip(COMMANDS, CODES, strict=True)))
def test_a_command_of_the_page_ends_as_it_should(
    command: str, code: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["faircompress"])
    ended = run(command)
    assert ended.code == code, ended.err or ended.out
    if command == COMMANDS[0]:
        assert ended.out.startswith(written("text"))


def test_the_audit_from_python_saves_what_the_command_does(folder: Path) -> None:
    verdict = json.loads((folder / "from python" / "verdict.json").read_text())
    assert verdict["outcome"] == "fail"
    assert [rule["metric"] for rule in verdict["rules"]] == ["auroc", "true_positive_rate"]


def sh(command: str, folder: Path, **env: str) -> int:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    who = {f"GIT_{k}": "x" for k in ("AUTHOR_NAME", "COMMITTER_NAME")}
    where = {f"GIT_{k}": "x" for k in ("AUTHOR_EMAIL", "COMMITTER_EMAIL")}
    everything = {**os.environ, "PATH": path, **who, **where, **env}
    return subprocess.run(["bash", "-ec", command], cwd=folder, env=everything).returncode


def test_the_workflow_audits_counts_and_puts_the_summary_where_reviewers_look(folder: Path) -> None:
    workflow = yaml.safe_load((DOCS / "examples" / "github-actions.yml").read_text())
    steps = {one.get("name"): one for one in workflow["jobs"]["audit"]["steps"]}
    repository = "git init --quiet --bare o && git clone --quiet o own 2>&1"
    assert sh(f"{repository} && cd own && git commit --quiet --allow-empty -m 1", folder) == 0
    assert sh(written("bash"), folder / "own") == 0  # as the page says to do once
    assert sh("git clone --quiet -b looks o looks", folder) == 0
    for step, code in 2 * [("Audit", 1), ("Count the look", 0), ("Summary", 0)]:
        where = folder / steps[step].get("working-directory", "")
        assert sh(steps[step]["run"], where, GITHUB_STEP_SUMMARY=str(folder / "page.md")) == code
    assert "## Fail: harm beyond the limit" in (folder / "page.md").read_text()
    assert "Look 1 at this test set" in (folder / "page.md").read_text()
    assert sh("test $(git -C o rev-list --count looks) = 2", folder) == 0  # one look, once
    assert sh("git -C o show looks:ledger.jsonl | cmp - looks/ledger.jsonl", folder) == 0
