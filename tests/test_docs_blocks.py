"""The code blocks of the docs are run, word for word; NOT_RUN says which are not, and why.

Blocks are ``console``, ``sh``, ``bash`` and ``python``. Each runs in a folder with the files that
the pages speak of, and must end with 0, or with what ENDS says. tests/test_docs_site.py executes
the notebook.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(console|sh|bash|python)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PREFIX = r"(?:[A-Z_]+=\S+ )*"
NOT_RUN = {  # what a command begins with -> why it is not run here
    r"pip install ": "tests/test_package.py installs the wheel in fresh environments",
    r"faircompress run": "minutes to hours of training; tests/test_chain.py runs small chains",
    r"faircompress study": "minutes to hours of training; tests/test_study_flow.py runs small ones",
    r"python bench/": "minutes to hours; tests/test_readme.py asks each for --help",
    r"python -m pytest tests/test_(mlflow_ui|pages)": "draws the docs' pictures from a real run",
    r"faircompress (promote|rollback|alarm|checkout|clean|champion)": "needs versions in MLflow; "
    "tests/test_policy.py, test_tampering.py, test_forgery.py and test_registry.py have them",
    r"faircompress keys|git add keys|git commit -m .Keys": "makes keys for good; "
    "tests/test_signatures.py has some",
    r"faircompress (status|open)": "needs a project that ran; tests/test_status.py has one",
    r"faircompress (history|compare)": "needs a project that ran; tests/test_history.py has one",
    r"faircompress search": "minutes to hours of training; tests/test_search_plan.py plans one",
    r"faircompress serve": "runs until it is stopped; tests/test_retrain.py serves",
    r"faircompress notify": "needs receivers; tests/test_notify.py has them",
    r"faircompress backfill": "minutes to hours of training; tests/test_backfill.py has commits",
    r"(prefect|mlflow|docker|python -m flows|cp infra|dvc) ?": "needs a server or a store",
    r"(apt|kubectl|helm) ": "needs a system or a cluster; tests/test_chart.py renders the chart",
    r"python -m infra": "needs PostgreSQL; tests/test_services.py starts, backs up and restores",
    r"git (clone|commit|switch|push|merge|-C|-c)": "needs a repository elsewhere",
    r"export ": "settings of the commands below it, which are not run either",
}
PAGES_NOT_RUN = {
    "README.md console": "index.md has the same init; tests/test_readme.py runs `params`",
    "docs/audit.md": "tests/test_audit_docs.py runs it, with the files that it makes",
    "docs/own-network.md": "tests/test_own_network_page.py runs it as one program",
    "docs/your-data.md console": "its own names of columns; project.md has the same commands",
    "CONTRIBUTING.md": "the metric is a file of its own; tests/test_metrics.py has its like",
}
ENDS = {"docs/ledger.md": [2, 0]}  # the first table is too small: topping up makes it a pass


class Block(NamedTuple):
    page: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Return the commands of a shell block, without comments and line ends."""
        joined = self.text.replace("\\\n", " ")
        bare = [re.sub(r"\s{2,}#.*|^#.*", "", line).strip() for line in joined.splitlines()]
        return [part for line in bare if line for part in line.split(" && ")]


def blocks() -> list[Block]:
    found = [
        Block(path.relative_to(ROOT).as_posix(), language, text)
        for path in PAGES
        for _, language, text in FENCE.findall(path.read_text("utf-8"))
    ]
    left_out = PAGES_NOT_RUN.keys()
    return [one for one in found if not {one.page, f"{one.page} {one.language}"} & left_out]


def why_not(command: str) -> str | None:
    return next((why for how, why in NOT_RUN.items() if re.match(PREFIX + how, command)), None)


def run_commands(block: Block) -> list[str]:
    return [one for one in block.commands if why_not(one) is None]


SHELL = {tuple(run_commands(one)): one for one in blocks() if one.language != "python"}
PYTHON = {one.text: one for one in blocks() if one.language == "python"}


def name_of(block: Block) -> str:
    return f"{block.page}:{block.text.split(chr(10))[0][:40]}"


