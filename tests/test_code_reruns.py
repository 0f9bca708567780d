"""DVC runs a stage again when its code changed, and no other stage."""

import shutil
import subprocess
import sys
from pathlib import Path

from conftest import Project, with_own_code


def ran(project: Project) -> list[str]:
    """Bring a project up to date with DVC alone; return the stages that really ran."""
    said = project.call(sys.executable, "-m", "dvc", "repro", check=True).stdout
    words = [line.split("'") for line in said.splitlines() if line.startswith("Running stage")]
    return [word[1] for word in words]


def test_new_words_rerun_nothing_and_new_code_of_the_gate_the_gate_alone(
    finished: tuple[Project, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    shutil.copytree(finished[0].folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    package = with_own_code(project, tmp_path / "code")
    assert not (project.folder / "src").exists()
    verdict = (project.folder / "artifacts/gate/verdict.json").read_bytes()
    assert ran(project) == ["source", "code"]  # plain DVC sees the chain that faircompress ran
    for file in ("training/fit.py", "evaluation/costs.py", "stages/validate.py"):
        text = (package / file).read_text()
        (package / file).write_text(text.replace('"""', '"""In other words: ', 1) + "# the end\n")
    assert ran(project) == ["source", "code"]
    with (package / "report/decision.py").open("a") as file:
        file.write("\nADDED = 1\n")
    assert ran(project) == ["source", "code", "gate"]
    assert (project.folder / "artifacts/gate/verdict.json").read_bytes() == verdict
