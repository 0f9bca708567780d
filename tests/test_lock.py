"""requirements.lock: versions that pyproject.toml allows, and files that are what they were."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PINS = re.findall(r"^([a-z0-9-]+)==([^ ]+)((?: ; [^\\\n]+)?)(.*(?:\n .*)*)", LOCK, re.MULTILINE)
UV = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
needs_uv = pytest.mark.skipif(UV is None, reason="needs uv, which `make test` installs")


def asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for texts in (project["dependencies"], *extras) for text in texts]


def needed(wanted: Requirement, met: set[tuple[str, str]]) -> Iterator[str]:
    """Names that a requirement brings into this environment, itself included."""
    for extra in ("", *wanted.extras):
        name = canonicalize_name(wanted.name)
        if (name, extra) in met:
            continue
        met.add((name, extra))
        yield name
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of onnxruntime and onnxruntime-gpu one is there
            continue
        for inner in map(Requirement, requires):
            if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                yield from needed(inner, met)


def test_each_locked_version_is_one_that_pyproject_allows() -> None:
    for wanted in asked_for():
        pinned = [version for name, version, _, _ in PINS if name == canonicalize_name(wanted.name)]
        assert pinned, f"{wanted} is not in requirements.lock: make lock"
        assert all(version in wanted.specifier for version in pinned), (str(wanted), pinned)


def test_whatever_the_project_brings_is_locked() -> None:
    met: set[tuple[str, str]] = set()
    names = {name for wanted in asked_for() for name in needed(wanted, met)}
    assert len(names) > 150
    assert names - {name for name, *_ in PINS} == set()


def test_each_locked_package_has_hashes_and_no_address() -> None:
    assert len(PINS) == len(re.findall("^[^ ]", LOCK, re.MULTILINE)) > 250
    for name, _, _, lines in PINS:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", lines), name
    assert "://" not in LOCK


def setting_up(runtime: str) -> list[str]:
    """Words of the command by which `make run` installs the project."""
    make = ["make", "--dry-run", "--always-make", f"RUNTIME={runtime}", ".venv/.ready"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ran = subprocess.run(make, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    (line,) = [line for line in ran.stdout.splitlines() if "--editable" in line]
    return line.split()


def packed(folder: Path, name: str, requires: str = "") -> str:
    """Write a wheel with nothing in it; return its sha256."""
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{requires}"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@needs_uv
def test_a_file_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    """As `make run` installs: the lock's hashes hold for what the project brings, too."""
    flags = ["--constraints", "requirements.lock", "--verify-hashes"]
    assert set(flags) <= set(setting_up("gpu")) and "--no-verify-hashes" not in setting_up("gpu")
    assert "--no-verify-hashes" in setting_up("cpu")  # its torch is another file

    true = packed(tmp_path, "inner_thing")
    packed(tmp_path, "outer_thing", "Requires-Dist: inner-thing\n")
    subprocess.run(
        [str(UV), "venv", "--quiet", "--python", sys.executable, "env"], cwd=tmp_path, check=True
    )
    install = [
        str(UV),
        "pip",
        "install",
        "--python",
        "env",
        "--no-index",
        "--find-links",
        ".",
        *flags,
    ]

    def installed(sha256: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "requirements.lock").write_text(
            f"inner-thing==1 --hash=sha256:{sha256}\n", "utf-8"
        )
        return subprocess.run(
            [*install, "outer-thing"], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    refused = installed("0" * 64)
    assert refused.returncode != 0
    assert "Hash mismatch for `inner-thing==1`" in refused.stderr
    assert installed(true).returncode == 0
