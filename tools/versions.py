"""Test the lowest and the highest versions that pyproject.toml allows: `make versions`.

Each set of versions goes into a fresh environment of its own, away from the lock. ``core`` is what
every user installs; ``chain`` adds the extras that `make run` installs, some 7 GB a set. Lowest
means the lowest of each package that pyproject.toml names, with the newest of what these need.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRAS = {"core": (), "chain": ("onnx-gpu", "train", "pipeline")}
TESTS = {
    "core": (
        "test_audit_split.py",
        "test_audit_tables.py",
        "test_columns.py",
        "test_evaluate.py",
        "test_report.py",
        "test_second_opinion.py",
        "test_verdict_schema.py",
        "test_verify_attacks.py",
    ),
    "chain": (
        "test_verdict_schema.py",
        "test_to_onnx.py",
        "test_training.py",
        "test_chain.py::test_a_first_run_ends_in_a_verdict_and_says_what_to_open",
    ),
}
TOOLS = ("pytest>=8.4", "pytest-timeout>=2.4", "pytest-xdist>=3.8", "jsonschema>=4.23")
# the wording of a schema that is derived anew is that of the locked pydantic
NOT_THERE = "tests/test_verdict_schema.py::test_the_published_schema_is_that_of_the_code"


def main() -> int:
    """Say for each set how its tests ended; return 0 if all passed."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("what", nargs="*", default=["core"], choices=sorted(EXTRAS))
    ways = ("lowest-direct", "highest")
    parser.add_argument("--resolution", nargs="*", default=ways, choices=ways)
    asked = parser.parse_args()
    return max([tested(what, how) for what in asked.what for how in asked.resolution])


def tested(what: str, resolution: str) -> int:
    """Install a set of versions, run its tests, say what was run; return pytest's code."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="versions-") as folder:
        python = installed(Path(folder) / "env", what, resolution)
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        tests = [f"tests/{name}" for name in TESTS[what]]
        ended = subprocess.run(
            [python, "-m", "pytest", "-p", "no:cacheprovider", *tests, "--deselect", NOT_THERE],
            cwd=ROOT, env=env, check=False,
        )  # fmt: skip
    word = "failed" if ended.returncode else "passed"
    print(f"== {what}, {resolution}: {word}, {time.monotonic() - start:.0f} s", flush=True)
    return ended.returncode


def installed(folder: Path, what: str, resolution: str) -> Path:
    """Make an environment with a set of versions; return its Python."""
    uv = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    if uv is None:
        sys.exit("uv is not installed; make .venv/.ready-dev brings it")
    pins, python = folder.parent / "pins.txt", folder / "bin" / "python"
    extras = [word for extra in EXTRAS[what] for word in ("--extra", extra)]
    compiled = ("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url")
    choice = ("--resolution", resolution, "--output-file", pins)
    subprocess.run([uv, *compiled, *choice, *extras, ROOT / "pyproject.toml"], check=True)
    print(f"== {what}, {resolution}: " + ", ".join(pins.read_text("utf-8").split()), flush=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    into = ("pip", "install", "--quiet", "--python", python)
    subprocess.run([uv, *into, "--requirement", pins, *TOOLS], check=True)
    subprocess.run([uv, *into, "--no-deps", ROOT], check=True)  # for its command
    return python


if __name__ == "__main__":
    sys.exit(main())
