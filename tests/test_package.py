"""The wheel, installed in fresh environments away from the repository."""

import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, TINY

import faircompress

PROJECT = ("flows", "infra", "dvc.yaml", "params.yaml", "presets.yaml")
MB = 1_000_000
UV = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
needs_uv = pytest.mark.skipif(UV is None, reason="needs uv, which `make test` installs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


def installed(folder: Path, what: str) -> Path:
    """Install into a fresh environment; return the folder of its programs."""
    assert UV is not None
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    lock = str(ROOT / "requirements.lock")
    command = [UV, "pip", "install", "--quiet", "--constraints", lock, "--python", folder, what]
    subprocess.run(command, check=True)
    return folder / "bin"


def call(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_wheel_holds_one_package_and_the_files_of_a_project(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        tops = {name.split("/")[0] for name in names}
        assert tops == {"faircompress", f"faircompress-{faircompress.__version__}.dist-info"}
        assert "faircompress/py.typed" in names
        for name in PROJECT:
            paths = [p for p in sorted((ROOT / name).rglob("*")) if p.is_file()] or [ROOT / name]
            for path in paths:
                if "__pycache__" in path.parts or path.name == ".env":
                    continue
                inside = f"faircompress/project/{path.relative_to(ROOT).as_posix()}"
                assert packed.read(inside) == path.read_bytes(), inside


@needs_uv
def test_the_core_audits_a_table_and_says_what_else_needs_an_extra(
    wheel: Path, tmp_path: Path
) -> None:
    programs = installed(tmp_path / "core", str(wheel))
    packages = list((tmp_path / "core").glob("lib/python3*/site-packages/*.dist-info"))
    assert len(packages) <= 26
    files = [p for p in (tmp_path / "core").rglob("*") if p.is_file() and not p.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 600 * MB
    table(tmp_path / "table.csv")
    ours = programs / "faircompress"
    asked = ("--label", "y", "--group", "sex", "--id", "id", "--rule", "change auroc 0.1")
    models = ("--baseline", "p_dense", "--candidate", "p_small")
    judged = call(tmp_path, ours, "audit", "table.csv", *asked, *models, "--out", "out")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    rows = [f"out/predictions-{model}.parquet" for model in ("baseline", "candidate")]
    again = call(tmp_path, ours, "verify", "out/verdict.json", *rows)
    assert again.returncode == 0, again.stdout + again.stderr
    said = call(tmp_path, ours, "run")
    assert (said.returncode, said.stdout) == (3, "")
    assert "this needs dvc, which is not installed" in said.stderr
    assert "pip install 'faircompress[pipeline]'" in said.stderr
    script = "from faircompress import prune"
    said = call(tmp_path, programs / "python", "-c", script)
    assert "this needs torch, which is not installed. Install it with the extra" in said.stderr
    version = call(tmp_path, ours, "--version")
    assert version.stdout == f"faircompress {faircompress.__version__}\n"


@needs_uv
@pytest.mark.installs
@pytest.mark.timeout(900)
def test_with_all_extras_a_new_project_is_run_to_a_verdict(wheel: Path, tmp_path: Path) -> None:
    programs = installed(tmp_path / "all", f"{wheel}[onnx-gpu,train,pipeline]")
    made = call(tmp_path, programs / "faircompress", "init", "mine", "--name", "ours")
    assert made.returncode == 0, made.stdout + made.stderr
    changes = [word for change in TINY for word in ("-S", change)]
    ended = call(tmp_path / "mine", programs / "faircompress", "run", *changes)
    assert ended.returncode in (0, 1, 2), ended.stdout + ended.stderr
    with closing(sqlite3.connect(tmp_path / "mine/mlflow.db")) as registry:
        assert registry.execute("SELECT name, version FROM model_versions").fetchall() == [
            ("ours", 1)
        ]
    assert list((tmp_path / "mine/variants").glob("*/artifacts/gate/verdict.json"))


def table(path: Path) -> None:
    """Write 1,200 rows on which both models rank nearly alike."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1200)
    score = rng.normal(size=1200) + 2.5 * y - 1.25
    near = score + rng.normal(scale=0.1, size=1200)
    both = {name: 1 / (1 + np.exp(-z)) for name, z in (("p_dense", score), ("p_small", near))}
    sex = rng.choice(["f", "m"], 1200)
    pd.DataFrame({"id": range(1200), "y": y, "sex": sex, **both}).to_csv(path, index=False)