def people(rows: int, name: str) -> pd.DataFrame:
    """Return predictions of two models that agree but for a little noise."""
    rng = np.random.default_rng(1)
    found = pd.DataFrame({"y": np.arange(rows) % 2})
    found["picture"] = [f"{name}-{number:05d}.jpg" for number in range(rows)]
    found["sex"] = rng.choice(["female", "male"], rows)
    found["hair"] = rng.choice(["long", "short"], rows)
    found["p_dense"] = (0.2 + 0.6 * found.y + rng.normal(0, 0.15, rows)).clip(0, 1)
    found["p_small"] = (found.p_dense + rng.normal(0, 0.01, rows)).clip(0, 1)
    return found.round(6)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with every file that a page names, and an audit that is done."""
    here = tmp_path_factory.mktemp("docs")
    people(1200, "a").to_csv(here / "predictions.csv", index=False)
    first = people(80, "b")
    first.to_csv(here / "first.csv", index=False)
    more = people(3000, "c").assign(p_dense=lambda t: t.p_dense * 0.99)
    pd.concat([first, more]).to_csv(here / "first-and-more.csv", index=False)
    gallery(here / "pictures")
    shapes = {f"{split}_images": (6, 28, 28, 3) for split in ("train", "val", "test")}
    drawn = {name: np.zeros(shape, np.uint8) for name, shape in shapes.items()}
    drawn |= {name.replace("images", "labels"): np.arange(6).reshape(6, 1) % 2 for name in shapes}
    np.savez(here / "bloodmnist.npz", **drawn)
    asked = "--label y --group sex --baseline p_dense --candidate p_small --out audit"
    done = bash(f"faircompress audit predictions.csv {asked} --rule 'change auroc 0.03'", here)
    assert done.returncode == 0, done.stdout + done.stderr
    return here


def gallery(folder: Path) -> None:
    """Write 400 small pictures of as many people, and the table that names them."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"path": [f"{number:03d}.png" for number in range(400)]})
    for name in rows.path:
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / name)
    rows["label"] = np.tile(["no", "yes"], 200)
    rows["sex"] = np.repeat(["f", "m"], 200)
    rows.to_csv(folder / "faces.csv", index=False)


def bash(script: str, where: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    source = f"{ROOT / 'src'}:{ROOT}"
    script = f"export PATH={path} PYTHONPATH={source} OMP_NUM_THREADS=1\n{script}"
    return subprocess.run(
        ["bash", "-c", script], cwd=where, capture_output=True, text=True, check=False
    )


@pytest.mark.docs
@pytest.mark.parametrize("block", [one for key, one in SHELL.items() if key], ids=name_of)
def test_the_commands_of_a_page_end_as_they_should(
    block: Block, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "pictures").symlink_to(files / "pictures")
    for path in (*files.glob("*.csv"), ROOT / "params.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/prefect.yaml").write_bytes((ROOT / "infra/prefect.yaml").read_bytes())
    commands = run_commands(block)
    ends = ENDS.get(block.page, [0] * len(commands))
    where = "."
    for command, end in zip(commands, ends, strict=True):
        if command.startswith("cd "):
            where = command.removeprefix("cd ")
            continue
        done = bash(command, tmp_path / where)
        assert done.returncode == end, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.docs
@pytest.mark.parametrize("block", PYTHON.values(), ids=name_of)
def test_the_python_of_a_page_runs(block: Block, files: Path) -> None:
    script = "import pandas\ndf = pandas.read_csv('predictions.csv')\n" + block.text
    done = bash(f"python - <<'END'\n{script}\nEND", files)
    assert done.returncode == 0, done.stderr


def test_most_commands_are_known_and_no_reason_is_stale() -> None:
    commands = [c for one in blocks() if one.language != "python" for c in one.commands]
    reasons = [why_not(command) for command in commands]
    assert set(NOT_RUN.values()) <= set(reasons)
    assert {"docs/index.md", "docs/ledger.md"} <= {one.page for key, one in SHELL.items() if key}
    assert all((ROOT / page.split()[0]).exists() for page in PAGES_NOT_RUN)
