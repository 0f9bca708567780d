"""A plug-in is a file that gives one thing of the file's name."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import faircompress


@pytest.mark.parametrize(
    "kind, folder", [("rules", "evaluation/rules"), ("heads", "training/heads")]
)
def test_a_file_that_gives_nothing_of_its_name_is_told_by_its_place(
    kind: str, folder: str, tmp_path: Path
) -> None:
    package = tmp_path / "faircompress"
    shutil.copytree(
        Path(faircompress.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / folder / "mine.py").write_text('"""A plug-in whose name was forgotten."""\n')
    program = f"from faircompress.config import plugins; plugins.find({kind!r}, 'mine')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    told = done.stderr.strip().splitlines()[-1]
    assert told == f"TypeError: {folder}/mine.py must define mine: its one name is the file's"
